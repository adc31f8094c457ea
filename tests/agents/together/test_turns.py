"""What a team takes of its chain: a turn for each contribution, exactly; and no time that it waits for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from agents import tasks
from agents.models import Approval, Bound, Chain, Conduct, Reason, Seat, Status, Step, Task, Wait
from agents.runs.sweeping import sweep
from agents.services import retry_run
from agents.triggers import energy, waking
from rooms.models import Message, Room, User
from tests.plugins.rest import Asking

from ..asking import Aside, answer_to, event_of, run_for, say
from ..conftest import another_agent
from ..test_energy import pump, said_by_the_house
from .conftest import Cast, asked, calls, run_out
from .test_asking import planned  # noqa: F401
from .test_patterns import PLAN
from .test_tools import armed, card, waiting  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

Set = Callable[..., Conduct]


def turns(question: Message) -> int:
    return Chain.objects.get(root=question).turns


def called(run: Task) -> int:
    """Steps in which an agent had its turn, the answer among them."""
    return run.steps.exclude(kind="tool").exclude(prompt_sha256="").count()


@pytest.mark.parametrize("way", ["sequential", "parallel", "collaborative", "hierarchical"])
def test_each_contribution_takes_a_turn_and_the_answer_one(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set, way: str
) -> None:
    conduct(way, reviews=True)
    cast.says("echo", PLAN if way == "hierarchical" else "Mine.")
    question = asked(den, ada, "tea?", way)
    assert turns(question) == called(run_for(question)) >= 4
    assert said_by_the_house(den) == []


def test_what_an_agent_does_with_tools_is_the_same_turn(
    den: Room,
    ada: User,
    armed: list[Seat],  # noqa: F811
    cast: Cast,
) -> None:
    cast.says("nod", calls("calculator", expression="6*7"), calls("calculator", expression="1+1"), "So.")
    assert turns(asked(den, ada, "tea?")) == 4


def test_one_that_answers_alone_begins_no_chain(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    asked(den, ada, "tea?", "parallel", agents=["nod"])
    assert not Chain.objects.exists()


@pytest.mark.parametrize("allowed", [1, 2, 3, 6])
def test_whoever_the_bound_refuses_is_not_asked_and_what_there_is_is_said(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set, allowed: int
) -> None:
    conduct("collaborative", rounds=6, max_turns=allowed)
    question = asked(den, ada, "tea?", "collaborative")
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "Well.")
    assert len(cast.requests) == turns(question) == allowed
    assert said_by_the_house(den) == [
        f"The agents stop here: in this room one message may set {allowed} turn{'s' if allowed > 1 else ''} going."
    ]
    refused = run.steps.filter(status=Status.FAILED)
    assert {step.output["reason"] for step in refused} == {Reason.ENERGY}


def test_of_many_who_begin_at_once_as_many_as_are_allowed_do(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    for name in ("sky", "sea", "sun", "ice", "oak"):
        another_agent(den, ada, name)
    conduct("parallel", max_turns=5)
    names = ["echo", "nod", "wit", "sky", "sea", "sun", "ice", "oak"]
    question = say(den, ada, " ".join(f"@{name}" for name in names))
    steps = waking.answer(event_of(question).pk)
    with Aside() as aside:
        for step in steps:
            aside.run(tasks.run_step, str(step.pk))
    run_out(question)
    run = run_for(question)
    assert (turns(question), called(run), run.status) == (5, 5, Status.DONE)
    assert run.steps.filter(kind="consult", status=Status.DONE).count() == 4
    assert len(said_by_the_house(den)) == 1


def test_a_team_that_an_agent_calls_takes_from_the_same_chain(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel", max_turns=3, max_depth=20)
    cast.says("echo", "@nod @wit, what do you think?")
    question = say(den, ada, "@echo?")
    pump()
    assert [who for who, _ in cast.requests] in (["echo", "nod", "nod"], ["echo", "wit", "nod"])
    assert turns(question) == 3
    assert all(task.ended_at for task in Task.objects.all())
    assert said_by_the_house(den) == ["The agents stop here: in this room one message may set 3 turns going."]


def test_a_person_who_asks_again_gives_new_turns_and_new_time(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    from agents.llm.port import LLMError

    conduct("parallel", max_turns=4, max_seconds=60)
    for name in ("echo", "nod", "wit"):
        cast.says(name, LLMError("refused"))
    question = asked(den, ada, "tea?")
    Message.objects.filter(pk=question.pk).update(created_at=Now() - timedelta(hours=2))
    Chain.objects.update(started_at=Now() - timedelta(hours=2))
    again = retry_run(run=run_for(question), by=ada)
    run_out(question)
    again.refresh_from_db()
    assert (again.status, again.steps.filter(status=Status.DONE).count()) == (Status.DONE, 4)
    assert turns(question) == 3, "asking again takes none"
    assert said_by_the_house(den) == []


def test_a_team_whose_time_is_up_ends_with_what_there_is(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("sequential", max_seconds=60)
    cast.hears("nod", lambda: Chain.objects.update(started_at=Now() - timedelta(seconds=61)))
    question = asked(den, ada, "tea?", "sequential", agents=["nod", "echo", "wit"])
    assert (run_for(question).status, answer_to(question).body) == (Status.DONE, "Well.")
    assert [who for who, _ in cast.requests] == ["nod", "wit"]
    assert said_by_the_house(den) == [
        "The agents stop here: in this room one message may keep them busy for 60 seconds."
    ]


# --- waiting for people


def aged(seconds: float) -> None:
    """As much time has passed since everything that has happened by now."""
    by = timedelta(seconds=seconds)
    Message.objects.update(created_at=F("created_at") - by)
    Chain.objects.update(started_at=F("started_at") - by)
    Wait.objects.update(since=F("since") - by, until=F("until") - by)


def seconds_waited() -> float:
    return sum((wait.until - wait.since).total_seconds() for wait in Wait.objects.exclude(until=None) if wait.until)


def test_a_plan_may_wait_longer_for_people_than_a_chain_may_take(
    planned: Message,  # noqa: F811
    den: Room,
    bob: User,
    asking: Asking,
) -> None:
    Conduct.objects.update(max_seconds=60)
    aged(800)
    assert asking(bob).post(f"runs/{run_for(planned).pk}/plan/", {"decision": "approve"}).status == 200
    run_out(planned)
    assert (run_for(planned).status, answer_to(planned).body) == (Status.DONE, "Ready.")
    assert said_by_the_house(den) == []
    assert 2400 <= seconds_waited() < 2500, "each of its three steps"


def test_what_it_waited_stays_when_its_steps_are_changed(
    planned: Message,  # noqa: F811
    bob: User,
    asking: Asking,
) -> None:
    Conduct.objects.update(max_seconds=60)
    aged(800)
    steps = [{"agent": "wit", "title": "Cold water"}]
    assert asking(bob).post(f"runs/{run_for(planned).pk}/plan/", {"decision": "edit", "steps": steps}).status == 200
    run_out(planned)
    assert run_for(planned).status == Status.DONE


def test_a_tool_that_waited_takes_no_time_of_the_chain_either(
    waiting: Message,  # noqa: F811
    den: Room,
    bob: User,
    asking: Asking,
    cast: Cast,
) -> None:
    Conduct.objects.update_or_create(room=den, defaults={"max_seconds": 60})
    aged(800)
    assert asking(bob).post(f"approvals/{card().pk}/", {"decision": "approve"}).status == 200
    run_out(waiting)
    assert "It is gone." in [one["text"] for one in cast.asked("echo")[-1]["contributions"]]
    assert said_by_the_house(den) == []


def test_what_passes_before_and_after_a_wait_counts_and_what_waits_at_once_counts_once(
    waiting: Message,  # noqa: F811
    bob: User,
) -> None:
    """100 s of work, then a minute and 90 s of waiting that overlap by half a minute: 120 s in all."""
    chain = Chain.objects.get(root=waiting)
    facts = energy.facts_of(waiting.pk, Conduct(room=waiting.room, max_seconds=101))
    run = run_for(waiting)
    Wait.objects.all().delete()

    def between(begin: int, end: int) -> None:
        since, until = (chain.started_at + timedelta(seconds=at) for at in (begin, end))
        Wait.objects.create(task=run, step=run.steps.filter(kind="consult")[0].pk, since=since, until=until)

    def is_late_after(seconds: float) -> bool:
        by = timedelta(seconds=seconds)
        Chain.objects.update(started_at=Now() - by)
        moved = Chain.objects.get().started_at - chain.started_at
        Wait.objects.update(since=F("since") + moved, until=F("until") + moved)
        late = energy.used_up(facts) == Bound.SECONDS
        Wait.objects.update(since=F("since") - moved, until=F("until") - moved)
        return late

    assert (is_late_after(99), is_late_after(102)) == (False, True)
    between(50, 110)
    between(80, 170)
    assert (is_late_after(220), is_late_after(222)) == (False, True)
    between(-500, -100)
    assert (is_late_after(220), is_late_after(222)) == (False, True), "what was before it began is not its own"


@pytest.mark.parametrize("how", ["cancelled", "denied", "expired", "approved"])
def test_a_wait_ends_with_whatever_ends_it(
    waiting: Message,  # noqa: F811
    bob: User,
    asking: Asking,
    how: str,
) -> None:
    assert Wait.objects.get().until is None
    match how:
        case "cancelled":
            assert asking(bob).post(f"runs/{run_for(waiting).pk}/cancel/").status == 200
        case "expired":
            Approval.objects.update(expires_at=Now())
            sweep()
        case _:
            decision = {"decision": "deny" if how == "denied" else "approve"}
            assert asking(bob).post(f"approvals/{card().pk}/", decision).status == 200
    assert Wait.objects.exclude(until=None).count() == 1
    assert not Step.objects.filter(held=True, status=Status.WAITING).exists()
