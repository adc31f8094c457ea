from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.timezone import now

from rooms.errors import Conflict
from rooms.events import record
from rooms.models import Room, User
from rooms.services.messages import lock_room

from ..models import Conduct, Reason, Task
from ..models.task import LIVE
from .runs import stop


def pause_agents(*, room: Room, by: User, reason: str = "") -> Conduct:
    """The kill switch of a room: what agents write breaks off within a second, and nothing new begins."""
    with transaction.atomic():
        lock_room(room)
        if Conduct.objects.filter(room=room, paused_at__isnull=False).exists():
            raise Conflict("The agents of this room are paused already.")
        facts: dict[str, Any] = {"paused_at": now(), "paused_by": by, "pause_reason": reason[:280]}
        conduct, _ = Conduct.objects.update_or_create(room=room, defaults=facts)
        record(room, "agents.paused", actor=by, data={"by": by.username})
    # Only now: the end of a run locks the message before the room, and this transaction held the room.
    for task in Task.objects.filter(room=room, status__in=LIVE):
        stop(task, Reason.PAUSED)
    return conduct


def resume_agents(*, room: Room, by: User) -> None:
    """They answer again, from the next message on."""
    with transaction.atomic():
        lock_room(room)
        paused = Conduct.objects.filter(room=room, paused_at__isnull=False)
        if not paused.update(paused_at=None, paused_by=None, pause_reason=""):
            raise Conflict("The agents of this room are not paused.")
        record(room, "agents.resumed", actor=by, data={"by": by.username})
