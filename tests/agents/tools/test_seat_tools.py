"""A room may switch off some of an agent's tools."""

from __future__ import annotations

import pytest

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Seat, Step
from rooms.models import Event, Room, User
from tests.plugins.rest import Asking

from ..asking import ask
from .conftest import results_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_off_in_a_room_is_neither_offered_nor_done_there(
    den: Room, ada: User, armed: Seat, scripted: Scripted, asking: Asking
) -> None:
    changed = asking(ada).patch("rooms/den/agents/echo/", {"tools_off": ["list_members"]})
    assert changed["tools_off"] == ["list_members"]
    assert "list_members" not in changed["tools"]
    assert Event.objects.filter(type="seat.changed").count() == 1
    scripted.calls("list_members").finishes("tool_calls")
    scripted.says("Well.")
    question = ask(den, ada, "@echo who is here?")
    assert "list_members" not in [offer.name for offer in scripted.requests[0].tools]
    assert "calculator" in [offer.name for offer in scripted.requests[0].tools]
    assert results_of(question)[0]["error"] == "echo has no tool «list_members» here."


def test_it_is_asked_when_the_tool_runs(
    den: Room, ada: User, armed: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", 0)
    scripted.calls("list_members").finishes("tool_calls")
    question = ask(den, ada, "@echo who is here?")
    Seat.objects.update(tools_off=["list_members"])
    tasks.run_step(str(Step.objects.get(kind="tool").pk))
    assert "has no tool" in str(results_of(question)[0]["error"])


def test_only_who_manages_the_agents_says_it(
    den: Room, ada: User, mod: User, eve: User, armed: Seat, asking: Asking
) -> None:
    for who, status in ((mod, 403), (eve, 404)):
        assert asking(who).patch("rooms/den/agents/echo/", {"tools_off": []}).status == status
    assert asking(ada).patch("rooms/den/agents/echo/", {"tools_off": "calculator"}).status == 400
    assert asking(ada).patch("rooms/den/agents/echo/", {"trigger": "always"})["trigger"] == "always"
