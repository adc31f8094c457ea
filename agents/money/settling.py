"""What was set aside is given back and what was really spent is taken, when a step ends."""

from __future__ import annotations

from django.db import transaction

from rooms import prepared

from ..llm.port import Usage
from ..llm.pricing import FREE, Price
from ..models import Step
from .sql import GIVE_BACK, LOCK_HELD, LOCK_ORPHAN, ORPHANS, PRICES, SETTLE


def settle(step: Step, spent: Usage | None) -> None:
    """Of what was spent no more is taken than was set aside. Wants to be in the transaction that ends the step, before
    any room is locked. Does nothing a second time, and costs nothing where this process knows that nothing was set
    aside."""
    if step.held_on == 0 or step.kind == Step.Kind.TOOL:
        return
    facts = {"step": step.pk, "cost": spent.cost_micros if spent else 0}
    if step.held_on == 1 or prepared.fetch(LOCK_HELD, facts):
        prepared.execute(SETTLE, facts)


def held_for(step: Step) -> tuple[Price, int | None]:
    """What a token costs by the reservation of this step, and how much was set aside; None where there is none."""
    rows = prepared.fetch(PRICES, {"step": step.pk})
    return (Price(*rows[0][:2]), rows[0][2]) if rows else (FREE, None)


def give_back_orphaned() -> int:
    """What was set aside for steps that were deleted under way, or by a process that slept between its claim and this
    while its step was ended. How many those were."""
    orphans = [row[0] for row in prepared.fetch(ORPHANS, {})]
    for hold in orphans:
        with transaction.atomic():
            prepared.fetch(LOCK_ORPHAN, {"hold": hold})
            prepared.execute(GIVE_BACK, {"hold": hold})
    return len(orphans)
