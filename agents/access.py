"""Fetch and permission in one act, for runs, seats and agents."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from rooms import access
from rooms.access import as_uuid, reader_in
from rooms.errors import Forbidden, Invalid, NotFound
from rooms.models import Message, Room, User

from .approvals import may_decide
from .inside.provenance import with_its_story
from .models import Agent, Approval, Dispute, Seat, Task

CANCEL = "rooms.cancel_run"
ASK = "rooms.ask_agent"
NO_AGENT = "There is no agent of that name."

MODERATE = "rooms.moderate_message"


def runs_for(user: User, room: Room) -> QuerySet[Task]:
    """The runs of a room whose question and answer this person may read. A whisper's run is part of the whisper."""
    readable = Message.objects.filter(room=room).readable_by(reader_in(user, room))
    answer = Q(reply=None) | Q(reply__in=readable)
    question = Q(trigger_message=None) | Q(trigger_message__in=readable)
    return with_its_story(Task.objects.filter(answer, question, room=room))


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
    return Seat.objects.filter(room=room).select_related(
        "agent__user", "agent__owner", "agent__route", "room", "added_by", "scheduled_by"
    )


def agents_for(user: User) -> QuerySet[Agent]:
    """The registry as this person may know it: what they may use, switched on or their own. Guests have no business
    there; staff sees all of it."""
    if user.kind != User.Kind.HUMAN:
        raise Forbidden
    agents = Agent.objects.select_related("user", "owner", "route").filter(draft=False, retired_at=None)
    return agents if user.has_perm("agents.view_agent") else agents.filter(usable_by(user))


def usable_by(user: User) -> Q:
    """Which agents a person may use; whoever may not is not to know that they are there."""
    shared = Agent.objects.filter(Q(shared_with=user) | Q(shared_rooms__memberships__user=user))
    is_theirs = Q(visibility=Agent.Visibility.SHARED, pk__in=shared.values("pk"))
    return Q(owner=user) | Q(enabled=True) & (Q(visibility=Agent.Visibility.PUBLIC) | is_theirs)


def known_to(user: User, agents: Iterable[int]) -> set[int]:
    """Those of the agents that this person may know of: the others are not linked for them."""
    if user.kind != User.Kind.HUMAN:
        return set()
    return set(agents_for(user).filter(pk__in=list(agents)).values_list("pk", flat=True))


def agent_for(user: User, username: str) -> Agent:
    """An agent they may know of. Raises NotFound."""
    found = agents_for(user).filter(user__username=username.lower()).first()
    if found is None:
        raise NotFound
    return found


def agent_named(username: str, by: User, field: str = "agent") -> Agent:
    """An agent somebody names in a form and may use: Invalid rather than NotFound."""
    found = agents_for(by).filter(user__username=username).first()
    if found is None:
        raise Invalid(fields={field: [f"There is no agent «{username[:32]}»." if field != "agent" else NO_AGENT]})
    return found


def agent_seated(username: str, room: Room) -> Agent:
    """An agent of this room, which whoever asks there may ask, whoever may see its page. Raises Invalid."""
    found = Agent.objects.select_related("user").filter(seats__room=room, user__username=username).first()
    if found is None:
        raise Invalid(fields={"agent": [NO_AGENT]})
    return found


def approvals_for(user: User, room: Room) -> QuerySet[Approval]:
    """What people are asked to decide in a room, of answers that this person may read."""
    runs = runs_for(user, room).order_by().prefetch_related(None).select_related(None)
    asked = Approval.objects.filter(step__task__in=runs.values("pk"))
    related = (
        "step__agent__user",
        "step__task__room",
        "step__task__agent__user",
        "step__task__requester",
        "step__task__trigger_message",
        "step__task__reply",
        "decided_by",
    )
    return asked.select_related(*related)


def approval_for(user: User, approval_id: UUID | str) -> Approval:
    """One that they may see; whether they decide it says `check_decider`. Raises NotFound."""
    found = Approval.objects.filter(pk=as_uuid(approval_id)).values_list("step__task", flat=True).first()
    if found is None:
        raise NotFound
    run = run_for(user, found)
    return approvals_for(user, run.room).get(pk=as_uuid(approval_id))


def check_decider(user: User, approval: Approval) -> None:
    if not may_decide(user, approval.step.task):
        raise Forbidden("Only who asked, and the moderators of the room, decide this.")
