"""Where the steps of a run stand in its drawing."""

from __future__ import annotations

from itertools import pairwise

from agents.inside.graph import HEIGHT, WIDTH, draw


def test_a_run_of_one_step_is_one_box():
    drawing = draw({"a": []})
    assert list(drawing.boxes) == ["a"]
    assert drawing.width >= WIDTH
    assert drawing.height >= HEIGHT
    assert drawing.lines == {}


def test_each_step_stands_below_all_it_needs_and_those_of_one_layer_do_not_overlap():
    needs = {"a": [], "b": ["a"], "c": ["a"], "d": ["a"], "e": ["b", "c", "d"], "f": ["a", "e"]}
    drawing = draw(needs)
    for step, above in needs.items():
        for one in above:
            assert drawing.boxes[one].y + HEIGHT < drawing.boxes[step].y
            assert (one, step) in drawing.lines
    row = sorted(drawing.boxes[step].x for step in "bcd")
    assert all(left + WIDTH <= right for left, right in pairwise(row))
    assert len({drawing.boxes[step].y for step in "bcd"}) == 1
    assert all(0 <= box.x <= drawing.width - WIDTH for box in drawing.boxes.values())


def test_lines_that_need_not_cross_do_not():
    drawing = draw({"a": [], "b": [], "c": ["b"], "d": ["a"]})
    boxes = drawing.boxes
    assert (boxes["a"].x < boxes["b"].x) == (boxes["d"].x < boxes["c"].x)


def test_a_line_over_several_layers_passes_beside_the_boxes_between():
    drawing = draw({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]})
    start, *_ = drawing.lines["a", "d"].split("C")
    assert drawing.lines["a", "d"].count("C") == 3
    assert start.startswith("M")
    assert drawing.boxes["b"].x != (drawing.width - WIDTH) / 2, "it makes room"


def test_what_is_needed_and_not_there_or_goes_in_a_circle_does_no_harm():
    assert list(draw({"a": ["gone"]}).boxes) == ["a"]
    assert list(draw({"a": ["b"], "b": ["a"], "c": []}).boxes) == ["c"]
    assert draw({}).boxes == {}
