"""One agent or several, which, and how: chosen from the question alone, the same way every time.

A pure function, so that its choice can be told with its reason and be argued with: people override it for a message
or for a room. It looks for names first, then for what a question wants done, then for who knows about it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..llm.improvisation.transcript import keywords
from ..models import Coordination

LONG = 60
"""Words from which a question is too large for one answer from one side."""
SIGNS: tuple[tuple[str, Coordination, str], ...] = (
    (
        r"plan|organi[sz]e|prepare|schedule|steps? (?:to|for)|project|break (?:it|this) down",
        Coordination.HIERARCHICAL,
        "it asks for a plan",
    ),
    (
        r"discuss|debate|argue|agree|decide|should we|pros and cons|versus|vs\.?|trade-?offs?",
        Coordination.COLLABORATIVE,
        "it wants sides weighed against each other",
    ),
    (
        r"first\b.{1,400}\bthen|draft\b.{1,400}\b(?:check|review|correct)|proof-?read|review (?:it|this|that)",
        Coordination.SEQUENTIAL,
        "one thing comes after another",
    ),
    (
        r"compare|opinions?|views?|perspectives?|alternatives?|each of you|all of you|everybody",
        Coordination.PARALLEL,
        "it asks for several views",
    ),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent that could answer; `about` are all the words that say what it is good at."""

    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`agents` by name, the best first; one of them is one answer by one agent. `why` is a sentence."""

    coordination: Coordination
    agents: tuple[str, ...]
    why: str

    @property
    def is_single(self) -> bool:
        return len(self.agents) == 1


def choose(question: str, candidates: Sequence[Candidate], mentioned: Sequence[str] = ()) -> Choice:
    """Of at least one candidate, in the order of their seats."""
    named = [one.name for one in candidates if one.name in mentioned]
    if len(named) == 1:
        return single(named[0], "It was named, and nobody else.")
    able = [one for one in candidates if one.name in named] or list(candidates)
    ranked = [one.name for one in sorted(able, key=lambda one: -fit(question, one))]
    pattern, sign = pattern_for(question)
    if len(ranked) > 1 and (sign or named):
        reasons = [*(["they were named"] if named else []), *([sign] if sign else [])]
        return Choice(pattern, tuple(named or ranked), f"Several, since {' and '.join(reasons)}.")
    best = next(one for one in able if one.name == ranked[0])
    return single(best.name, "It knows most about this." if fit(question, best) else "One is enough for this.")


def single(name: str, why: str) -> Choice:
    return Choice(Coordination.SEPARATE, (name,), why)


def pattern_for(question: str) -> tuple[Coordination, str]:
    """How several would go about it, and the sign that says so; no sign is no reason for several."""
    for pattern, coordination, sign in SIGNS:
        if re.search(rf"\b(?:{pattern})\b", question, re.IGNORECASE | re.DOTALL):
            return coordination, sign
    if question.count("?") > 1:
        return Coordination.PARALLEL, "it asks several things"
    if len(question.split()) >= LONG:
        return Coordination.PARALLEL, "it is long"
    return Coordination.PARALLEL, ""


def fit(question: str, candidate: Candidate) -> int:
    """How many telling words of the question are also told of the agent."""
    return len(keywords(question) & keywords(candidate.about))
