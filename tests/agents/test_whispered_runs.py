"""A run that answers a whisper is part of the whisper, also while it has no answer and when it never gets one."""

from __future__ import annotations

from typing import Any

import pytest

from agents import approvals
from agents.llm.scripted import Scripted
from agents.models import Agent, Approval, Reason, Seat, Task
from agents.runs import line
from agents.services import cancel_run
from agents.tools import available_tools
from agents.tools.registry import tool_named
from agents.triggers import waking
from rooms.models import Event, Message, Room, User
from tests.plugins.rest import Asking

from .asking import ask, event_of, run_for, say
from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)

WHISPER: dict[str, Any] = {"visible_to": ["bob", "expert"]}


@pytest.fixture
def expert(den: Room, ada: User) -> Seat:
    seat = another_agent(den, ada, "expert", trigger="useful")
    Agent.objects.filter(pk=seat.agent_id).update(tools=list(available_tools()), max_prompt_tokens=20_000)
    return seat


def heard_by(asking: Asking, who: User, after: int) -> list[str]:
    frames = asking(who).get(f"rooms/den/events/?after={after}")["results"]
    return [frame["type"] for frame in frames if frame["type"] != "skip"]


def waited(room: Room, author: User, body: str, **facts: Any) -> Message:
    question = say(room, author, body, **facts)
    waking.answer(event_of(question).pk)
    return question


def test_its_silence_is_told_to_nobody_else(
    den: Room, bob: User, mod: User, expert: Seat, scripted: Scripted, asking: Asking
) -> None:
    scripted.says("[silent]")
    before = Event.objects.filter(room=den).count()
    question = ask(den, bob, "is this door open?", **WHISPER)
    run = run_for(question)
    assert (run.reason, run.reply) == (Reason.SILENT, None)
    assert heard_by(asking, bob, before) == ["message.posted", "run.ended"]
    assert heard_by(asking, mod, before) == []


def test_what_waits_for_its_turn_ends_unheard_by_others(
    den: Room, bob: User, mod: User, seat: Seat, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "queue", lambda steps: None)
    whisper = {"visible_to": ["bob", "echo"]}
    waited(den, bob, "@echo one", **whisper)
    second = waited(den, bob, "@echo two", **whisper)
    before = Event.objects.filter(room=den).count()
    cancel_run(run=run_for(second), by=bob)
    assert run_for(second).reason == Reason.CANCELLED
    assert heard_by(asking, bob, before) == ["run.ended"]
    assert heard_by(asking, mod, before) == []


def test_what_it_wants_to_do_is_asked_of_its_readers_alone(
    den: Room, bob: User, mod: User, ada: User, expert: Seat, scripted: Scripted, asking: Asking
) -> None:
    said = say(den, bob, "the canary sings")
    scripted.calls("withdraw_messages", numbers=[said.seq]).finishes("tool_calls")
    scripted.says("Gone.")
    before = Event.objects.filter(room=den).count()
    ask(den, bob, "take it back?", **WHISPER)
    assert Task.objects.get().reply is None
    assert heard_by(asking, bob, before) == ["message.posted", "approval.asked"]
    assert heard_by(asking, mod, before) == []
    assert asking(mod).get("rooms/den/approvals/")["results"] == []
    bound = Approval.objects.get().sha256
    another_agent(den, ada, "nod")  # the whisper has no reader more than before
    step = Approval.objects.get().step
    tool = tool_named("withdraw_messages")
    assert tool is not None
    assert approvals.binding(tool, tool.parameters.read(step.input["arguments"]), step.task) == bound
