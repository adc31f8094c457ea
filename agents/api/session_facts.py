"""Chat sessions as JSON, and what that looks like."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import serializers

from rooms.api.present import Facts, person, rooms, time
from rooms.api.shapes import PersonShape, Shape
from rooms.models import Room, User

from ..models import Conduct, Coordination, Seat


class SessionShape(Shape):
    id = serializers.SlugField(help_text="Also the slug of its room, for the live transports.")
    name = serializers.CharField()
    agents = PersonShape(many=True)
    coordination = serializers.ChoiceField(choices=Coordination.choices)
    last_seq = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="Messages of others I have not read, counted up to 100.")
    created_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True)


class SessionsShape(Shape):
    results = SessionShape(many=True)
    has_before = serializers.BooleanField()


def sessions(user: User, found: Sequence[Room]) -> list[Facts]:
    """Rooms as conversations, each with its agents. Two queries more, however many there are."""
    agents: dict[int, list[Facts]] = {room.pk: [] for room in found}
    for one in Seat.objects.filter(room__in=found).select_related("agent__user").order_by("pk"):
        agents[one.room_id].append(person(one.agent.user))
    conducts = dict(Conduct.objects.filter(room__in=found).values_list("room_id", "coordination"))
    return [
        {
            "id": room.slug,
            "name": room.name,
            "agents": agents[room.pk],
            "coordination": conducts.get(room.pk, Coordination.SEPARATE),
            "last_seq": facts["last_seq"],
            "unread": facts["unread"],
            "created_at": facts["created_at"],
            "deleted_at": time(room.deleted_at),
        }
        for room, facts in zip(found, rooms(user, found), strict=True)
    ]


def session(user: User, room: Room) -> Facts:
    return sessions(user, [room])[0]
