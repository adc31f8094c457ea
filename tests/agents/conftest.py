"""echo has a seat in the den and answers when mentioned; what its model says next, a test decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Seat
from agents.routing import breaker, routes
from agents.services import seat_agent
from agents.services.seats import OF_TRIGGER
from agents.switches import flags
from agents.tools import available_tools
from rooms.models import Room, User
from tests.plugins.rest import asking  # noqa: F401
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    """A process believes for a second what it has read of flags, routes and breakers, which are gone with the test."""
    for known in (flags, routes, breaker):
        known.forget()
    yield
    for known in (flags, routes, breaker):
        known.forget()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a step is done in the same thread however long it takes: here nobody takes it off a queue."""
    monkeypatch.setattr(tasks, "AT_ONCE", 10 * PATIENCE)


@pytest.fixture
def scripted(scripted: Scripted, settings: Any) -> Scripted:
    """The scripted model of this process, in no need to think: `scripted.says("Hello")`."""
    settings.LLM_SCRIPTED_FIRST_TOKEN_MS = settings.LLM_SCRIPTED_TOKENS_PER_SECOND = 0
    return scripted


@pytest.fixture
def agent(echo: User) -> Agent:
    return Agent.objects.create(user=echo, persona="Repeats what matters.", system_prompt="Be brief.")


@pytest.fixture
def seat(den: Room, ada: User, agent: Agent) -> Seat:
    return seat_agent(room=den, agent=agent, by=ada)


@pytest.fixture
def second(den: Room, ada: User) -> Seat:
    """Another agent beside echo: `nod`."""
    return another_agent(den, ada, "nod")


def another_agent(room: Room, by: User, username: str, **facts: Any) -> Seat:
    user = User.objects.create(username=username, kind=User.Kind.AGENT)
    given = {name: facts.pop(name) for name in OF_TRIGGER if name in facts}
    return seat_agent(room=room, agent=Agent.objects.create(user=user, **facts), by=by, **given)


@pytest.fixture
def armed(seat: Seat) -> Seat:
    """echo with every tool of the house."""
    Agent.objects.filter(pk=seat.agent_id).update(tools=list(available_tools()), max_prompt_tokens=20_000)
    seat.agent.refresh_from_db()
    return seat
