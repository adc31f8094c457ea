"""Three agents in the den: echo, nod and wit. What each says next, a test decides by name."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson
import pytest

from agents import tasks
from agents.llm.port import Finish, LLMError, Part, Request, Text, ToolCall, Usage
from agents.llm.scripted import Scripted
from agents.models import Conduct, Coordination, Seat, Step
from agents.services.asking import ask as ask_for
from rooms import background
from rooms.models import Message, Room, User

from ..asking import event_of
from ..conftest import another_agent

Line = str | LLMError | list[Part]


class Cast:
    """What agents say, each its own lines in order: `cast.says("nod", "I see.")`. Whoever has none left says *Well.*"""

    def __init__(self) -> None:
        self.lines: dict[str, deque[Line]] = defaultdict(deque)
        self.requests: list[tuple[str, Request]] = []
        self.meanwhile: dict[str, Callable[[], object]] = {}

    def says(self, who: str, *lines: Line) -> None:
        self.lines[who].extend(lines)

    def hears(self, who: str, what: Callable[[], object]) -> None:
        """Something happens while this agent is being asked."""
        self.meanwhile[who] = what

    def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        who = request.turns[0].content.partition("(@")[2].partition(")")[0]
        self.requests.append((who, request))
        return self.speak(who, self.lines[who].popleft() if self.lines[who] else "Well.")

    async def speak(self, who: str, line: Line) -> AsyncGenerator[Part, None]:
        if who in self.meanwhile:
            await background.in_thread(self.meanwhile.pop(who))
        if isinstance(line, LLMError):
            raise line
        for part in [Text(line)] if isinstance(line, str) else line:
            yield part
        yield Finish("stop" if isinstance(line, str) else "tool_calls", Usage(10, 5, 3))

    def asked(self, who: str) -> list[dict[str, Any]]:
        """The work each call of this agent was told of, without its wrapping."""
        return [work_in(request) for name, request in self.requests if name == who]

    def answered(self, who: str) -> list[str]:
        """What tools have answered by the last call of this agent."""
        last = next(request for name, request in reversed(self.requests) if name == who)
        return [turn.content for turn in last.turns if turn.role == "tool"]


def calls(tool: str, saying: str = "", **arguments: Any) -> list[Part]:
    """A line in which an agent says something and calls a tool."""
    call = ToolCall("one", tool, orjson.dumps(arguments).decode())
    return [Text(saying), call] if saying else [call]


def work_in(request: Request) -> dict[str, Any]:
    told = [turn.content for turn in request.turns if turn.role == "user" and turn.content.startswith('{"work":')]
    work: dict[str, Any] = orjson.loads(told[-1])["work"] if told else {}
    return work


@pytest.fixture
def cast(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The scripted backend, told apart by who is speaking."""
    found = Cast()
    monkeypatch.setattr(scripted, "stream", found.stream)
    return found


@pytest.fixture
def three(den: Room, ada: User, seat: Seat) -> list[Seat]:
    return [seat, another_agent(den, ada, "nod", persona="Knows tea."), another_agent(den, ada, "wit")]


@pytest.fixture
def conduct(den: Room) -> Callable[..., Conduct]:
    def set_to(coordination: str, **facts: Any) -> Conduct:
        return Conduct.objects.update_or_create(room=den, defaults={"coordination": coordination, **facts})[0]

    return set_to


def run_out(question: Message) -> None:
    """What other workers would have taken."""
    while ready := list(Step.objects.ready().filter(task__trigger_message=question).values_list("pk", flat=True)):
        for step in ready:
            tasks.run_step(str(step))


def asked(room: Room, by: User, body: str, coordination: str = Coordination.PARALLEL, **facts: Any) -> Message:
    """Ask as a person does who wants several; answered in this thread."""
    posted = ask_for(room=room, by=by, body=body, coordination=coordination, **facts)
    question = Message.objects.get(pk=posted.message["id"])
    tasks.wake(event_of(question).pk)
    run_out(question)
    return question


def tail(*acts: dict[str, Any]) -> str:
    return "\n\n```json\n" + orjson.dumps({"acts": acts}).decode() + "\n```"
