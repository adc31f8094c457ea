"""One worker, killed with a run in every phase of its life: what people find afterwards."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.db.models.functions import Now

from agents.models import Account, Agent, Approval, Hold, Reason, Step, Task, Usage
from agents.models.task import LIVE
from agents.services import ask, decide_approval
from rooms.models import Allowance, Event, Message, Room, User
from rooms.models.allowance import Tally
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room
from tests.waiting import until

from .asking import run_for, say
from .conftest import another_agent
from .halting import halted
from .test_worker import Beat
from .together.conftest import tail
from .worker import Worker, Workers, common, lease_is_over, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "workers"]

PRICE = {"prompt": 1, "completion": 10}
FREE = {"prompt": 0, "completion": 0}
WELL = "all is well"
Script = list[dict[str, Any]]

SAID: Script = [{"say": "So it is."}]
SLOWLY: Script = [{"wait": 3}, *SAID]  # so that there is time to ask for more
STALLS: Script = [{"say": "So it is"}, {"stall": True}]
AGREES, DOUBTS = (tail({"act": act, "point": "Tea is a vegetable soup"}) for act in ("agree", "disagree"))

TEAM = ("lead", "one", "two")


@dataclass(frozen=True)
class Phase:
    """`reason` and `body` are what is found in the end: why the run has ended, and what its answer says.

    `at`: where the worker stands still; else it is killed when this much of the answer is `shown`. `scripts`: what each
    agent of the room does; the first of them leads.
    """

    reason: Reason
    body: str
    at: str = ""
    shown: str | None = None
    scripts: tuple[Script, ...] = (SAID,)
    wish: dict[str, Any] = field(default_factory=dict)
    price: dict[str, int] = field(default_factory=lambda: PRICE)


LOST, ANSWERED = Reason.WORKER_LOST, Reason.ANSWERED
THREE = (SAID, SAID, SAID)
DISPUTE = ([{"say": AGREES}], [{"say": AGREES}], [{"say": DOUBTS}])
TOOL: Script = [{"say": "One moment."}, {"call": {"name": "withdraw_messages", "arguments": '{"numbers": [%s]}'}}]

APPROVAL = "approval"

PHASES = {
    "handed-out": Phase(ANSWERED, WELL, at="agents.triggers.waking:laid_for"),
    "laid-out": Phase(LOST, "", at="agents.runs.life:begin"),
    "called-unseen": Phase(LOST, "", at="agents.steps.complete:begin_at_once"),
    "thinking": Phase(LOST, "", shown="", scripts=([{"stall": True}],)),
    "ended-unwritten": Phase(LOST, "So it is.", at="agents.runs.endings:end_step"),
    # in a transaction in which it would have the account of all of them locked
    "ending": Phase(
        LOST, "So, @bob.", at="agents.runs.endings:conclude", scripts=([{"say": "So, @bob."}],), price=FREE
    ),
    "written": Phase(ANSWERED, "So it is.", at="agents.runs.endings:afterwards", scripts=(SLOWLY,)),
    "written-at-once": Phase(
        ANSWERED, "So it is.", at="agents.runs.finishing:afterwards", scripts=(SLOWLY,), price=FREE
    ),
    "laying-down": Phase(LOST, "One moment.", at="agents.steps.tool:hold", scripts=(TOOL,)),
    APPROVAL: Phase(ANSWERED, f"One moment.\n\n{WELL}", shown="One moment.", scripts=(TOOL,)),
    "others-unqueued": Phase(
        ANSWERED, WELL, at="agents.tasks:begin_and_queue", scripts=THREE, wish={"coordination": "parallel"}
    ),
    "between": Phase(
        ANSWERED, WELL, at="agents.runs.life:ready_after", scripts=THREE, wish={"coordination": "sequential"}
    ),
    "planning": Phase(
        ANSWERED, WELL, at="agents.runs.life:begin#plan", scripts=THREE, wish={"coordination": "hierarchical"}
    ),
    "reviewing": Phase(
        ANSWERED,
        WELL,
        at="agents.runs.life:begin#review",
        scripts=THREE,
        wish={"coordination": "parallel", "reviewed": True},
    ),
    "resolving": Phase(
        ANSWERED, WELL, at="agents.runs.life:begin#resolve", scripts=DISPUTE, wish={"coordination": "parallel"}
    ),
    "speaking": Phase(
        LOST, "So it is", shown="So it is", scripts=(STALLS, SAID, SAID), wish={"coordination": "sequential"}
    ),
}


@dataclass(frozen=True)
class Asked:
    """The room of a phase, what ada asked there, and what she asked while that was under way."""

    phase: Phase
    room: Room
    first: Message
    second: Message

    def found(self) -> tuple[str, str]:
        run = run_for(self.first)
        return run.reason, run.reply.body if run.reply else "-"


def asked_in(name: str, phase: Phase, ada: User, bob: User) -> tuple[Room, Message]:
    room = create_room(creator=ada, name=name, slug=name)
    begin_membership(room=room, user=bob, role="member", by=ada)
    mistake = say(room, ada, "a mistake")
    for who, script in zip(TEAM, phase.scripts, strict=False):
        written = json.loads(json.dumps(script).replace("[%s]", f"[{mistake.seq}]"))
        facts = {"parameters": {"script": written, "price": phase.price}, "tools": ["withdraw_messages"]}
        another_agent(
            room, ada, f"{name}-{who}", model="scripted:x", idle_seconds=100, first_token_seconds=100, **facts
        )
    if not phase.wish:
        return room, say(room, ada, f"@{name}-lead?")
    names = [f"{name}-{who}" for who in (*TEAM[1:], TEAM[0])]
    posted = ask(room=room, by=ada, body="tea?", agents=names, **phase.wish)
    return room, Message.objects.get(pk=posted.message["id"])


def is_under_way(worker: Worker, question: Message) -> bool:
    return (
        halted(question.room.slug) in worker.log.read_text() or Task.objects.filter(trigger_message=question).exists()
    )


def is_there(worker: Worker, name: str, phase: Phase) -> bool:
    """Whether the run is where it is to be killed."""
    if phase.at:
        return halted(name) in worker.log.read_text()
    if name == APPROVAL:
        return Approval.objects.filter(step__task__room__slug=name).exists()
    return Message.objects.filter(room__slug=name, author__kind="agent", body=phase.shown).exists()


def time_passes() -> None:
    """Until leases end and what was lost is looked for."""
    lease_is_over()
    Step.objects.filter(status="waiting").update(queued_at=Now() - timedelta(seconds=20))
    Event.objects.update(created_at=Now() - timedelta(seconds=20), pending=False)


def is_quiet() -> bool:
    questions = Message.objects.filter(author__username="ada", body__contains="?")
    is_looked_at = Task.objects.values("trigger_message").distinct().count() == questions.count()
    return is_looked_at and not Task.objects.filter(status__in=LIVE).exists()


@pytest.fixture
def asked(ada: User, bob: User, workers: Workers) -> list[Asked]:
    """What ada asked in all rooms; the worker of it was killed, another one has done what there was to be done."""
    Allowance.objects.create(what="ask", person=ada, amount=100)
    Account.objects.create(scope="person", key=str(ada.pk), period="day", limit_micros=10**9)
    halts = {name: phase.at for name, phase in PHASES.items() if phase.at}
    doomed = workers.start("tests.agents.halting", HALT_AT=json.dumps(halts), DB_POOL_SIZE="50")
    first = {name: asked_in(name, phase, ada, bob) for name, phase in PHASES.items()}
    until(lambda: all(is_under_way(doomed, question) for _, question in first.values()))
    there = [
        Asked(PHASES[name], room, question, say(room, ada, f"@{name}-lead and then?"))
        for name, (room, question) in first.items()
    ]
    until(lambda: Task.objects.filter(trigger_message__in=[one.second for one in there]).count() == len(there))
    until(lambda: all(is_there(doomed, name, phase) for name, phase in PHASES.items()), 90)
    doomed.kill()

    Agent.objects.update(parameters={"script": [{"say": WELL}], "price": PRICE})
    time_passes()
    decide_approval(
        approval=Approval.objects.select_related("step__task__room").get(state="waiting"), by=ada, approve=True
    )
    workers.start()
    with Beat():
        until(is_quiet, 90)
    return there


def test_every_phase_ends_with_one_reason_and_nobody_is_left_waiting(asked: list[Asked], ada: User) -> None:
    assert {one.room.slug: one.found() for one in asked} == {
        name: (phase.reason, phase.body) for name, phase in PHASES.items()
    }
    assert {(one.room.slug, run_for(one.second).reason) for one in asked} == {(name, ANSWERED) for name in PHASES}
    check_what_is_read()
    check_money()
    used = dict(Tally.objects.filter(user=ada, what="ask").values_list("room__slug", "used"))
    assert used == dict.fromkeys(PHASES, 2)


def check_what_is_read() -> None:
    """Each answer once, settled once, and with a sentence where it broke off."""
    answers = list(Message.objects.filter(author__kind="agent"))
    for answer in answers:
        assert answer.state in ("visible", "interrupted")
        assert bool(answer.notice) == (answer.state == "interrupted")
    assert max(Counter(answer.reply_to_id for answer in answers).values()) == 1
    told = Event.objects.filter(type__in=["message.finished", "message.interrupted"])
    assert Counter(told.values_list("message", flat=True)) == Counter(answer.pk for answer in answers)
    ended = Event.objects.filter(type="run.ended").values_list("data__run", flat=True)
    assert Counter(ended) == Counter(str(run.pk) for run in Task.objects.all())
    assert not Step.objects.filter(status__in=LIVE).exists()
    assert [message.room.slug for message in Message.objects.filter(state="withdrawn")] == [APPROVAL]
    assert not Step.objects.filter(attempt__gt=1).exclude(kind="tool").exists()


def check_money() -> None:
    assert not Hold.objects.filter(released_at=None).exists()
    spent = Usage.objects.aggregate(sum=Sum("cost_micros"))["sum"]
    for account in Account.objects.filter(scope="person"):
        assert (account.spent_micros, account.held_micros) == (spent, 0)
    assert max(Counter(Usage.objects.values_list("step", flat=True)).values()) == 1
