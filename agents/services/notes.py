from __future__ import annotations

from django.db import IntegrityError, transaction

from rooms.errors import Conflict, Forbidden, Invalid, NotFound
from rooms.gates import Draft, clean, screen
from rooms.models import Message, Room, User
from rooms.services.messages import lock_room

from ..models import RoomNote, Task
from ..models.note import LONGEST_NOTE

MOST = 100
MODERATE, SPEAK = "rooms.moderate_message", "rooms.post_message"


def write_note(*, room: Room, by: User, title: str, body: str, run: Task | None = None) -> RoomNote:
    """Put a note of this title on the room's notepad, or other words on it. The caller has asked for `post_message`.

    Its words pass the gates that messages pass, so a note is no way round them.
    """
    title, body = screened(room, by, title, body)
    with transaction.atomic():
        room = lock_room(room)
        if run is not None and run.reply is not None and run.reply.is_recalled:
            raise NotFound
        note = RoomNote.objects.filter(room=room, title__iexact=title).first()
        if note is None and RoomNote.objects.filter(room=room).count() >= MOST:
            raise Conflict(f"There are {MOST} notes in this room, which is the most.")
        note = note or RoomNote(room=room, title=title)
        note.body, note.author, note.run = body, by, run
        note.save()
    return note


def put_note(*, room: Room, by: User, title: str, body: str) -> tuple[RoomNote, bool]:
    """A note of this title with these words, and whether it is new. Over another's words only for who may change them:
    that is asked while nobody else writes there."""
    with transaction.atomic():
        lock_room(room)
        standing = RoomNote.objects.filter(room=room, title__iexact=" ".join(title.split())).first()
        if standing is None:
            return write_note(room=room, by=by, title=title, body=body), True
        return change_note(note=standing, by=by, title=standing.title, body=body), False


def change_note(*, note: RoomNote, by: User, title: str, body: str) -> RoomNote:
    """Say it differently: whoever wrote it, and moderators."""
    check_may_change(by, note)
    title, body = screened(note.room, by, title, body)
    note.title, note.body, note.author, note.run = title, body, by, None
    try:
        with transaction.atomic():
            note.save()
    except IntegrityError:
        raise Conflict("There is a note of this title already.") from None
    return note


def delete_note(*, note: RoomNote, by: User) -> None:
    check_may_change(by, note)
    note.delete()


def may_change(user: User, note: RoomNote) -> bool:
    """Its author while they may speak here; moderators; and of an agent's note whoever may speak here."""
    return user.has_perm(needed_to_change(user, note), note.room) or user.has_perm(MODERATE, note.room)


def needed_to_change(user: User, note: RoomNote) -> str:
    """The permission it takes: to speak here for what is one's own or an agent's, else a moderator's."""
    is_theirs = note.author is None or note.author_id == user.pk or note.author.is_machine
    return SPEAK if is_theirs else MODERATE


def check_may_change(user: User, note: RoomNote) -> None:
    if not may_change(user, note):
        raise Forbidden("Only its author and the moderators change a note.")


def screened(room: Room, by: User, title: str, body: str) -> tuple[str, str]:
    """As it may stand there. Raises Invalid, or Refused by a gate; nothing waits on a notepad for a moderator."""
    drafts = [screen(Draft(room.pk, by.pk, by.kind, text)) for text in checked(title, clean(body))]
    if any(draft.state != Message.State.VISIBLE for draft in drafts):
        raise Invalid(fields={"body": ["This cannot stand on the notepad."]})
    return drafts[0].body[:80], drafts[1].body[:LONGEST_NOTE]


def checked(title: str, body: str) -> tuple[str, str]:
    title, body = " ".join(title.split()), body.strip()
    wrong = {}
    if not 0 < len(title) <= 80 or not title.isprintable():
        wrong["title"] = ["1 to 80 characters that can be shown."]
    if not 0 < len(body) <= LONGEST_NOTE:
        wrong["body"] = [f"1 to {LONGEST_NOTE} characters."]
    if wrong:
        raise Invalid(fields=wrong)
    return title, body
