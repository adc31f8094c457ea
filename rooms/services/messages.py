"""What is done to messages: posting, editing, taking back, and the writing of an agent's reply."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from .. import gates, markup
from ..errors import Conflict, Forbidden, NotFound
from ..events import record
from ..models import Membership, Message, MessageRevision, Room, User
from .posting import Place, Posted, Speaker, apost_message, post_message

__all__ = [
    "Place",
    "Posted",
    "Speaker",
    "apost_message",
    "edit_message",
    "finish_message",
    "interrupt_message",
    "post_message",
    "redact_message",
    "save_progress",
    "start_message",
    "withdraw_message",
]

EDITABLE = (Message.State.VISIBLE, Message.State.HELD)
STANDING = tuple(state for state in Message.State if state not in (Message.State.REDACTED, Message.State.WITHDRAWN))
"""Its words and files are still there."""


def edit_message(*, message: Message, by: User, body: object) -> Message:
    """Say it differently; what stood there is kept as a revision. Only the author's own, and only while it stands.

    An edit passes the gates like a new message: it is no way round them.
    """
    if message.author_id != by.pk:
        raise Forbidden("You can only edit your own messages.")
    text = gates.clean(body, may_be_empty=message.attached > 0)
    draft = gates.screen(gates.Draft(message.room_id, by.pk, by.kind, body=text, state=message.state))
    mentions = mentioned(message.room, markup.mentions_in(draft.body))
    with transaction.atomic():
        message = locked(message, EDITABLE)
        if message.body == draft.body:
            return message
        MessageRevision.objects.create(message=message, body=message.body, edited_by=by)
        message.body, message.html = draft.body, markup.render(draft.body, mentions)
        message.mentions, message.state, message.edited_at = (
            mentions,
            draft.state,
            Now(),
        )
        message.save(update_fields=["body", "html", "mentions", "state", "edited_at"])
        message.refresh_from_db(fields=["edited_at"])
        tell(message, "message.edited", by, notes=draft.notes)
    return message


def withdraw_message(*, message: Message, by: User) -> Message:
    """Take one's own message back: its words, those of its revisions, its files and its marks are gone for good."""
    if message.author_id != by.pk:
        raise Forbidden("You can only delete your own messages.")
    return recall(message, Message.State.WITHDRAWN, by)


def redact_message(*, message: Message, by: User, reason: str = "") -> Message:
    """A moderator takes away the words of somebody's message. The caller has asked for `moderate_message`."""
    return recall(message, Message.State.REDACTED, by, reason=reason[:280])


def recall(message: Message, state: Message.State, by: User, **facts: str) -> Message:
    with transaction.atomic():
        message = locked(message, STANDING)
        message.revisions.update(body="")
        message.reactions.all().delete()
        if message.attached:
            message.attachments.all().delete()
        message.body = message.html = message.notice = ""
        message.mentions, message.state, message.attached = [], state, 0
        message.save(update_fields=["body", "html", "notice", "mentions", "state", "attached"])
        tell(
            message,
            f"message.{state}",
            by,
            is_news=True,
            **{key: value for key, value in facts.items() if value},
        )
    return message


# --- a message that takes time to write


def start_message(
    *,
    room: Room,
    author: User,
    run: UUID,
    reply_to: Message | None = None,
    thread: UUID | None = None,
    visible_to: Sequence[int] | None = None,
) -> Message:
    """A place in the timeline for what an agent is about to write; everyone who may read it sees that it writes.

    Raises NotFound when the author is no longer a member or the room is gone.
    """
    with transaction.atomic():
        room = lock_room(room)
        if not Membership.objects.select_for_update(of=("self",)).filter(room=room, user=author).exists():
            raise NotFound
        message = Message.objects.create(
            room=room,
            seq=room.last_seq + 1,
            author=author,
            state=Message.State.WRITING,
            run=run,
            reply_to=reply_to,
            thread_id=thread,
            visible_to=None if visible_to is None else sorted({*visible_to, author.pk}),
        )
        tell(message, "message.started", author, run=str(run))
    return message


def save_progress(*, message_id: UUID, body: str) -> bool:
    """Keep what was written so far, in case the writer dies. False when it is not being written any more."""
    return bool(Message.objects.filter(pk=message_id, state=Message.State.WRITING).update(body=body))


def finish_message(*, message: Message, body: str) -> Message:
    """The whole text, kept. The caller's gates have seen it. Raises Conflict when it is not being written any more."""
    return settle(message, Message.State.VISIBLE, body, notice="")


def interrupt_message(*, message: Message, body: str | None, notice: str) -> Message:
    """End a message that will not be finished: what was shown stays, with a sentence that says why it stops there.

    `body` None keeps what `save_progress` kept.
    """
    return settle(message, Message.State.INTERRUPTED, body, notice=notice[:280])


def settle(message: Message, state: Message.State, body: str | None, notice: str) -> Message:
    with transaction.atomic():
        message = locked(message, [Message.State.WRITING])
        if body is not None:
            message.body = body
        message.mentions = mentioned(message.room, markup.mentions_in(message.body))
        message.html = markup.render(message.body, message.mentions) if message.body.strip() else ""
        message.state, message.notice = state, notice
        message.save(update_fields=["body", "html", "mentions", "state", "notice"])
        type = "message.finished" if state == Message.State.VISIBLE else "message.interrupted"
        tell(
            message,
            type,
            message.author,
            is_news=bool(message.mentions),  # an answer that is addressed to nobody wakes nobody: most end there
            run=str(message.run or ""),
        )
    return message


# --- shared


def tell(message: Message, type: str, by: User, *, is_news: bool = True, **facts: object) -> None:
    """Record an event of a message for those who may read the message."""
    data = {key: value for key, value in facts.items() if value}
    record(
        message.room,
        type,
        actor=by,
        message=message,
        data=data,
        visible_to=message.visible_to,
        is_news=is_news,
    )


def locked(message: Message, states: Sequence[str]) -> Message:
    """The message as it is now, its row locked. Raises Conflict when it is in none of these states any more.

    `no_key`: a reply to it may be kept meanwhile. It refers to the message while it holds the room, which we want next.
    """
    found = (
        Message.objects.select_for_update(of=("self",), no_key=True).select_related("room", "author").get(pk=message.pk)
    )
    if found.state not in states:
        raise Conflict(f"This message is {found.state} by now.")
    return found


def lock_room(room: Room) -> Room:
    found = Room.objects.select_for_update(no_key=True).filter(pk=room.pk, deleted_at=None).first()
    if found is None:
        raise NotFound
    return found


def mentioned(room: Room, names: Sequence[str]) -> list[str]:
    """Those of the names that are in the room."""
    if not names:
        return []
    found = set(Membership.objects.filter(room=room, user__username__in=names).values_list("user__username", flat=True))
    return [name for name in names if name in found]
