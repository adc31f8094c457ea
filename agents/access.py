"""Fetch and permission in one act, for runs, seats and agents."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from rooms import access
from rooms.access import as_uuid, reader_in
from rooms.errors import Forbidden, Invalid, NotFound
from rooms.models import Message, Room, User

from .models import Agent, Dispute, Seat, Task

CANCEL = "rooms.cancel_run"
ASK = "rooms.ask_agent"
MODERATE = "rooms.moderate_message"
SHOWN = ("agent__user", "requester", "room", "reply", "trigger_message")


def runs_for(user: User, room: Room) -> QuerySet[Task]:
    """The runs of a room whose question and answer this person may read. A whisper's run is part of the whisper."""
    readable = Message.objects.filter(room=room).readable_by(reader_in(user, room))
    answer = Q(reply=None) | Q(reply__in=readable)
    question = Q(trigger_message=None) | Q(trigger_message__in=readable)
    runs = Task.objects.filter(answer, question, room=room).select_related(*SHOWN)
    return runs.prefetch_related("steps__needs", "steps__usages", "steps__agent__user", "disputes__decided_by")


def run_for(user: User, run_id: UUID | str) -> Task:
    """A run they may see. Raises NotFound."""
    found = Task.objects.filter(pk=as_uuid(run_id), room__deleted_at=None).select_related("room").first()
    if found is None or not user.has_perm(access.READ, found.room):
        raise NotFound
    run = runs_for(user, found.room).filter(pk=found.pk).first()
    if run is None:
        raise NotFound
    return run


def needed_to_cancel(user: User, run: Task) -> str:
    """The permission it takes to stop this run: who asked for it needs none but to be there still."""
    return access.READ if run.requester_id == user.pk else CANCEL


def needed_to_decide(user: User, run: Task) -> str:
    """The permission it takes to decide about this run's plan: who asked, while they may ask, or a moderator."""
    return ASK if run.requester_id == user.pk else MODERATE


def dispute_for(user: User, dispute_id: UUID | str) -> Dispute:
    """A point that agents disputed in a run they may see. Raises NotFound."""
    found = Dispute.objects.filter(pk=as_uuid(dispute_id)).first()
    if found is None:
        raise NotFound
    found.task = run_for(user, found.task_id)
    return found


def seat_for(room: Room, username: str) -> Seat:
    """The seat of an agent that is in the room. Raises NotFound."""
    found = seats_of(room).filter(agent__user__username=username.lower()).first()
    if found is None:
        raise NotFound
    return found


def seats_of(room: Room) -> QuerySet[Seat]:
    return Seat.objects.filter(room=room).select_related("agent__user", "agent__owner", "room", "added_by")


def agents_for(user: User) -> QuerySet[Agent]:
    """The registry: what is switched on, and one's own. Guests have no business there."""
    if user.kind != User.Kind.HUMAN:
        raise Forbidden
    agents = Agent.objects.select_related("user", "owner")
    return agents if user.has_perm("agents.view_agent") else agents.filter(Q(enabled=True) | Q(owner=user))


def agent_named(username: str) -> Agent:
    """For a form: Invalid rather than NotFound."""
    found = Agent.objects.select_related("user").filter(user__username=username).first()
    if found is None:
        raise Invalid(fields={"agent": ["There is no agent of that name."]})
    return found
