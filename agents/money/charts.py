"""Charts drawn by the server: what a template needs to draw columns as SVG, without a script or a style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 160
GAP = 0.22
"""Of a column's place that stays empty."""


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`columns` in a box of `width` by `height`; `most` is what the tallest stands for, in words."""

    columns: tuple[Column, ...]
    first: str
    last: str
    most: str
    sentence: str
    width: int = WIDTH
    height: int = HEIGHT


def columns(points: Sequence[tuple[str, int, str]], sentence: str) -> Chart:
    """Of (label, value, value in words), in their order. `sentence` tells those who do not see it."""
    top = max((value for _, value, _ in points), default=0)
    place = WIDTH / max(1, len(points))
    drawn = tuple(
        Column(
            x=round(number * place + place * GAP / 2, 2),
            y=round(HEIGHT - height, 2),
            width=round(place * (1 - GAP), 2),
            height=round(height, 2),
            label=label,
            text=text,
        )
        for number, (label, value, text) in enumerate(points)
        for height in [max(2.0, HEIGHT * value / top) if value and top else 0.0]
    )
    tallest = next((text for _, value, text in points if value == top and top), "")
    ends = (points[0][0], points[-1][0]) if points else ("", "")
    return Chart(drawn, *ends, tallest, sentence)
