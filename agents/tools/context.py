"""What a tool is told, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from rooms.models import Message

from ..context.building import tellable


class ToolError(Exception):
    """The tool cannot do this. The sentence is told to the model, and shown to the people in the room."""


@dataclass(frozen=True, slots=True)
class Result:
    """Data (text, or what JSON can hold), and the ids of the messages it was made of."""

    data: Any
    read: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Facts about one use, for whom and where. `audience` are those who may read the answer; None is the whole room."""

    run: UUID
    requester: str
    agent: str
    room_id: int
    room: str
    audience: tuple[int, ...] | None

    def messages(self) -> QuerySet[Message]:
        """What may be read: finished words of this room that every reader of the answer may read. Use it in a thread.

        Stricter than the requester's own right, so that an answer carries no whisper to those it was kept from.
        """
        return Message.objects.filter(tellable(self.audience), room=self.room_id).select_related("author")
