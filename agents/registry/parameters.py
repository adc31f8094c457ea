"""What an agent may pass on to its model, which tools it may have, and what may be said of it in short words.

Parameters are a closed list: an address or a key among them would send the house's own credentials wherever the agent's
editor likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from rooms.legible import is_one_line, is_seen

Check = Callable[[Any], bool]


def number(low: float, high: float) -> Check:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def whole(low: int, high: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def one_of(*words: str) -> Check:
    return lambda value: value in words


def stops(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 4 and all(isinstance(x, str) and 0 < len(x) <= 64 for x in value)


PARAMETERS: dict[str, tuple[Check, str]] = {
    "temperature": (number(0, 2), "a number from 0 to 2"),
    "top_p": (number(0, 1), "a number from 0 to 1"),
    "presence_penalty": (number(-2, 2), "a number from -2 to 2"),
    "frequency_penalty": (number(-2, 2), "a number from -2 to 2"),
    "seed": (whole(0, 2**31 - 1), "a whole number"),
    "stop": (stops, "a list of at most four short texts"),
    "reasoning_effort": (one_of("minimal", "low", "medium", "high"), "minimal, low, medium or high"),
}


def validate_parameters(value: Any) -> None:
    """Raises ValidationError with one sentence for each thing that is wrong."""
    if not isinstance(value, dict):
        raise ValidationError("Parameters are an object of names and values.")
    problems = [problem for name, given in value.items() if (problem := problem_with(name, given))]
    if problems:
        raise ValidationError(problems)


def problem_with(name: str, value: Any) -> str:
    if name not in PARAMETERS:
        return f"There is no parameter «{name[:40]}». Known: {', '.join(sorted(PARAMETERS))}."
    check, wanted = PARAMETERS[name]
    return "" if check(value) else f"«{name}» has to be {wanted}."


def validate_tools(value: Any) -> None:
    """The names of tools this house has, each once."""
    from ..tools import available_tools, tools_named

    known = {tool.name for tool in tools_named(value)}
    unknown = [str(name)[:40] for name in value if name not in known]
    if unknown:
        raise ValidationError(f"There is no tool «{'», «'.join(unknown)}». Known: {', '.join(available_tools())}.")
    if len(set(value)) < len(value):
        raise ValidationError("Name each tool once.")


MOST_WORDS = 12
POLICY = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def validate_capabilities(value: Any) -> None:
    """A few short words, each once."""
    if any(not (is_one_line(word) and is_seen(word) and word == word.strip()) for word in value):
        raise ValidationError("Use short words that can be shown.")
    check_few(value)


def validate_policies(value: Any) -> None:
    """Names of policies. Whether there are such policies is for governance to say."""
    if any(not POLICY.fullmatch(name) for name in value):
        raise ValidationError("Names of policies are lower-case letters, digits, dots, dashes and underscores.")
    check_few(value)


def check_few(value: list[str]) -> None:
    if len(value) > MOST_WORDS:
        raise ValidationError(f"At most {MOST_WORDS}.")
    if len({word.lower() for word in value}) < len(value):
        raise ValidationError("Name each once.")
