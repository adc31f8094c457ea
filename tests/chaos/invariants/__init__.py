"""What has to hold when everything has come to rest, whatever has happened. Each module asks a few."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from ..findings import Invariant
from ..listening import Listener
from ..town import Town
from . import forgetting, hearing, logs, money, saying, tables


def check(town: Town, listeners: list[Listener]) -> None:
    ask(town, tables.check, money.check, saying.check, forgetting.check, logs.check)
    ask(town, lambda asked: hearing.check(asked, listeners))


def ask(town: Town, *questions: Callable[[Town], None]) -> None:
    """A question that cannot be asked is a violation as well, and the others are asked all the same."""
    for question in questions:
        try:
            question(town)
        except Exception:
            town.findings.violated(Invariant.CHAOS, traceback.format_exc()[-1200:])
