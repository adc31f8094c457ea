"""What is read out of whatever a model writes: never an error, and never for long."""

from __future__ import annotations

import pytest

from agents.steps.consult import decisions, judgement
from agents.together import acts
from agents.together.acts import Share

ACTS = '{"acts": [{"act": "share", "point": "Tea is warm."}]}'


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (f"Well.\n```json\n{ACTS}\n```", "Well."),
        (f"Well.\n```\n{ACTS}```  \n\n", "Well."),
        (f"Well.\n  ```json  \n{ACTS}\n  ```", "Well."),
        (f"Well.\n{ACTS}", "Well."),
        (f"See:\n```python\nprint(1)\n```\nWell.\n```json\n{ACTS}\n```", "See:\n```python\nprint(1)\n```\nWell."),
        (f"```\n{ACTS}\n```", "Tea is warm."),
        (ACTS, "Tea is warm."),
    ],
)
def test_acts_are_found_at_the_end(written: str, words: str) -> None:
    said = acts.read(written)
    assert (said.text, said.acts) == (words, (Share("Tea is warm."),))


@pytest.mark.parametrize(
    "written", [f"{ACTS}\nand more", "```", "```\n```", "```json\n[1]\n```", "{}", "words", "```\n{"]
)
def test_anything_else_is_plain_text(written: str) -> None:
    assert acts.read(written).acts == (Share(acts.one_line(written)),)


@pytest.mark.parametrize(
    "piece", [" ", " \t", "```\n", "```json\n", "   ```\n", '\n{"acts"', '\n{"acts"}', "}   ", "\n", "{\n", "``` "]
)
def test_no_text_keeps_its_reader_busy(piece: str) -> None:
    """32,000 characters each. For some of these it took a minute and a half, in the event loop of all answers."""
    for end in ("", "x", "```", "}"):
        acts.read("x" + piece * (32_000 // len(piece)) + end)


@pytest.mark.parametrize("value", ["[]", "{}", "null", "7", '"x"', "true", "1e9"])
def test_values_of_other_types_are_left_out(value: str) -> None:
    asked = {"disputes": [{"number": 2}]}
    assert decisions(f'{{"decisions": [{{"dispute": {value}, "chosen": "agree"}}]}}', asked) == {"decisions": []}
    assert judgement(f'{{"score": 3, "points": {value}}}', {})["score"] == 3
    assert acts.read(f'Well.\n{{"acts": [{{"act": {value}}}]}}').text
