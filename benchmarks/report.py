"""The figures as a Markdown table, reach and aim beside them."""

from __future__ import annotations

from collections.abc import Mapping

from .goals import GOALS, Goal

Figures = Mapping[str, float]
Details = Mapping[str, Mapping[str, float]]


def table(figures: Figures, server: str) -> str:
    lines = ["| measure | measured | reach | aim | |", "|---|--:|--:|--:|---|"]
    lines += [row(GOALS[name], value, server) for name, value in figures.items() if name in GOALS]
    return "\n".join(lines)


def row(goal: Goal, value: float, server: str) -> str:
    reach = goal.on_daphne if server == "daphne" and goal.on_daphne is not None else goal.reach
    sign = "≥" if goal.more_is_better else "≤"
    aimed = value >= goal.aim if goal.more_is_better else value <= goal.aim
    verdict = "aim" if aimed else "reach" if goal.holds(value, server) else "**not yet**"
    shown = f"{value:,.{goal.digits}f} {goal.unit}"
    return f"| {goal.title} | {shown} | {sign} {reach:,g} | {sign} {goal.aim:,g} | {verdict} |"


def details(found: Details) -> str:
    """Everything else that was seen, one line a measure."""
    return "\n".join(
        f"{name}: " + ", ".join(f"{key} {value:,g}" for key, value in facts.items()) for name, facts in found.items()
    )
