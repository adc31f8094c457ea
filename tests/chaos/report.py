"""What a run says at its end: what was done, which faults were met, and each invariant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .findings import Findings, Invariant

SHOWN = 5


def report(findings: Findings) -> str:
    facts = [f"{name}: {told(fact)}" for name, fact in findings.facts.items()]
    lines = [
        *part("What was done", [told(dict(findings.done.most_common()))]),
        *part("Faults met", [told(dict(findings.faults.most_common()))]),
        *part("What came of it", facts),
        *part("Invariants", [line for each in Invariant for line in verdict(findings, each)]),
    ]
    return "\n".join(lines)


def part(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)]


def told(fact: object) -> str:
    if isinstance(fact, Mapping):
        return ", ".join(f"{name} {count}" for name, count in fact.items()) or "none"
    return str(fact)


def verdict(findings: Findings, invariant: Invariant) -> list[str]:
    violations = findings.violations.get(invariant, [])
    if not violations:
        unasked = findings.unasked.get(invariant)
        return [f"not asked   {invariant}: {unasked}" if unasked else f"holds       {invariant}"]
    more = [f"  … and {len(violations) - SHOWN} more"] if len(violations) > SHOWN else []
    return [f"VIOLATED    {invariant}", *(f"  {each[:600]}" for each in violations[:SHOWN]), *more]


def keep(findings: Findings, said: str, folder: Path) -> None:
    """Beside the logs: the report, all violations in full, and how doors answered."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.txt").write_text(said)
    violations = [f"{name}: {each}" for name, all_of in findings.violations.items() for each in all_of]
    (folder / "violations.txt").write_text("\n".join(violations))
    statuses = [f"{what}  {count}" for what, count in sorted(findings.statuses.items())]
    (folder / "answers.txt").write_text("\n".join(statuses))
