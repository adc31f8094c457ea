"""A team at work, as people see it, stop it and lose parts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.db.models.functions import Now

from agents import tasks
from agents.models import Conduct, Reason, Seat, Status, Step, Task
from agents.runs.claims import claim
from agents.runs.sweeping import sweep
from agents.services import cancel_run, cancel_step, retry_step
from agents.services.asking import ask as ask_for
from agents.triggers import waking
from rooms.live.frames import Frame
from rooms.models import Message, Room, User
from rooms.services.memberships import remove_member
from rooms.services.messages import withdraw_message
from tests.plugins.rest import Asking
from tests.waiting import until

from ..asking import answer_to, event_of, run_for, say
from ..test_status import doings, status_of, told  # noqa: F401
from .conftest import Cast, asked, run_out
from .test_asking import planned  # noqa: F401
from .test_tools import armed, waiting  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

Set = Callable[..., Conduct]


def begun(room: Room, by: User, body: str) -> Message:
    """Laid out, and nobody has taken any of it."""
    question = say(room, by, body)
    waking.answer(event_of(question).pk)
    return question


def planned_for(room: Room, by: User, body: str) -> Message:
    """The lead has made its plan, and whoever called it has done the first part of it."""
    posted = ask_for(room=room, by=by, body=body, coordination="hierarchical")
    question = Message.objects.get(pk=posted.message["id"])
    (plan,) = waking.answer(event_of(question).pk)
    tasks.run_step(str(plan.pk))
    return question


def step_of(question: Message, who: str) -> Step:
    return Step.objects.get(task__trigger_message=question, agent__user__username=who)


# --- what they are doing


def test_whoever_contributes_is_seen_at_it_and_idle_after_it(
    den: Room,
    ada: User,
    three: list[Seat],
    cast: Cast,
    conduct: Set,
    told: list[Frame],  # noqa: F811
) -> None:
    conduct("parallel")
    asked(den, ada, "tea?", agents=["echo", "nod"])
    until(lambda: ("writing", "") in doings(told) and doings(told)[-1] == ("idle", ""))
    mine = [frame for frame in told if '"nod"' in frame.text]
    assert [doing for doing, _ in doings(mine)][-2:] == ["thinking", "idle"]


def test_who_comes_later_finds_who_is_at_work_and_for_whom(
    den: Room, ada: User, bob: User, three: list[Seat], cast: Cast, conduct: Set, asking: Asking
) -> None:
    conduct("sequential")
    question = begun(den, ada, "@echo @nod @wit tea?")

    def seen() -> list[str]:
        return [status_of(asking, bob, name)[0] for name in ("echo", "nod", "wit")]

    assert seen() == ["idle", "idle", "thinking"], "wit will speak for them"
    assert claim(step_of(question, "echo").pk)
    assert seen() == ["thinking", "idle", "thinking"]
    Step.objects.filter(pk=step_of(question, "echo").pk).update(kind="tool", tool="calculator")
    assert status_of(asking, bob) == ("using_tool", "calculator")
    assert status_of(asking, bob, "wit") == ("thinking", "")


def test_a_lead_waits_for_people_to_look_at_its_plan(
    planned: Message,  # noqa: F811
    bob: User,
    asking: Asking,
) -> None:
    assert status_of(asking, bob) == ("waiting_for_approval", "plan")
    assert status_of(asking, bob, "nod") == ("idle", "")


def test_a_contributor_waits_for_an_approval(
    waiting: Message,  # noqa: F811
    bob: User,
    asking: Asking,
) -> None:
    assert status_of(asking, bob, "nod") == ("waiting_for_approval", "withdraw_messages")
    assert status_of(asking, bob, "echo") == ("thinking", "")


# --- stopping parts of it


def test_the_last_that_is_waited_for_is_stopped_and_the_others_count(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel")
    question = begun(den, ada, "@echo @nod @wit tea?")
    for name in ("echo", "nod"):
        tasks.run_step(str(step_of(question, name).pk))
    cancel_step(run=run_for(question), step_id=step_of(question, "wit").pk, by=ada)
    run_out(question)
    assert (run_for(question).status, answer_to(question).body) == (Status.DONE, "Well.")
    assert [one["from"] for one in cast.asked("echo")[-1]["contributions"]] == ["echo", "nod"]


def test_done_again_from_what_was_stopped_the_answer_is_made_of_all_and_said_once(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    """The answer did not need it then."""
    conduct("parallel")
    question = begun(den, ada, "@echo @nod @wit tea?")
    cast.says("echo", "Mine.", "Without wit.")
    for name in ("echo", "nod"):
        tasks.run_step(str(step_of(question, name).pk))
    stopped = step_of(question, "wit")
    cancel_step(run=run_for(question), step_id=stopped.pk, by=ada)
    run_out(question)
    assert answer_to(question).body == "Without wit."
    cast.says("wit", "Green.")
    cast.says("echo", "With wit.")
    again = retry_step(run=run_for(question), step_id=stopped.pk, by=ada)
    run_out(question)
    again = Task.objects.select_related("reply").get(pk=again.pk)
    assert again.reply is not None
    assert again.reply.body == "With wit."
    assert sorted(again.steps.values_list("kind", flat=True)) == ["complete", *["consult"] * 3]
    given = cast.asked("echo")[-1]["contributions"]
    assert {one["from"]: one["text"] for one in given} == {"echo": "Mine.", "nod": "Well.", "wit": "Green."}


def test_one_that_is_at_work_is_stopped_alone_and_the_others_count(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    def stop() -> None:
        step = Step.objects.select_related("task__room").get(agent__user__username="wit")
        cancel_step(run=step.task, step_id=step.pk, by=ada)
        until(lambda: Step.objects.get(pk=step.pk).status == Status.CANCELLED, 30)  # it would be done before it is seen

    cast.hears("wit", stop)
    question = asked(den, ada, "tea?", "sequential", agents=["nod", "wit", "echo"])
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "Well.")
    assert [one["from"] for one in cast.asked("echo")[-1]["contributions"]] == ["nod"]


def test_when_all_of_it_is_stopped_the_run_is(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    from agents.llm.port import LLMError

    conduct("parallel")
    cast.says("echo", LLMError("refused"))
    question = begun(den, ada, "@echo @nod tea?")
    tasks.run_step(str(step_of(question, "echo").pk))
    cancel_step(run=run_for(question), step_id=step_of(question, "nod").pk, by=ada)
    run = run_for(question)
    assert (run.status, run.reason) == (Status.CANCELLED, Reason.CANCELLED)


def test_a_tool_that_waits_is_stopped_with_the_contribution_it_was_for(
    waiting: Message,  # noqa: F811
    bob: User,
    asking: Asking,
) -> None:
    run = run_for(waiting)
    cancel_step(run=run, step_id=run.steps.get(kind="tool").pk, by=bob)
    run_out(waiting)
    assert (run_for(waiting).status, answer_to(waiting).body) == (Status.DONE, "Well.")
    assert asking(bob).get("rooms/den/approvals/")["results"] == []


@pytest.mark.parametrize("what", ["leaves", "withdraws"])
def test_a_plan_waits_no_longer_than_who_asked_is_there(
    planned: Message,  # noqa: F811
    den: Room,
    ada: User,
    bob: User,
    what: str,
) -> None:
    if what == "leaves":
        remove_member(room=den, user=bob, by=ada)
    else:
        withdraw_message(message=planned, by=bob)
    sweep()
    run = run_for(planned)
    assert run.reason == (Reason.DEPARTED if what == "leaves" else Reason.RECALLED)
    assert not run.steps.filter(status__in=["waiting", "running"]).exists()


@contextmanager
def all_of_it(question: Message) -> Iterator[None]:
    """Whatever happens, nothing of it is left to be done, and it has a reason."""
    yield
    run_out(question)
    run = run_for(question)
    assert run.ended_at is not None
    assert not run.steps.filter(status__in=["waiting", "running"]).exists()


@pytest.mark.parametrize("what", ["cancel", "withdraw", "leave", "send out"])
@pytest.mark.parametrize("way", ["sequential", "parallel", "collaborative", "hierarchical"])
def test_it_ends_whatever_befalls_it_in_its_midst(
    den: Room, ada: User, bob: User, three: list[Seat], cast: Cast, conduct: Set, way: str, what: str
) -> None:
    from .test_patterns import PLAN

    conduct(way)
    if way == "hierarchical":
        cast.says("echo", PLAN)
    question = say(den, bob, "@echo @nod @wit tea?")
    happens: dict[str, Callable[[], Any]] = {
        "cancel": lambda: cancel_run(run=run_for(question), by=bob),
        "withdraw": lambda: withdraw_message(message=question, by=bob),
        "leave": lambda: remove_member(room=den, user=bob, by=ada),
        "send out": lambda: remove_member(room=den, user=three[1].agent.user, by=ada),
    }
    cast.hears("nod", happens[what])
    with all_of_it(question):
        tasks.wake(event_of(question).pk)
    reasons = {"cancel": Reason.CANCELLED, "withdraw": Reason.RECALLED, "leave": Reason.DEPARTED}
    assert run_for(question).reason == reasons.get(what, Reason.ANSWERED)


def test_parts_of_a_plan_that_die_together_have_what_is_left_planned_once(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    parts = orjson.dumps({"subtasks": [{"agent": name, "instruction": "Tea."} for name in ("nod", "wit", "nod")]})
    left = '{"subtasks": [{"agent": "nod", "instruction": "Warm it."}]}'
    cast.says("echo", parts.decode(), left, "Tea is ready.")
    question = planned_for(den, ada, "tea?")
    for step in Step.objects.ready():
        claim(step.pk)
    Step.objects.filter(status=Status.RUNNING).update(lease_until=Now())
    with transaction.atomic():  # nobody makes the new plan before both are found dead
        sweep()
    run_out(question)
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "Tea is ready.")
    assert (run.steps.filter(status=Status.INTERRUPTED).count(), run.steps.filter(kind="plan").count()) == (2, 2)
