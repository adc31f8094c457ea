"""Tools for the notepad of the room, which everybody who reads the room can read."""

from __future__ import annotations

from typing import Annotated, Any

from rooms import background
from rooms.models import User

from ..models import RoomNote, Task
from .context import ToolContext, ToolError
from .registry import register_tool
from .schema import Longest


@register_tool()
async def read_notes(
    context: ToolContext, title: Annotated[str | None, "Only this note, whole", Longest(80)] = None
) -> list[dict[str, Any]]:
    """Read the notepad of this room: what people and agents have written down here to keep."""
    return await background.in_thread(notes_of, context.room_id, title)


def notes_of(room_id: int, title: str | None) -> list[dict[str, Any]]:
    notes = RoomNote.objects.filter(room=room_id).select_related("author")
    if title is not None:
        notes = notes.filter(title__iexact=" ".join(title.split()))
        if not notes:
            raise ToolError("There is no note of that title.")
    return [facts_of(note, 300 if title is None else None) for note in notes[:100]]


def facts_of(note: RoomNote, characters: int | None) -> dict[str, Any]:
    return {
        "title": note.title,
        "by": note.author.username if note.author else "",
        "at": note.updated_at.strftime("%Y-%m-%d %H:%M UTC"),
        "text": note.body[:characters],
    }


@register_tool(effect="writes", permission="rooms.post_message", guests=False, per_minute=10)
async def write_note(
    context: ToolContext,
    title: Annotated[str, "A note of the same title by an agent gets these words instead", Longest(80)],
    text: Annotated[str, "The whole note", Longest(4_000)],
) -> dict[str, str]:
    """Write a note on the notepad of this room, for everybody here to read and change."""
    if context.audience is not None:
        raise ToolError("This answer is not for everybody in the room, and the notepad is.")
    return await background.in_thread(written, context, title, text)


def written(context: ToolContext, title: str, text: str) -> dict[str, str]:
    """What a person has written an agent does not write over."""
    from ..services.notes import write_note as write  # services know the tools

    run = Task.objects.select_related("room", "reply").get(pk=context.run)
    standing = RoomNote.objects.filter(room=run.room, title__iexact=" ".join(title.split()))
    if standing.filter(author__kind__in=[User.Kind.HUMAN, User.Kind.GUEST]).exists():
        raise ToolError("A person has written the note of that title. Take another title.")
    note = write(room=run.room, by=User.objects.get(username=context.agent), title=title, body=text, run=run)
    return {"written": note.title}
