"""What the gates forbid leaves in no part, wherever a text is cut on its way from the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.speaking import gates
from agents.speaking.gates import Gate, Pattern, Window, Withheld, reaching
from agents.speaking.sluice import Sluice
from rooms.gates import ALLOW, Verdict, Weight

BEFORE, AFTER = "What I know: ", " and that is all of it."
FORBIDDEN = ["canary", "Zürich 🙂🙂 näh", "the launch code", "a", "\n\n\n", "日本の秘密", "aaaa"]


def hidden(secret: str) -> Pattern:
    return Pattern("secret", re.compile(re.escape(secret)), reach=len(secret), instead="[…]")


def refused(secret: str) -> Pattern:
    return Pattern("secret", re.compile(re.escape(secret)), reach=len(secret))


@reaching(6)
def plain(window: Window) -> Verdict:
    """Knows nothing of spans, borders and what stood before."""
    return Verdict(Weight.REDACT, rule="plain", body=window.text.replace("canary", "bird"))


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch):
    def wire(*chosen: Gate) -> None:
        monkeypatch.setattr(gates, "gates", lambda: chosen)

    return wire


def cut(text: str, places: Sequence[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *places, len(text)])]


def run_through(pieces: Sequence[str], before: str = "") -> tuple[list[str], Withheld | None]:
    """What left, window by window, and the objection that ended it."""
    sluice, left = Sluice(before), []
    for number, piece in enumerate([*pieces, ""]):
        text, objection = sluice.take(piece, end=number == len(pieces))
        left.append(text)
        if objection is not None:
            return left, objection
    return left, None


def every_cut(text: str, around: range) -> Iterator[list[str]]:
    """At each one, two and three places in and around the secret."""
    for count in (1, 2, 3):
        for places in combinations(around, count):
            yield cut(text, places)


@pytest.mark.parametrize("secret", FORBIDDEN)
def test_what_is_refused_leaves_in_no_part_wherever_it_is_cut(wired, secret: str) -> None:
    wired(refused(secret), gates.size)
    before = "".join(letter for letter in BEFORE if letter not in secret)
    text = before + secret + AFTER
    for pieces in every_cut(text, range(len(before) - 1, len(before) + len(secret) + 2)):
        left, objection = run_through(pieces)
        assert objection is not None, pieces
        assert before.startswith("".join(left)), pieces


@pytest.mark.parametrize("secret", FORBIDDEN)
def test_what_is_replaced_leaves_as_what_replaces_it_wherever_it_is_cut(wired, secret: str) -> None:
    wired(hidden(secret), gates.size)
    text = BEFORE + secret + AFTER
    for pieces in every_cut(text, range(len(BEFORE) - 1, len(BEFORE) + len(secret) + 2)):
        left, objection = run_through(pieces)
        assert (objection, "".join(left)) == (None, text.replace(secret, "[…]")), pieces


def test_a_gate_that_knows_of_nothing_but_its_window_is_served_as_well(wired) -> None:
    wired(plain)
    text = "a canary and canacanary, canarycanary."
    for pieces in every_cut(text, range(1, len(text), 2)):
        assert "".join(run_through(pieces)[0]) == "a bird and canabird, birdbird."


def test_letter_by_letter_nothing_but_what_is_decided_leaves(wired) -> None:
    wired(refused("canary"))
    left, objection = run_through("I saw a can of canals, and a canary")
    assert objection is not None
    assert "".join(left) == "I saw a can of canals, and a "


LETTERS = st.text("abc \n🙂é1", max_size=60)


@given(LETTERS, st.lists(st.integers(0, 60), max_size=12), st.booleans())
@settings(max_examples=300, deadline=None)
def test_every_cut_of_a_text_gives_the_same(text: str, places: list[int], refusing: bool) -> None:
    chosen = (
        Pattern("ab", re.compile(r"ab{1,3}c?|🙂é"), reach=5, instead="*"),
        Pattern("word", re.compile(r"\bca\b"), reach=4, instead=None if refusing else "(ca)"),
        Pattern("number", re.compile(r"1{2,6}"), reach=6, instead=""),
        gates.size,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "gates", lambda: chosen)
        left, objection = run_through(cut(text, sorted(min(place, len(text)) for place in places)))
        whole, expected = run_through([text])
    assert (objection is None) == (expected is None)
    if objection is None:
        assert "".join(left) == "".join(whole)
    else:
        assert not re.search(r"\bca\b", "".join(left))
        assert "ab" not in "".join(left)


def test_a_word_is_not_forbidden_for_beginning_like_one_that_is(wired) -> None:
    for instead in (None, "…"):
        wired(Pattern("cat", re.compile(r"\bcat\b"), reach=5, instead=instead))
        for pieces in every_cut("a catalogue, a bobcat!", range(1, 21)):
            left, objection = run_through(pieces)
            assert ("".join(left), objection) == ("a catalogue, a bobcat!", None)
        left, objection = run_through(["a ", "cat", " here"])
        assert "cat" not in "".join(left)


def test_what_one_gate_leaves_is_what_the_next_one_judges(wired) -> None:
    """The first takes out what nobody sees, of which there may be any amount between two letters."""
    invisible = Pattern("invisible", re.compile("\u200b"), reach=1, instead="")
    wired(invisible, refused("canary"))
    text = "so: " + "\u200b\u200b\u200b".join("canary")
    for size in range(1, 12):
        left, objection = run_through([text[at : at + size] for at in range(0, len(text), size)])
        assert objection is not None
        assert "so: ".startswith("".join(left))


def test_what_stands_in_the_place_of_a_refused_rest_passes_the_other_gates(wired, settings) -> None:
    settings.MESSAGE_MAX_CHARACTERS = 12
    wired(gates.size, refused("canary"))
    left, objection = run_through(["so it is a canary and more"])
    assert objection is not None
    assert objection.verdict.rule == "size"
    settings.MESSAGE_MAX_CHARACTERS = 18
    left, objection = run_through(["so it is a canary and more"])
    assert objection is not None
    assert "canary" not in "".join(left)


def test_without_a_reach_nothing_is_held_back(wired) -> None:
    wired(lambda window: ALLOW, gates.size)
    assert run_through(["one ", "tw", "o"])[0] == ["one ", "tw", "o", ""]


def test_no_more_is_held_back_than_a_gate_reaches(wired) -> None:
    wired(Pattern("far", re.compile("x{64}"), reach=64))
    sluice, seen = Sluice(), ""
    for number in range(200):
        seen += sluice.take(f"{number} ")[0]
        written = sum(len(f"{count} ") for count in range(number + 1))
        assert written - len(seen) < 64 + len("199 ")


def test_a_gate_that_changes_everything_lets_nothing_go_before_the_end(wired) -> None:
    @reaching(3)
    def backwards(window: Window) -> Verdict:
        return Verdict(Weight.REDACT, body=window.text[::-1])

    wired(backwards)
    assert run_through(["abc", "defghi", "xy"])[0] == ["", "", "", "yxihgfedcba"]


def test_a_gate_may_be_a_class(settings) -> None:
    settings.REPLY_GATES = [f"{__name__}.Shy", "agents.speaking.gates.size"]
    gates.gates.cache_clear()
    try:
        assert [gates.reach_of(gate) for gate in gates.gates()] == [8, 1]
    finally:
        gates.gates.cache_clear()


class Shy:
    reach = 8

    def __call__(self, window: Window) -> Verdict:
        return ALLOW
