"""LiteLLM's list of prices, read as the file it is: the web processes, and choices between deployments, do without the
module."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

NAME = "model_prices_and_context_window_backup.json"
MILLION = 1_000_000


def listed(model: str) -> tuple[float, float]:
    """Dollars per million tokens read and written; zeros for what is not on the list."""
    return prices().get(model) or prices().get(model.partition("/")[2]) or (0.0, 0.0)


@cache
def prices() -> dict[str, tuple[float, float]]:
    package = find_spec("litellm")
    places = list(package.submodule_search_locations or ()) if package else []
    file = Path(places[0]) / NAME if places else None
    if file is None or not file.is_file():
        return {}
    return {name: price_in(facts) for name, facts in orjson.loads(file.read_bytes()).items()}


def price_in(facts: dict[str, Any]) -> tuple[float, float]:
    read, written = facts.get("input_cost_per_token"), facts.get("output_cost_per_token")
    return (number(read) * MILLION, number(written) * MILLION)


def number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
