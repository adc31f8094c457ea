from __future__ import annotations

from django.urls import reverse

from rooms.models import Room, User
from rooms.web.panels import Panel

from ..models import Seat

WORDS = {
    Seat.Trigger.MENTION: "answers when mentioned",
    Seat.Trigger.REPLY: "answers mentions and replies",
    Seat.Trigger.ALWAYS: "answers every message",
    Seat.Trigger.KEYWORD: "answers mentions and keywords",
    Seat.Trigger.USEFUL: "speaks when it has something useful to add",
    Seat.Trigger.SCHEDULE: "speaks by a schedule",
    Seat.Trigger.OFF: "silent here",
}


def seats(room: Room, user: User) -> Panel:
    """The agents of a room and when they speak, for `ROOM_PANELS`."""
    found = Seat.objects.filter(room=room).select_related("agent__user")
    notes = {seat.agent.user.username: WORDS[Seat.Trigger(seat.trigger)] for seat in found}
    return Panel("Agents", reverse("room_seats", args=[room.slug]), notes, "" if notes else "Bring one in")


def runs(room: Room, user: User) -> Panel:
    """What agents did in a room, for `ROOM_PANELS`."""
    return Panel("Runs", reverse("room_runs", args=[room.slug]))
