"""What one human message may set going. Each turn of an agent that another agent's words gave rise to, and each part of
what a team works out together, is taken from the chain of that message by one conditional UPDATE; what a bound refuses
is not begun, and the room reads why, once. See docs/decisions/0022-a-turn-for-each-contribution.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from rooms.errors import NotFound
from rooms.gates import ALLOW, Verdict, Weight
from rooms.models import Message
from rooms.services.house import say_as_house
from rooms.spans import counted

from ..models import Bound, Chain, Conduct, Coordination, Reason, Status, Step, Task, conduct_of
from ..models.step import CONTRIBUTING
from ..money.budgets import Call
from ..outcomes import SENTENCES
from .energy_sql import LOOK, OPEN, TAKE


@dataclass(frozen=True, slots=True)
class Cause:
    """What sets a turn going: its root, how deep it is, whether that was an agent, and what the room allows."""

    root: Message
    conduct: Conduct
    depth: int = 0

    @property
    def is_human(self) -> bool:
        return self.depth == 0


def take(cause: Cause, *, has_turn: bool = False) -> Bound | None:
    """One turn of the chain, or the bound that refuses it. Wants to be in the transaction that lays the turn. What goes
    on with the turn of another that waits needs none, and may be too deep all the same."""
    conduct = cause.conduct
    if cause.depth > conduct.max_depth:
        return Bound.DEPTH
    return None if has_turn else take_one(facts_of(cause.root.pk, conduct))


def take_one(facts: dict[str, Any]) -> Bound | None:
    with connection.cursor() as cursor:
        cursor.execute(OPEN, facts)
        cursor.execute(TAKE, facts)
        if cursor.rowcount:
            return None
    return used_up(facts) or Bound.TURNS


def facts_of(root_id: UUID, conduct: Conduct) -> dict[str, Any]:
    return {
        "root": root_id,
        "turns": conduct.max_turns,
        "cost": conduct.max_cost_micros,
        "seconds": conduct.max_seconds,
    }


def used_up(facts: dict[str, Any]) -> Bound | None:
    """Time or money, whatever may still be taken of turns."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, facts)
        late, spent = cursor.fetchone() or (False, False)
    return Bound.SECONDS if late else Bound.COST if spent else None


def within_chain(call: Call) -> Verdict:
    """For `STEP_GATES`: a step of a team's work takes its turn here, as it begins. A turn that was taken when its run
    was laid out may come too late for its chain, having waited in the line. Costs one agent's answer to a person no
    query."""
    task = call.task
    if task.root_message_id is None or (task.depth == 0 and task.pattern == Coordination.SEPARATE):
        return ALLOW
    bound = bound_for(call.step, facts_of(task.root_message_id, conduct_of(task.room)))
    if bound is None:
        return ALLOW
    if Chain.objects.filter(root=task.root_message_id, bound="").update(bound=bound):
        tell(task.root_message_id)
    return Verdict(Weight.REFUSE, rule="energy", reason=SENTENCES[Reason.ENERGY])


def bound_for(step: Step, facts: dict[str, Any]) -> Bound | None:
    if step.kind in CONTRIBUTING and not goes_on(step):
        return take_one(facts)
    if step.kind == Step.Kind.COMPLETE and has_contributions(step):
        return None  # what there is, is brought to its end
    return used_up(facts)


def goes_on(step: Step) -> bool:
    """With a turn that was taken before its tools were called."""
    return bool(step.task.agent.tools) and step.needs.filter(kind=Step.Kind.TOOL).exists()


def has_contributions(step: Step) -> bool:
    done = Step.objects.filter(task=step.task_id, kind=Step.Kind.CONSULT, status=Status.DONE)
    return step.task.pattern != Coordination.SEPARATE and done.exists()


def renew(root_id: UUID) -> None:
    """A person asks again for what a chain has come to: from now on it has its turns and its time once more. What it
    may cost stays what it was."""
    Chain.objects.filter(root=root_id).update(turns=0, bound="", told_at=None, started_at=Now())


def give_back(root_id: UUID) -> None:
    """A turn that was taken and is not needed, since its question is answered together with a later one."""
    Chain.objects.filter(root=root_id, turns__gt=0).update(turns=F("turns") - 1)


def stop(root: Message, bound: Bound) -> bool:
    """Note what stopped a chain; the first counts. Whether it was the first."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN, {"root": root.pk})
    return bool(Chain.objects.filter(root=root.pk, bound="").update(bound=bound))


@transaction.atomic
def tell(root_id: UUID) -> bool:
    """One line in the room, for those who may read the root. Called by as many as like: it is said once."""
    if not Chain.objects.filter(root=root_id, told_at=None).exclude(bound="").update(told_at=Now()):
        return False
    chain = Chain.objects.select_related("room", "root").get(pk=root_id)
    root = chain.root
    try:
        say_as_house(
            room=chain.room,
            body=sentence_of(chain, conduct_of(chain.room)),
            visible_to=root.visible_to,
            thread=root.thread_id,
        )
    except NotFound:
        return False  # the room is gone, and with it whoever might have read this
    return True


def sentence_of(chain: Chain, conduct: Conduct) -> str:
    match Bound(chain.bound):
        case Bound.DEPTH:
            words = f"they may answer one another {counted(conduct.max_depth, 'time')} in a row"
        case Bound.TURNS:
            words = f"one message may set {counted(conduct.max_turns, 'turn')} going"
        case Bound.COST:
            words = f"one message may cost ${Decimal(conduct.max_cost_micros) / 1_000_000:f}"
        case Bound.SECONDS:
            words = f"one message may keep them busy for {counted(conduct.max_seconds, 'second')}"
    return f"The agents stop here: in this room {words}."


def cause_of(message: Message, task: Task | None, conduct: Conduct) -> Cause | None:
    """Of an agent's message by the run that wrote it, of a person's by itself. None where there is no energy: nobody's
    run wrote it, or what began all that was taken back."""
    if not message.author.is_machine:
        return Cause(message, conduct)
    if task is None:
        return None
    root = task.root_message or message
    if root.is_recalled or root.state == Message.State.HELD:
        return None
    return Cause(root, conduct, task.depth + 1)
