"""What models say here: plans, reviews, contributions and answers, with the words of the prompt repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from .cast import AGENTS
from .gate import WORD
from .words import SAID

if TYPE_CHECKING:
    from tests.upstream.server import Call


def repeated(text: str) -> str:
    return " ".join("y" + mark[1:] for mark in [*dict.fromkeys(SAID.findall(text))][-3:])


def line(call: Call, rng: Random) -> str:
    """What fits the instructions; now and then not even a plan."""
    system = str(call.messages[0].get("content", "")) if call.messages else ""
    for words, speak in ROLES.items():
        if words in system:
            return speak(call.prompt, rng)
    if "speak only" in system.lower() and rng.random() < 0.3:
        return "[silent]"
    return answer(call.prompt, rng)


def plan(prompt: str, rng: Random) -> str:
    if rng.random() < 0.1:
        return "no plan today"
    said = repeated(prompt)
    names = [name for name in AGENTS if f'"{name}"' in prompt] or list(AGENTS[:3])
    return json.dumps({"subtasks": [part(number, rng.choice(names), said) for number in range(rng.randint(2, 4))]})


def part(number: int, agent: str, said: str) -> dict[str, Any]:
    needs = [1] if number == 2 else []
    return {"agent": agent, "title": f"part {number} {said}", "instruction": f"do it {said}", "needs": needs}


def review(prompt: str, rng: Random) -> str:
    return json.dumps({"score": rng.randint(1, 5), "points": [f"better {repeated(prompt)}"]})


def decision(prompt: str, rng: Random) -> str:
    chosen = rng.choice(["agree", "disagree"])
    return json.dumps({"decisions": [{"dispute": 1, "chosen": chosen, "why": f"because {repeated(prompt)}"}]})


def contribution(prompt: str, rng: Random) -> str:
    said = repeated(prompt)
    act = {"act": rng.choice(["share", "agree", "disagree", "ask"]), "point": "Tea is soup", "evidence": f"see {said}"}
    return f"I think {said}.\n\n```json\n{json.dumps({'acts': [act]})}\n```"


def answer(prompt: str, rng: Random) -> str:
    words = [f"w{rng.randint(0, 999)}" for _ in range(rng.randint(3, 60))]
    if rng.random() < 0.4:
        words.insert(len(words) // 2, f"{WORD}{rng.randint(0, 999)}")
    asks = f" @{rng.choice(AGENTS)} what do you say?" if rng.random() < 0.25 else ""
    return f"Well, {' '.join(words)} {repeated(prompt)}.{asks}"


ROLES: dict[str, Callable[[str, Random], str]] = {
    "You lead other agents": plan,
    "You judge what another agent wrote": review,
    "differ on the points under": decision,
    "You answer with other agents": contribution,
}
"""By words of the instructions in `agents/`."""
