# ruff: noqa: E501
"""Who may do what, through which door: the whole table, written by hand and not derived from the code it judges.

A row is an action; `may` are those it is open to. The others who see the room are told *forbidden*, those who do not see
it *nothing here*, and those whose sign-in does not hold are sent to sign in. `but` has what does not follow from that.
`test_permission_table.py` tries every cell, and fails when a route or a command has no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OK, FORBIDDEN, NOTHING, SIGN_IN = "ok", "forbidden", "nothing", "sign in"

ROLES = {
    "anonymous": "nobody in particular",
    "gone": "a member whose account was deactivated",
    "eve": "a person outside the room",
    "former": "somebody who was sent out of it",
    "gus": "a guest of the room",
    "bob": "a member",
    "mod": "a moderator",
    "ada": "the owner",
    "root": "a superuser who is no member",
    "reader": "a token of bob's that only reads",
    "elsewhere": "a token of ada's that is bound to another room",
}

OUTSIDE = {"eve": NOTHING, "former": NOTHING, "elsewhere": NOTHING}
NOT_SIGNED_IN = {"anonymous": SIGN_IN, "gone": SIGN_IN}

OWNERS = {"ada", "root"}
MODERATORS = OWNERS | {"mod"}
MEMBERS = MODERATORS | {"bob"}
GUESTS = MEMBERS | {"gus"}
VISITORS = MEMBERS | {"eve", "former"}
"""Signed-in people in a public room. A guest account stays where it was invited."""
EVERYBODY = GUESTS | {"eve", "former"}

READS, WRITES = "reads", "writes"


@dataclass(frozen=True)
class Rest:
    method: str
    path: str
    data: Any = None
    accept: str = "application/json"


@dataclass(frozen=True)
class Live:
    """A command over the WebSocket."""

    type: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    method: str
    path: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    name: str
    kind: str
    may: set[str]
    doors: tuple[Rest | Live | Page, ...]
    but: Mapping[str, str] = field(default_factory=dict)
    in_a_room: bool = True

    def expected(self, role: str, door: Rest | Live | Page) -> str:
        if role in ("reader", "elsewhere") and isinstance(door, Page):
            return self.expected("anonymous", door)  # pages know no tokens
        if role in self.but:
            return self.but[role]
        if role in NOT_SIGNED_IN:
            return SIGN_IN
        if role == "reader":
            bob = self.expected("bob", door)
            return FORBIDDEN if bob == OK and self.kind == WRITES else bob
        if role in self.may:
            return OK
        return OUTSIDE.get(role, FORBIDDEN) if self.in_a_room else FORBIDDEN


def row(name: str, kind: str, may: set[str], *doors: Rest | Live | Page, **facts: Any) -> Action:
    return Action(name, kind, may, doors, **facts)


def of_oneself(name: str, kind: str, *doors: Rest | Live | Page, **facts: Any) -> Action:
    """What everybody may do for themselves. Tokens bound to rooms mostly may not."""
    but = {"elsewhere": FORBIDDEN, **facts.pop("but", {})}
    return Action(name, kind, facts.pop("may", EVERYBODY), doors, but=but, in_a_room=False)


EVENTS = "rooms/{den}/events/?after=0"
PAGE_FOR_ALL = dict.fromkeys(ROLES, OK)

ACTIONS = [
    # --- reading
    row("see the room", READS, GUESTS, Rest("GET", "rooms/{den}/"), Page("GET", "/rooms/{den}/")),
    row(
        "read the history", READS, GUESTS,
        Rest("GET", "rooms/{den}/messages/"),
        Page("GET", "/rooms/{den}/history"),
    ),
    row("read a message", READS, GUESTS, Rest("GET", "messages/{said}/"), Page("GET", "/rooms/{den}/messages/{said}/")),
    row("read what a message said before", READS, GUESTS, Rest("GET", "messages/{said}/history/")),
    row("read a held message", READS, MEMBERS, Rest("GET", "messages/{held}/"), Rest("GET", "messages/{held}/history/"),
        Page("GET", "/rooms/{den}/messages/{held}/"), but={"gus": NOTHING}),
    row("read a whisper between ada and mod", READS, {"ada", "mod"}, Rest("GET", "messages/{whisper}/"),
        Page("GET", "/rooms/{den}/messages/{whisper}/"), but={"gus": NOTHING, "bob": NOTHING, "root": NOTHING}),
    row("search the room", READS, GUESTS, Rest("GET", "rooms/{den}/search/?q=hello"), Page("GET", "/rooms/{den}/search?q=hello")),
    row(
        "hear the room", READS, GUESTS,
        Rest("GET", EVENTS),
        Rest("GET", EVENTS, accept="text/event-stream"),
        Rest("GET", "rooms/{den}/events/?wait=0"),
        Live("room.open", {"room": "{den}"}),
    ),
    row("see who is a member", READS, GUESTS, Rest("GET", "rooms/{den}/members/"), Page("GET", "/rooms/{den}/members/"),
        Page("GET", "/rooms/{den}/people")),
    row("see who is here", READS, GUESTS, Rest("GET", "rooms/{den}/presence/"), Live("presence", {"room": "{den}"})),
    row("see the settings", READS, GUESTS, Page("GET", "/rooms/{den}/settings/")),
    row("see the agents", READS, GUESTS, Rest("GET", "rooms/{den}/agents/"), Page("GET", "/rooms/{den}/agents/")),
    row("see the runs", READS, GUESTS, Rest("GET", "rooms/{den}/runs/"), Rest("GET", "runs/{run}/")),
    row("see why an agent said something", READS, GUESTS, Rest("GET", "messages/{answer}/provenance/"),
        Page("GET", "/messages/{answer}/why/")),
    # --- speaking
    row("say something", WRITES, GUESTS - {"root"}, Rest("POST", "rooms/{den}/messages/", {"body": "hi"}),
        Live("message.post", {"room": "{den}", "body": "hi"}), Page("POST", "/rooms/{den}/messages/", {"body": "hi"}),
        but={"root": OK}),
    row("be seen typing", WRITES, GUESTS, Live("typing", {"room": "{den}"})),
    row("edit bob's message", WRITES, {"bob"}, Rest("PATCH", "messages/{said}/", {"body": "hi again"}),
        Live("message.edit", {"message": "{said}", "body": "hi again"})),
    row("take away bob's message", WRITES, MODERATORS | {"bob"}, Rest("DELETE", "messages/{said}/"),
        Live("message.delete", {"message": "{said}"})),
    row("react", WRITES, GUESTS, Rest("POST", "messages/{said}/reactions/👍/"),
        Live("reaction.add", {"message": "{said}", "emoji": "👍"})),
    row("take a reaction back", WRITES, GUESTS, Rest("DELETE", "messages/{said}/reactions/👍/"),
        Live("reaction.remove", {"message": "{said}", "emoji": "👍"})),
    row("report ada's message", WRITES, GUESTS - {"ada"}, Rest("POST", "messages/{hers}/report/")),
    row("note how far one has read", WRITES, GUESTS, Rest("POST", "rooms/{den}/read/", {"seq": 1}),
        Page("POST", "/rooms/{den}/read"), Live("read.mark", {"room": "{den}", "seq": 1}), but={"root": NOTHING}),
    # --- coming and going
    row("leave", WRITES, GUESTS, Rest("POST", "rooms/{den}/leave/"), but={"root": NOTHING}),
    row("leave on the page, which says why one cannot", WRITES, GUESTS, Page("POST", "/rooms/{den}/leave")),
    row("join a private room", WRITES, GUESTS, Rest("POST", "rooms/{den}/join/"), but={"root": FORBIDDEN}),
    row("bring somebody in", WRITES, MODERATORS, Rest("POST", "rooms/{den}/members/", {"username": "newcomer"}),
        Page("POST", "/rooms/{den}/members/", {"username": "newcomer", "role": "member"})),
    row("send bob out", WRITES, MODERATORS, Rest("DELETE", "rooms/{den}/members/bob/"),
        Page("POST", "/rooms/{den}/members/bob/remove")),
    row("change bob's role", WRITES, OWNERS, Rest("PATCH", "rooms/{den}/members/bob/", {"role": "moderator"}),
        Page("POST", "/rooms/{den}/members/bob/role", {"role": "moderator"})),
    row("see the invitations", READS, MEMBERS, Rest("GET", "rooms/{den}/invitations/"), but={"reader": FORBIDDEN}),
    row("make an invitation", WRITES, MEMBERS, Rest("POST", "rooms/{den}/invitations/", {}),
        Page("POST", "/rooms/{den}/invitations/", {"role": "member", "days": "7"})),
    row("take ada's invitation back", WRITES, MODERATORS, Rest("DELETE", "rooms/{den}/invitations/{invitation}/"),
        Page("POST", "/rooms/{den}/invitations/{invitation}/revoke"), but={"bob": NOTHING, "reader": FORBIDDEN}),
    # --- keeping the room
    row("change the room", WRITES, MODERATORS, Rest("PATCH", "rooms/{den}/", {"topic": "tea"}),
        Page("POST", "/rooms/{den}/settings/", {"name": "The den", "topic": "tea", "visibility": "private"})),
    row("delete the room", WRITES, OWNERS, Rest("DELETE", "rooms/{den}/"),
        Page("POST", "/rooms/{den}/delete", {"name": "The den"})),
    row("seat an agent", WRITES, OWNERS, Rest("POST", "rooms/{den}/agents/", {"agent": "nod"}),
        Page("POST", "/rooms/{den}/agents/", {"agent": "nod", "trigger": "mention"})),
    row("change when an agent answers", WRITES, OWNERS, Rest("PATCH", "rooms/{den}/agents/echo/", {"trigger": "off"}),
        Page("POST", "/rooms/{den}/agents/echo/", {"trigger": "off"})),
    row("send an agent out", WRITES, OWNERS, Rest("DELETE", "rooms/{den}/agents/echo/"),
        Page("POST", "/rooms/{den}/agents/echo/remove")),
    row("pause the agents", WRITES, OWNERS, Rest("POST", "rooms/{den}/agents/pause/", {"reason": "x"}),
        Page("POST", "/rooms/{den}/agents/pause", {"reason": "x"})),
    row("let the agents answer again", WRITES, OWNERS, Rest("POST", "rooms/{den}/agents/resume/"),
        Page("POST", "/rooms/{den}/agents/resume")),
    row("stop the answer bob asked for", WRITES, MEMBERS, Rest("POST", "runs/{run}/cancel/"),
        Live("run.cancel", {"run": "{run}"})),
    row("ask for a broken answer again", WRITES, GUESTS, Rest("POST", "runs/{broken}/retry/")),
    # --- a public room of ada's, where nobody else is a member
    row("read a public room", READS, VISITORS, Rest("GET", "rooms/{square}/"), Rest("GET", "rooms/{square}/messages/"),
        Rest("GET", "rooms/{square}/events/?after=0"), Rest("GET", "rooms/{square}/members/"),
        Rest("GET", "rooms/{square}/search/?q=hello"), Rest("GET", "messages/{public}/"),
        Live("room.open", {"room": "{square}"}), Page("GET", "/rooms/{square}/"), but={"gus": NOTHING}),
    row("speak in a public room without joining", WRITES, OWNERS, Rest("POST", "rooms/{square}/messages/", {"body": "hi"}),
        Rest("POST", "messages/{public}/reactions/👍/"), Rest("POST", "rooms/{square}/invitations/", {}),
        Live("message.post", {"room": "{square}", "body": "hi"}), Live("typing", {"room": "{square}"}),
        Page("POST", "/rooms/{square}/messages/", {"body": "hi"}),
        but={"gus": NOTHING, "eve": FORBIDDEN, "former": FORBIDDEN, "reader": FORBIDDEN}),
    row("join a public room", WRITES, VISITORS, Rest("POST", "rooms/{square}/join/"), but={"gus": NOTHING}),
    row("join a public room on its page, which offers it to those outside", WRITES, VISITORS - {"ada"},
        Page("POST", "/rooms/{square}/join"), but={"gus": NOTHING}),
    # --- of oneself
    of_oneself("know who one is", READS, Rest("GET", "me/"), Page("GET", "/profile/"), but={"elsewhere": OK}),
    of_oneself("change one's profile", WRITES, Rest("PATCH", "me/", {"about": "me"}), but={"elsewhere": OK}),
    of_oneself("change one's profile on its page", WRITES, Page("POST", "/profile/", {"display_name": "Me"})),
    of_oneself("list rooms", READS, Rest("GET", "rooms/"), Page("GET", "/sidebar"), Page("GET", "/rooms/"), but={"elsewhere": OK}),
    of_oneself("make a room", WRITES, Rest("POST", "rooms/", {"name": "Kitchen"}), may=EVERYBODY - {"gus"}),
    of_oneself("make a room on the page, which tells guests that they cannot", WRITES,
               Page("POST", "/rooms/", {"name": "Kitchen", "visibility": "private"})),
    of_oneself("search everywhere", READS, Rest("GET", "search/?q=hello"), but={"elsewhere": OK}),
    of_oneself("find people", READS, Rest("GET", "users/?q=a"), but={"elsewhere": OK}),
    of_oneself("come in by an invitation", WRITES, Rest("POST", "invitations/accept/", {"secret": "{secret}"}),
               Page("POST", "/invite/{secret}/")),
    of_oneself("list one's tokens", READS, Rest("GET", "tokens/"), but={"reader": FORBIDDEN}),
    of_oneself("make a token with a token", WRITES, Rest("POST", "tokens/", {"name": "x"}), may=set()),
    of_oneself("make a token on the page", WRITES,
               Page("POST", "/profile/tokens/", {"name": "x", "scopes": "read", "days": "30"})),
    of_oneself("revoke ada's token", WRITES, Rest("DELETE", "tokens/{token}/"), Page("POST", "/profile/tokens/{token}/revoke"),
               may={"ada"}, but=dict.fromkeys(EVERYBODY - {"ada"}, NOTHING) | {"reader": FORBIDDEN}),
    of_oneself("sign out everywhere", WRITES, Page("POST", "/profile/sign-out-everywhere")),
    of_oneself("close a room on a socket, and be alive", READS, Live("room.close", {"room": "{den}"}), Live("ping"),
               but={"elsewhere": OK}),
    of_oneself("see the registry of agents", READS, Rest("GET", "agents/"), Rest("GET", "agents/echo/"), may=EVERYBODY - {"gus"}),
    of_oneself("make an agent", WRITES, Rest("POST", "agents/", {"username": "newbot"}), may={"root"}),
    of_oneself("change an agent", WRITES, Rest("PATCH", "agents/echo/", {"persona": "x"}), may={"root"}),
    # --- open to all
    row("read the API's description", READS, EVERYBODY, Rest("GET", "schema/"), Rest("GET", "docs/"), but=PAGE_FOR_ALL),
    row("see the front page", READS, EVERYBODY, Page("GET", "/"), but=PAGE_FOR_ALL),
    row("follow an invitation's link", READS, EVERYBODY, Page("GET", "/invite/{secret}/"), but=PAGE_FOR_ALL),
    row("get lost under the API", READS, set(), Rest("GET", "no-such-thing/"), but=dict.fromkeys(ROLES, NOTHING)),
]  # fmt: skip
