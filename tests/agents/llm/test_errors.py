"""Telling apart what LiteLLM throws together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.llm.errors import LLMError
from agents.llm.litellm_errors import scrubbed, seconds_until, translated


def test_seconds_and_dates_are_both_understood() -> None:
    assert seconds_until("7") == 7
    assert seconds_until("0.5") == 0.5
    assert seconds_until("-3") == 0
    assert seconds_until("999999") == 3600
    assert seconds_until("soon") is None
    assert seconds_until("nan") is None
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert seconds_until(in_a_minute) == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: sk-proj-abcdef0123456789.",
        "header was Bearer abc.def.ghi",
        "no route to https://user:password@host/v1",
        "used gsk_0123456789abcdef and AIza-SyA1234567",
        "key the-odd-one-of-the-house",
    ],
)
def test_what_looks_like_a_key_is_taken_out(said: str) -> None:
    told = scrubbed(said, ("the-odd-one-of-the-house",))
    assert "[key]" in told
    for secret in ("abcdef", "abc.def", "password", "0123456789", "SyA123", "the-odd-one"):
        assert secret not in told


def test_an_error_is_one_short_line() -> None:
    assert scrubbed("a\nb\t c" + "x" * 1_000, ()) == "a b c" + "x" * 295


def test_what_nobody_has_seen_before_is_a_fault_of_the_protocol() -> None:
    assert translated(RuntimeError("what?"), spoke=True).kind == "protocol"


def test_every_kind_and_deadline_has_a_sentence_for_people() -> None:
    for kind in ("busy", "down", "refused", "timeout", "protocol", "truncated", "empty", "too_large", "cancelled"):
        assert LLMError(kind).message.endswith(".")
    said = {LLMError("timeout", deadline=deadline).message for deadline in ("connect", "first_token", "idle", "total")}
    assert len(said) == 4


def test_the_log_sees_more_than_people_do() -> None:
    error = LLMError("down", detail="HTTP 500 from somewhere")
    assert str(error) == "down: HTTP 500 from somewhere"
    assert "500" not in error.message
