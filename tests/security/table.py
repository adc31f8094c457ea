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


NOT_THERE = dict.fromkeys(("bob", "mod", "gus", "eve", "former", "reader"), NOTHING)
HIDDEN = NOT_THERE | {"gus": FORBIDDEN}
"""Of an agent nobody else may know of; guests have no business in the registry at all."""
AGENT = {
    "visibility": "private",
    "max_prompt_tokens": "6000",
    "max_reply_tokens": "1024",
    "context_messages": "20",
    "connect_seconds": "5",
    "first_token_seconds": "20",
    "idle_seconds": "15",
    "total_seconds": "120",
}
"""What the form of an agent has to say."""
PARTS = ("", "content/", "thumbnail/")
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
    row("look at bob's picture", READS, GUESTS, *(Rest("GET", f"attachments/{{sent}}/{part}") for part in PARTS)),
    row("look at a whispered picture", READS, {"ada", "mod"}, *(Rest("GET", f"attachments/{{whispered}}/{part}") for part in PARTS),
        but={"gus": NOTHING, "bob": NOTHING, "root": NOTHING}),
    row("look at a picture bob has not sent", READS, {"bob"}, *(Rest("GET", f"attachments/{{waiting}}/{part}") for part in PARTS),
        but=dict.fromkeys(("gus", "mod", "ada", "root"), NOTHING)),
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
    row("see the settings", READS, GUESTS, Page("GET", "/rooms/{den}/settings/"), Page("GET", "/rooms/{den}/around")),
    row("see the agents", READS, GUESTS, Rest("GET", "rooms/{den}/agents/"), Page("GET", "/rooms/{den}/agents/")),
    row("read the notepad", READS, GUESTS, Page("GET", "/rooms/{den}/notes/"), Rest("GET", "rooms/{den}/notes/"),
        Rest("GET", "rooms/{den}/notes/Tin/")),
    row("see what keeps agents from answering", READS, GUESTS, Page("GET", "/rooms/{den}/agents-now")),
    row("see the runs", READS, GUESTS, Rest("GET", "rooms/{den}/runs/"), Rest("GET", "runs/{run}/")),
    row("see the runs", READS, GUESTS, Rest("GET", "rooms/{den}/runs/"), Rest("GET", "runs/{run}/"),
        Page("GET", "/rooms/{den}/runs/"), Page("GET", "/runs/{run}/"), Page("GET", "/rooms/{den}/beside?m={said}")),
    row("see what stands beside an answer", READS, GUESTS, Rest("GET", "messages/{answer}/feedback/"),
        Page("GET", "/messages/{answer}/alternatives/"), Page("GET", "/messages/{answer}/feedback/")),
    row("see why an agent said something", READS, GUESTS, Rest("GET", "messages/{answer}/provenance/"),
        Page("GET", "/messages/{answer}/why/")),
    # --- speaking
    row("say something", WRITES, GUESTS - {"root"}, Rest("POST", "rooms/{den}/messages/", {"body": "hi"}),
        Live("message.post", {"room": "{den}", "body": "hi"}), Page("POST", "/rooms/{den}/messages/", {"body": "hi"}),
        but={"root": OK}),
    row("upload a file", WRITES, GUESTS, Rest("POST", "rooms/{den}/attachments/")),
    row("remove a file bob has not sent", WRITES, {"bob"}, Rest("DELETE", "attachments/{waiting}/"),
        but=dict.fromkeys(("gus", "mod", "ada", "root"), NOTHING)),
    row("describe it", WRITES, {"bob"}, Rest("PATCH", "attachments/{waiting}/", {"alt": "A cat"}),
        but=dict.fromkeys(("gus", "mod", "ada", "root"), NOTHING)),
    row("take a file out of bob's message, who is told to take the message back", WRITES, MODERATORS | {"bob"},
        Rest("DELETE", "attachments/{sent}/")),
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
    row("say which tools an agent may use in the room", WRITES, OWNERS,
        Rest("PATCH", "rooms/{den}/agents/echo/", {"tools_off": ["calculator"]}),
        Page("POST", "/rooms/{den}/agents/echo/tools", {"tools": "calculator"})),
    row("send an agent out", WRITES, OWNERS, Rest("DELETE", "rooms/{den}/agents/echo/"),
        Page("POST", "/rooms/{den}/agents/echo/remove")),
    row("pause the agents", WRITES, OWNERS, Rest("POST", "rooms/{den}/agents/pause/", {"reason": "x"}),
        Page("POST", "/rooms/{den}/agents/pause", {"reason": "x"})),
    row("let the agents answer again", WRITES, OWNERS, Rest("POST", "rooms/{den}/agents/resume/"),
        Page("POST", "/rooms/{den}/agents/resume")),
    row("stop the answer bob asked for", WRITES, MEMBERS, Rest("POST", "runs/{run}/cancel/"),
        Live("run.cancel", {"run": "{run}"})),
    row("see what tools did for answers", READS, GUESTS, Page("GET", "/rooms/{den}/uses/?run={run}")),
    row("decide on the page", WRITES, MEMBERS, Page("POST", "/approvals/{approval}/", {"decision": "deny"})),
    row("see what waits for an approval", READS, GUESTS, Rest("GET", "rooms/{den}/approvals/")),
    row("decide on what an agent wants to do for bob", WRITES, MEMBERS,
        Rest("POST", "approvals/{approval}/", {"decision": "deny"}),
        Live("approval.decide", {"approval": "{approval}", "decision": "deny"})),
    row("hear what a question would cost", WRITES, GUESTS, Rest("POST", "rooms/{den}/estimate/", {"body": "@echo?"}),
        Page("POST", "/rooms/{den}/cost", {"body": "@echo?", "ask_cost": "1"})),
    row("write a note", WRITES, GUESTS, Page("POST", "/rooms/{den}/notes/", {"title": "Tea", "body": "Blue tin."}),
        Rest("PUT", "rooms/{den}/notes/Tea/", {"body": "Blue tin."})),
    row("change and delete bob's note", WRITES, MEMBERS, Rest("PUT", "rooms/{den}/notes/Tin/", {"body": "Red."}),
        Rest("PATCH", "rooms/{den}/notes/tin/", {"body": "Red."}), Rest("DELETE", "rooms/{den}/notes/Tin/")),
    row("change and delete bob's note, which others are told they cannot", WRITES, GUESTS,
        Page("POST", "/rooms/{den}/notes/{note}/", {"title": "Tea", "body": "Red tin."}),
        Page("POST", "/rooms/{den}/notes/{note}/delete")),
    row("see how agents behave here", READS, GUESTS, Rest("GET", "rooms/{den}/conduct/")),
    row("change how agents behave here", WRITES, OWNERS, Rest("PATCH", "rooms/{den}/conduct/", {"rounds": 3}),
        Page("POST", "/rooms/{den}/agents-together", {"coordination": "parallel", "rounds": "3"})),
    row("ask several agents", WRITES, GUESTS - {"root"},
        Rest("POST", "rooms/{den}/ask/", {"body": "hi", "coordination": "parallel"}),
        Live("message.ask", {"room": "{den}", "body": "hi", "agents": ["echo"]}), but={"root": OK}),
    row("see what agents said to each other", READS, GUESTS, Rest("GET", "runs/{run}/plan/"),
        Page("GET", "/rooms/{den}/together?runs={run}"), Page("GET", "/runs/{run}/together/")),
    row("decide about the plan bob asked for", WRITES, MEMBERS, Rest("POST", "runs/{run}/plan/", {"decision": "approve"}),
        Page("POST", "/runs/{run}/plan", {"decision": "approve"})),
    row("flip what agents decided", WRITES, GUESTS, Rest("POST", "disputes/{dispute}/flip/", {"chosen": "agree"}),
        Page("POST", "/disputes/{dispute}/flip", {"chosen": "agree"})),
    row("have it said again by other decisions", WRITES, GUESTS, Rest("POST", "runs/{broken}/speak/"),
        Page("POST", "/runs/{broken}/speak")),
    row("ask for a broken answer again", WRITES, GUESTS, Rest("POST", "runs/{broken}/retry/")),
    row("stop a step of it", WRITES, MEMBERS, Rest("POST", "runs/{run}/steps/{step}/cancel/"),
        Page("POST", "/runs/{run}/act", {"verb": "cancel"})),
    row("do bob's run again from a step", WRITES, MEMBERS, Rest("POST", "runs/{broken}/steps/{redo}/retry/"),
        Page("POST", "/runs/{broken}/act", {"verb": "retry_step", "step": "{redo}"})),
    row("ask for another answer", WRITES, GUESTS, Rest("POST", "messages/{answer}/regenerate/", {}),
        Page("POST", "/messages/{answer}/alternatives/")),
    row("say what one thinks of an answer", WRITES, GUESTS,
        Rest("PUT", "messages/{answer}/feedback/", {"thumb": "up"}), Rest("DELETE", "messages/{answer}/feedback/"),
        Page("POST", "/messages/{answer}/feedback/", {"thumb": "up"})),
    row("ask bob's question in other words", WRITES, {"bob"}, Rest("POST", "messages/{said}/branch/", {"body": "hi"})),
    row("open the form for that", READS, GUESTS, Page("GET", "/messages/{said}/branch/")),
    row("send it, which tells others that they cannot", WRITES, GUESTS, Page("POST", "/messages/{said}/branch/", {"body": "hi"})),
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
    of_oneself("see how the models of an agent are", READS, Rest("GET", "agents/echo/health/"), may={"root"}),
    of_oneself("see how the models of ada's private agent are", READS, Rest("GET", "agents/{secretary}/health/"),
               may={"ada", "root"}, but=HIDDEN),
    of_oneself("see the registry on its pages", READS, Page("GET", "/agents/"), Page("GET", "/agents/echo/"),
               Page("GET", "/agents/echo/versions/"), Page("GET", "/agents/new/"), may=EVERYBODY - {"gus"}),
    of_oneself("make an agent on the page", WRITES, Page("POST", "/agents/new/", {"username": "newbot", **AGENT}),
               Page("POST", "/agents/new/try", AGENT), may=EVERYBODY - {"gus"}),
    of_oneself("bring an agent in from a file, which a page tells guests that they cannot", WRITES, Page("POST", "/agents/import/")),
    of_oneself("see ada's private agent on its pages", READS, Page("GET", "/agents/{secretary}/"),
               Page("GET", "/agents/{secretary}/versions/"), Page("GET", "/agents/{secretary}/edit/"),
               Page("GET", "/agents/{secretary}/export"), may={"ada", "root"}, but=HIDDEN),
    of_oneself("change ada's private agent on its pages", WRITES, Page("POST", "/agents/{secretary}/edit/", AGENT),
               Page("POST", "/agents/{secretary}/try", AGENT), Page("POST", "/agents/{secretary}/copy", {"username": "newbot"}),
               Page("POST", "/agents/{secretary}/versions/1/restore"), Page("POST", "/agents/{secretary}/retire"),
               may={"ada", "root"}, but=HIDDEN),
    of_oneself("see one's conversations", READS, Page("GET", "/chat/"), may=EVERYBODY - {"gus"}),
    of_oneself("begin a conversation on the page", WRITES, Page("POST", "/chat/", {"agents": "echo"}), may=EVERYBODY - {"gus"}),
    row("delete a conversation on the page", WRITES, {"ada", "root"}, Page("POST", "/chat/{session}/delete"), but=NOT_THERE),
    row("restore a conversation on the page", WRITES, {"ada"}, Page("POST", "/chat/{deleted_session}/restore"),
        but=NOT_THERE | {"root": NOTHING}),
    of_oneself("make an agent", WRITES, Rest("POST", "agents/", {"username": "newbot"}),
               Rest("POST", "agents/import/", {"format": "chatroom.agent/1", "username": "newbot"}), may=EVERYBODY - {"gus"}),
    of_oneself("change an agent", WRITES, Rest("PATCH", "agents/echo/", {"persona": "x"}), may={"root"}),
    of_oneself("take ada's private agent along", READS, Rest("GET", "agents/{secretary}/export/"), may={"ada", "root"},
               but=HIDDEN),
    of_oneself("see ada's private agent and what it was", READS, Rest("GET", "agents/{secretary}/"),
               Rest("GET", "agents/{secretary}/versions/"), Rest("GET", "agents/{secretary}/versions/1/"),
               may={"ada", "root"}, but=HIDDEN),
    of_oneself("change ada's private agent, and make another like it", WRITES,
               Rest("PATCH", "agents/{secretary}/", {"persona": "x"}),
               Rest("POST", "agents/{secretary}/versions/1/restore/"), Rest("POST", "agents/{secretary}/copy/", {"username": "newbot"}),
               may={"ada", "root"}, but=HIDDEN | {"reader": FORBIDDEN}),
    of_oneself("retire ada's private agent", WRITES, Rest("DELETE", "agents/{secretary}/"), may={"ada", "root"},
               but=HIDDEN | {"reader": FORBIDDEN}),
    # --- conversations with agents: one of ada's
    of_oneself("list one's conversations", READS, Rest("GET", "/api/chat/sessions/"), but={"elsewhere": OK}),
    of_oneself("begin a conversation", WRITES, Rest("POST", "/api/chat/sessions/", {"agents": ["echo"]}), may=EVERYBODY - {"gus"}),
    row("see a conversation", READS, {"ada", "root"}, Rest("GET", "/api/chat/sessions/{session}/"),
        Rest("GET", "/api/chat/sessions/{session}/messages/"), Rest("GET", "/api/chat/sessions/{session}/agents/"), but=NOT_THERE),
    row("go on with a conversation", WRITES, {"ada", "root"},
        Rest("POST", "/api/chat/sessions/{session}/messages/", {"body": "hi"}),
        Rest("POST", "/api/chat/sessions/{session}/agents/echo/direct/", {"body": "hi"}),
        Rest("POST", "/api/chat/sessions/{session}/multi-agent/", {"coordination": "parallel", "body": "hi"}),
        but=NOT_THERE | {"reader": FORBIDDEN}),
    row("delete a conversation", WRITES, {"ada", "root"}, Rest("DELETE", "/api/chat/sessions/{session}/"),
        but=NOT_THERE | {"reader": FORBIDDEN}),
    row("restore a conversation", WRITES, {"ada"}, Rest("POST", "/api/chat/sessions/{deleted_session}/restore/"),
        but=NOT_THERE | {"root": NOTHING, "reader": FORBIDDEN}),
    of_oneself("see what one has used", READS, Page("GET", "/usage/"), Page("GET", "/usage.csv")),
    # --- open to all
    row("read the API's description", READS, EVERYBODY, Rest("GET", "schema/"), Rest("GET", "docs/"), but=PAGE_FOR_ALL),
    row("see the front page", READS, EVERYBODY, Page("GET", "/"), but=PAGE_FOR_ALL),
    row("follow an invitation's link", READS, EVERYBODY, Page("GET", "/invite/{secret}/"), but=PAGE_FOR_ALL),
    row("get lost under the API", READS, set(), Rest("GET", "no-such-thing/"), Rest("GET", "/api/chat/no-such-thing/"), but=dict.fromkeys(ROLES, NOTHING)),
]  # fmt: skip
