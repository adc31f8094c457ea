"""A message on its way: what its sender gave, cleaned, screened and checked, before anything is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from .. import allowances, gates, handlers, markup, roles
from ..access import as_uuid
from ..errors import Invalid, NotFound
from ..ids import uuid7
from ..models.allowance import What

MAX_CLIENT_ID = 64
MAX_NAMED = 100
MAX_ATTACHED = 10
ROLES = roles.roles_with("post_message")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who posts, without the ORM: sockets keep this. `trusted` says that the caller has asked `has_perm` for a right
    that does not come from the role alone (a grant, a superuser), which the statement cannot re-read."""

    id: int
    kind: str
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The room to post in, without the ORM."""

    id: int
    slug: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a draft names, found in the room."""

    mentions: tuple[str, ...] = ()
    reply_to: UUID | None = None
    thread: UUID | None = None
    visible_to: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a draft names, as its sender wrote it."""

    mentions: tuple[str, ...]
    reply_to: UUID | None
    thread: UUID | None
    visible_to: tuple[str, ...] | None
    attachments: tuple[UUID, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.mentions or self.reply_to or self.thread or self.visible_to is not None)


@dataclass(frozen=True, slots=True)
class Posting:
    """A message on its way: screened, not yet drawn nor kept."""

    place: Place
    speaker: Speaker
    draft: gates.Draft
    client_id: str
    fingerprint: str
    wanted: Wanted

    @property
    def event_type(self) -> str:
        return "message.held" if self.draft.state == "held" else "message.posted"

    def look_up_params(self) -> dict[str, Any]:
        return {
            "room": self.place.id,
            "reader": self.speaker.id,
            "moderates": False,
            "mentions": list(self.wanted.mentions),
            "reply_to": self.wanted.reply_to,
            "thread": self.wanted.thread,
            "visible_to": list(self.wanted.visible_to or ()),
        }

    def keep_params(self, links: Links) -> dict[str, Any]:
        """Of `KEEP`, or of `KEEP_WITH_FILES` where `attachments` are among them."""
        files = {"attachments": list(self.wanted.attachments)} if self.wanted.attachments else {}
        return {
            **files,
            "room": self.place.id,
            "author": self.speaker.id,
            "trusted": self.speaker.trusted,
            "roles": ROLES,
            "id": uuid7(),
            "body": self.draft.body,
            "html": markup.render(self.draft.body, links.mentions),
            "state": self.draft.state,
            "mentions": list(links.mentions),
            "reply_to": links.reply_to,
            "thread": links.thread,
            "visible_to": None if links.visible_to is None else list(links.visible_to),
            "client_id": self.client_id,
            "fingerprint": self.fingerprint,
            "type": self.event_type,
            "notes": orjson.dumps({"notes": self.draft.notes} if self.draft.notes else {}).decode(),
            "handled": handlers.has_handlers(self.event_type),
            **allowances.defaults(What.SEND),
        }

    @property
    def key(self) -> dict[str, Any]:
        return {
            "room": self.place.id,
            "author": self.speaker.id,
            "client_id": self.client_id,
            "trusted": self.speaker.trusted,
            "roles": ROLES,
            "attachments": list(self.wanted.attachments),
        }


def prepare(
    place: Place,
    speaker: Speaker,
    body: object,
    client_id: str,
    reply_to: str | UUID | None,
    thread: str | UUID | None,
    visible_to: Sequence[str] | None,
    attachments: Sequence[str | UUID] | None = None,
    carried: Sequence[UUID] = (),
) -> Posting:
    """Clean and screen. Raises Invalid, TooLarge or Refused; no I/O.

    Files that are `carried` were not named by the sender: sent again, it is the same message without them.
    """
    files = attached(attachments or ())
    text = gates.clean(body, may_be_empty=bool(files))
    check_client_id(client_id)
    wanted = Wanted(
        mentions=tuple(markup.mentions_in(text)),
        reply_to=linked(reply_to, "reply_to"),
        thread=linked(thread, "thread"),
        visible_to=None if visible_to is None else named(visible_to),
        attachments=attached((*files, *carried)),
    )
    said = fingerprint(client_id, text, replace(wanted, attachments=files))
    draft = gates.screen(gates.Draft(place.id, speaker.id, speaker.kind, text))
    return Posting(place, speaker, draft, client_id, said, wanted)


def check_client_id(client_id: str) -> None:
    if len(client_id) > MAX_CLIENT_ID or not client_id.isprintable():
        raise Invalid(fields={"client_id": [f"At most {MAX_CLIENT_ID} printable characters."]})


def linked(value: str | UUID | None, field: str) -> UUID | None:
    if value is None:
        return None
    try:
        return as_uuid(value)
    except NotFound:
        raise Invalid(fields={field: ["There is no such message in this room."]}) from None


def attached(ids: Sequence[str | UUID]) -> tuple[UUID, ...]:
    try:
        found = tuple(as_uuid(id) for id in ids)
    except NotFound:
        raise not_attachable() from None
    if len(found) > MAX_ATTACHED or len(set(found)) < len(found):
        raise Invalid(fields={"attachments": [f"At most {MAX_ATTACHED} files, each once."]})
    return found


def not_attachable() -> Invalid:
    return Invalid(fields={"attachments": ["Name files that you have uploaded in this room and not sent yet."]})


def named(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) > MAX_NAMED:
        raise Invalid(fields={"visible_to": [f"At most {MAX_NAMED} people."]})
    return tuple(sorted({name.strip().lower() for name in names}))


def fingerprint(client_id: str, body: str, wanted: Wanted) -> str:
    """Tells a resend from another message under the same `client_id`, also after the words themselves are gone."""
    if not client_id:
        return ""
    files = [wanted.attachments] if wanted.attachments else []
    said = orjson.dumps([body, wanted.reply_to, wanted.thread, wanted.visible_to, *files])
    return blake2b(said, digest_size=16, key=sha256(settings.SECRET_KEY.encode()).digest()).hexdigest()


def links_of(posting: Posting, row: tuple[Any, ...]) -> Links:
    """Check what was found against what was wanted. Raises Invalid naming the field."""
    mentions, reply_to, thread, audience = row
    wanted = posting.wanted
    for field, missing in (
        ("reply_to", wanted.reply_to and not reply_to),
        ("thread", wanted.thread and not thread),
    ):
        if missing:
            raise Invalid(fields={field: ["There is no such message in this room."]})
    if wanted.visible_to is None:
        return Links(tuple(mentions), reply_to, thread)
    if len(audience) != len(wanted.visible_to):
        raise Invalid(fields={"visible_to": ["Everyone named must be a member of the room."]})
    return Links(
        tuple(mentions),
        reply_to,
        thread,
        tuple(sorted({*audience, posting.speaker.id})),
    )
