"""The DAG of a run as a drawing: each step in the layer after the last it needs, lines that cross as little as needed.

The usual way in four moves: layers by the longest path, a place kept in each layer that a long line passes, orders by
the mean of the neighbours above and below, and coordinates. Pure numbers; the template makes SVG of them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

WIDTH, HEIGHT = 216, 84
GAP_X, GAP_Y = 28, 44
PASSING = 24
"""The width of a place that only a line passes."""
SWEEPS = 4
MARGIN = 6

Key = Hashable
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node is: its upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """`boxes` by node in reading order; `lines` are paths of SVG by (from, to)."""

    width: float
    height: float
    boxes: dict[Key, Box]
    lines: dict[tuple[Key, Key], str]


def draw(needs: Mapping[Any, Collection[Any]]) -> Drawing:
    """A drawing of nodes and what each needs. Needs that are no nodes are left out, and so are circles."""
    layer: dict[Key, int] = {**layers_of(needs)}
    edges = [(above, node) for node in needs if node in layer for above in needs[node] if above in layer]
    chains: dict[tuple[Key, Key], list[Key]] = {edge: chain(*edge, layer) for edge in edges}
    rows = ordered(rows_of(layer, chains), chains)
    spots = spots_of(rows)
    width = max((x + breadth(key) for row in rows for key in row for x in [spots[key].x]), default=0) + MARGIN
    height = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN if rows else 0
    boxes = {key: spots[key] for row in rows for key in row if key in layer}
    return Drawing(width, height, boxes, {edge: path(keys, spots) for edge, keys in chains.items()})


def layers_of(needs: Mapping[K, Collection[K]]) -> dict[K, int]:
    """The longest way from a node that needs nothing, first layers first. What stands in a circle is never reached."""
    layer: dict[K, int] = {}
    while True:
        ready = [
            node
            for node, above in needs.items()
            if node not in layer and all(one in layer for one in above if one in needs)
        ]
        if not ready:
            return layer
        for node in ready:
            layer[node] = 1 + max((layer[one] for one in needs[node] if one in needs), default=-1)


def chain(above: Key, node: Key, layer: Mapping[Key, int]) -> list[Key]:
    """The way of a line: its ends, and a place in each layer between them."""
    return [above, *((above, node, between) for between in range(layer[above] + 1, layer[node])), node]


def rows_of(layer: Mapping[Key, int], chains: Mapping[tuple[Key, Key], list[Key]]) -> list[list[Key]]:
    rows: list[list[Key]] = [[] for _ in range(1 + max(layer.values(), default=-1))]
    for node, number in layer.items():
        rows[number].append(node)
    for (above, _), keys in chains.items():
        for offset, place in enumerate(keys[1:-1], 1):
            rows[layer[above] + offset].append(place)
    return rows


def ordered(rows: list[list[Key]], chains: Mapping[tuple[Key, Key], list[Key]]) -> list[list[Key]]:
    """Each row by the mean place of its neighbours, from above and from below in turn."""
    above: dict[Key, list[Key]] = {}
    below: dict[Key, list[Key]] = {}
    for keys in chains.values():
        for upper, lower in pairwise(keys):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for number in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            sort(rows[number], rows[number - 1 if down else number + 1], above if down else below)
    return rows


def sort(row: list[Key], fixed: Sequence[Key], neighbours: Mapping[Key, list[Key]]) -> None:
    at = {key: place for place, key in enumerate(fixed)}
    here = {key: place for place, key in enumerate(row)}

    def mean(key: Key) -> float:
        places = [at[one] for one in neighbours.get(key, ()) if one in at]
        return sum(places) / len(places) if places else here[key]

    row.sort(key=mean)


def spots_of(rows: Sequence[Sequence[Key]]) -> dict[Key, Box]:
    """Rows are centred over one another."""
    widths = [sum(map(breadth, row)) + GAP_X * (len(row) - 1) for row in rows]
    widest = max(widths, default=0)
    spots: dict[Key, Box] = {}
    for number, (row, width) in enumerate(zip(rows, widths, strict=True)):
        x = MARGIN + (widest - width) / 2
        for key in row:
            spots[key] = Box(x, MARGIN + number * (HEIGHT + GAP_Y))
            x += breadth(key) + GAP_X
    return spots


def breadth(key: Key) -> int:
    return PASSING if isinstance(key, tuple) else WIDTH


def path(keys: Sequence[Key], spots: Mapping[Key, Box]) -> str:
    """Down from the foot of one box to the head of another, straight through the places between."""
    points = [(spots[key].x + breadth(key) / 2, spots[key].y) for key in keys]
    x, y = points[0]
    drawn = f"M{x:g} {y + HEIGHT:g}"
    for x_to, y_to in points[1:]:
        bend = GAP_Y / 2
        drawn += f"C{x:g} {y_to - GAP_Y + bend:g} {x_to:g} {y_to - bend:g} {x_to:g} {y_to:g}"
        if (x_to, y_to) != points[-1]:
            drawn += f"V{y_to + HEIGHT:g}"
        x = x_to
    return drawn
