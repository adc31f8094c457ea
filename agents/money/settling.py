"""What was set aside is given back and what was really spent is taken, when a step ends."""

from __future__ import annotations

from rooms import prepared

from ..llm.port import Usage
from ..llm.pricing import FREE, Price
from ..models import Step
from .sql import LOCK_HELD, PRICES, SETTLE


def settle(step: Step, spent: Usage | None) -> None:
    """Wants to be in the transaction that ends the step, before any room is locked. Does nothing a second time, and
    costs nothing where this process knows that nothing was set aside."""
    if step.held_on == 0 or step.kind == Step.Kind.TOOL:
        return
    facts = {"step": step.pk, "cost": spent.cost_micros if spent else 0}
    if step.held_on == 1 or prepared.fetch(LOCK_HELD, facts):
        prepared.execute(SETTLE, facts)


def price_held(step: Step) -> Price:
    """What a token costs by the reservation of this step; nothing where there is none."""
    rows = prepared.fetch(PRICES, {"step": step.pk})
    return Price(*rows[0]) if rows else FREE
