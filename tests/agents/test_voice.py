from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.speaking import gates
from agents.speaking.gates import Window, Withheld
from agents.speaking.voice import PACE, STROKE, Voice, showable
from rooms.gates import ALLOW, Verdict, Weight
from tests.clock import in_no_time, now, tell_time_by_the_loop


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    tell_time_by_the_loop(monkeypatch, "agents.speaking.voice")


class Stage:
    """Keeps what was sent, and when."""

    def __init__(self, slow: float = 0) -> None:
        self.sent: list[tuple[int, str]] = []
        self.times: list[float] = []
        self.objections: list[Withheld] = []
        self.slow = slow
        self.voice = Voice(self.send, self.objections.append)

    async def send(self, offset: int, text: str) -> None:
        self.times.append(now())
        self.sent.append((offset, text))
        await asyncio.sleep(self.slow)

    def is_whole(self) -> bool:
        """The pieces put together by their offsets are what counts as shown: no hole, no overlap."""
        text = ""
        for offset, piece in self.sent:
            assert offset == len(text)
            text += piece
        return text == self.voice.shown


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch):
    """Wire one gate and nothing else: `gate(lambda window: …)`."""

    def wire(check: gates.Gate) -> None:
        monkeypatch.setattr(gates, "gates", lambda: (check,))

    return wire


@in_no_time
async def test_the_first_word_leaves_at_once_and_the_rest_is_gathered() -> None:
    stage = Stage()
    for number in range(40):
        stage.voice.say(f"{number} ")
        await asyncio.sleep(0.005)
    await stage.voice.finish()
    assert stage.sent[0] == (0, "0 ")
    assert stage.times[0] == 0
    assert stage.is_whole()
    assert len(stage.sent) <= now() / PACE + 2
    gaps = [later - earlier for earlier, later in pairwise(stage.times[:-1])]
    assert min(gaps) > PACE - STROKE - 1e-9


@in_no_time
async def test_a_lonely_token_does_not_wait_for_the_next_one() -> None:
    stage = Stage()
    stage.voice.say("one ")
    await asyncio.sleep(0.1)
    said = now()
    stage.voice.say("two")
    await asyncio.sleep(0.1)
    assert stage.sent == [(0, "one "), (4, "two")]
    assert stage.times == [0, said]


@in_no_time
async def test_a_slow_way_out_holds_up_nobody_and_loses_nothing() -> None:
    stage = Stage(slow=0.1)
    for number in range(50):
        stage.voice.say(f"{number} ")
        await asyncio.sleep(0)
    assert now() == 0
    await stage.voice.finish()
    assert stage.is_whole()
    assert stage.voice.shown == "".join(f"{number} " for number in range(50))


@in_no_time
async def test_offsets_count_code_points() -> None:
    stage = Stage()
    for piece in ("🙂🙂", "é", "a"):
        stage.voice.say(piece)
        await asyncio.sleep(PACE * 1.5)
    await stage.voice.finish()
    assert stage.sent == [(0, "🙂🙂"), (2, "é"), (3, "a")]


@in_no_time
async def test_silence_is_silence() -> None:
    stage = Stage()
    stage.voice.say("one")
    await asyncio.sleep(0.01)
    stage.voice.say("never")
    stage.voice.fall_silent()
    stage.voice.say("never either")
    await stage.voice.finish()
    assert stage.sent == [(0, "one")]
    assert stage.voice.shown == "one"


@in_no_time
async def test_empty_lines_in_front_are_left_out_and_nothing_is_nothing() -> None:
    stage = Stage()
    for piece in ("\n\n", "  ", "\n Hello", "\n\n"):
        stage.voice.say(piece)
    await stage.voice.finish()
    assert stage.voice.shown == "Hello\n\n"
    mute = Stage()
    mute.voice.say("\n \r\n")
    await mute.voice.finish()
    assert (mute.sent, mute.voice.has_begun) == ([], False)


@given(st.text(), st.lists(st.integers(0, 50), max_size=5))
def test_what_a_message_cannot_hold_is_left_out_wherever_the_text_is_cut(text: str, cuts: list[int]) -> None:
    text = text + "\x00\r\n\ud83d" + text
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]
    shown = "".join(showable(piece) for piece in pieces)
    assert shown == showable(text)
    assert "\x00" not in shown
    assert "\r" not in shown
    shown.encode()


# --- gates


@in_no_time
async def test_no_text_leaves_before_the_gates_have_seen_it(gate) -> None:
    seen: list[Window] = []

    def look(window: Window) -> Verdict:
        seen.append(window)
        assert window.text not in [text for _, text in stage.sent]
        return ALLOW

    gate(look)
    stage = Stage()
    for number in range(20):
        stage.voice.say(f"{number:02} ")
        await asyncio.sleep(0.01)
    await stage.voice.finish()
    assert [(window.offset, window.text) for window in seen] == stage.sent
    assert all(stage.voice.shown[: window.offset].endswith(window.before) for window in seen)
    assert seen[-1].before


@in_no_time
async def test_a_refused_window_is_never_seen_and_ends_the_answer(gate) -> None:
    gate(lambda window: Verdict(Weight.REFUSE, rule="secret", reason="No.") if "canary" in window.text else ALLOW)
    stage = Stage()
    stage.voice.say("all is well. ")
    await asyncio.sleep(0.01)
    stage.voice.say("the canary sings")
    stage.voice.say(" and more")
    await stage.voice.finish()
    assert stage.sent == [(0, "all is well. ")]
    assert [objection.verdict.rule for objection in stage.objections] == ["secret"]
    stage.voice.say("still here")
    await asyncio.sleep(0.05)
    assert len(stage.sent) == 1


@in_no_time
async def test_a_gate_may_change_words_and_offsets_follow_what_was_shown(gate) -> None:
    gate(lambda window: Verdict(Weight.REDACT, body=window.text.replace("0123456789", "…")))
    stage = Stage()
    for piece in ("call 0123456789", " now"):
        stage.voice.say(piece)
        await asyncio.sleep(PACE * 1.5)
    await stage.voice.finish()
    assert stage.sent == [(0, "call …"), (6, " now")]
    assert (stage.voice.said, stage.voice.heard) == ("call … now", "call 0123456789 now")


@in_no_time
async def test_an_answer_is_cut_where_a_message_is_full(settings) -> None:
    settings.MESSAGE_MAX_CHARACTERS = 100
    stage = Stage()
    stage.voice.say("x" * 60)
    await asyncio.sleep(0.01)
    stage.voice.say("é" * 60)
    await stage.voice.finish()
    assert stage.voice.shown == "x" * 60 + "é" * 40
    assert [objection.verdict.rule for objection in stage.objections] == ["size"]


def test_the_size_gate_counts_bytes_too() -> None:
    verdict = gates.size(Window("🙂" * 10, offset=10, spent=gates.MAX_BYTES - 6))
    assert (verdict.weight, verdict.body) == (Weight.REFUSE, "🙂")
