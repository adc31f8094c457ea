"""What the scripted model says unasked: found in the room, attributed, never invented."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from agents.llm.improvisation import improvise
from agents.llm.port import Request, Turn
from agents.llm.scripted import Scripted
from rooms.markup import render
from tests.agents.llm.hearing import asking, hear

TALK = (
    "ada: The boat needs a new rope before Saturday. The old one is frayed.",
    "bob: I'll bring twenty metres of hemp rope from the market.",
    "eve: Who feeds the cat while we are on the lake?",
    "mod: I can take the cat, she knows my sofa. Let's meet at the jetty at nine.",
    "bob: Is there still room for the dog?",
)


def answer(
    question: str, *before: str, who: str = "ada", system: str = "You are Echo (@echo), a friendly host."
) -> str:
    return improvise(asking("scripted", *before, f"{who}: {question}", system=system))


def test_it_finds_what_was_said_and_says_by_whom() -> None:
    said = answer("@echo who brings the rope?", *TALK)
    assert "@ada" in said
    assert "**bob** said: “I'll bring twenty metres of hemp rope from the market.”" in said
    assert "cat" not in said


def test_it_does_not_invent_what_nobody_said() -> None:
    said = answer("@echo when does the ferry leave?", *TALK)
    assert "ferry" in said
    assert "“" not in said, "no quotation fits"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("hi @echo", "The last word was bob's"),
        ("@echo", "The last word was bob's"),
        ("thanks!", "@ada"),
        ("@echo who are you?", "I am Echo, @ada."),
        ("@echo what did I miss?", "\n- **mod**: "),
        ("@echo give me a list about the cat", "\n- **mod**: I can take the cat, she knows my sofa."),
        ("@echo who does what?", "| bob | I'll bring twenty metres of hemp rope from the market. |"),
        ("@echo what was decided?", "- **mod**: Let's meet at the jetty at nine."),
        ("@echo what was decided?", "**Open**\n- **bob**: Is there still room for the dog?"),
        ("@echo write me some python", "```python\nsaid = {"),
        ("@echo the sea is wide", "@ada"),
    ],
)
def test_it_understands_what_kind_of_answer_is_wanted(question: str, expected: str) -> None:
    assert expected in answer(question, *TALK)


def test_it_looks_over_code() -> None:
    code = "```python\ndef save(rows=[]):\n    try:\n        eval(rows)\n    except:\n        pass\n```"
    said = answer(f"@echo can you review this?\n{code}")
    assert "1. Line 4: this catches everything" in said
    assert "Line 1: all calls share this default" in said
    assert "Nothing to remark" in answer("@echo review this please\n```\nreturn a + b\n```")


def test_it_speaks_in_the_tone_of_its_persona() -> None:
    question, careful = "@echo what about the rope?", "You are Proof (@echo), a careful reviewer."
    assert answer(question, *TALK) != answer(question, *TALK, system=careful)


def test_it_does_not_ring_people_or_leave_markup_open_when_it_quotes() -> None:
    said = answer("@echo what about the rope?", "bob: @mod look at the **rope, it is `broken <b>and wet")
    assert "“mod look at the rope, it is broken band wet.”" in said


def test_it_reads_both_ways_of_attributing() -> None:
    turns = [Turn("user", json.dumps({"from": "bob", "text": "The rope is in the shed."}), "bob")]
    turns += [Turn("user", json.dumps({"from": "eve", "text": "Where is the rope?"}), "eve")]
    said = improvise(Request("scripted", (Turn("system", "You are Echo."), *turns)))
    assert "**bob** said: “The rope is in the shed.”" in said
    assert "@eve" in said


def test_its_own_words_are_no_evidence() -> None:
    turns = (Turn("assistant", "The rope is made of gold."), Turn("user", "ada: what is the rope made of?", "ada"))
    assert "gold" not in improvise(Request("scripted", turns))


@pytest.mark.parametrize("odd", ["", "{", '{"from": 1}', "ada:", "\ud800", "?" * 5_000, "a\x00b", "```", "[](" * 500])
def test_it_answers_anything(odd: str) -> None:
    said = improvise(Request("scripted", (Turn("user", odd), Turn("user", odd))))
    assert said.strip()
    assert render(said.encode("utf-8", "replace").decode(), [])


def test_it_counts_no_messages_where_nothing_was_said() -> None:
    said = [answer(f"@echo what goes with {name}?") for name in ("leeks", "kettles", "ropes", "cats", "scones", "tea")]
    assert any("the messages so far" in one for one in said)
    assert not any("0 messages" in one for one in said)


def test_it_answers_even_nothing() -> None:
    assert improvise(Request("scripted", ()))


def test_the_same_prompt_gets_the_same_answer_in_every_process() -> None:
    """Sets of texts come in another order in each process: no sum or tie may depend on it."""
    code = (
        "from tests.agents.llm import test_improvisation as t;"
        "print([t.answer(q, *t.TALK) for q in ('@echo what about rope, cat and dog?', '@echo what did I miss?', 'hi')])"
    )
    code = f"import django; django.setup(); {code}"
    there = {**os.environ, "DJANGO_SETTINGS_MODULE": "chatroom.settings"}
    ran = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout
        for environment in ({**there, "PYTHONHASHSEED": str(seed)} for seed in (1, 2, 3))
    ]
    assert ran[0] == ran[1] == ran[2] != ""


async def test_it_comes_as_words(scripted: Scripted) -> None:
    request = asking("scripted", *TALK, "ada: @echo who brings the rope?")
    heard = await hear(scripted, request)
    assert heard.text == improvise(request)
    assert len(heard.parts) > 10
