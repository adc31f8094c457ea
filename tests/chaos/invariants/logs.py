"""What processes wrote into their logs: never a word that somebody said."""

from __future__ import annotations

from collections import Counter

from ..findings import Invariant
from ..gate import WORD
from ..town import Town
from ..words import SAID

TRACEBACK = "Traceback (most recent call last):"


def check(town: Town) -> None:
    ends: Counter[str] = Counter()
    for log in town.house.pair.directory.glob("*.log"):
        text = log.read_text(errors="replace")
        if WORD in text:
            town.findings.violated(Invariant.FORBIDDEN, log.name)
        if words := set(SAID.findall(text)):
            town.findings.violated(Invariant.SILENT_LOGS, log.name, sorted(words)[:3])
        ends.update(f"{log.stem}: {ending(block)}" for block in text.split(TRACEBACK)[1:])
    town.findings.facts["errors in logs"] = dict(ends.most_common(12))


def ending(block: str) -> str:
    """The line that a traceback ends with: the first that is not indented."""
    return next((line for line in block.splitlines() if line and not line[0].isspace()), "?")[:160]
