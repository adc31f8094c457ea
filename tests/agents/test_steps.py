"""Stopping one step of a run, and doing a run again from one of its steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from agents.inside.graph import layers_of
from agents.llm.scripted import Scripted
from agents.models import Agent, Seat, Step, Task, Usage
from agents.runs.laying import lay_rows
from agents.services import groups
from agents.tasks import run_step
from rooms.models import Message, Room, User
from tests.plugins.rest import Answer, Asking
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def armed(seat: Seat) -> Seat:
    Agent.objects.filter(pk=seat.agent_id).update(tools=["calculator", "read_messages"])
    seat.agent.refresh_from_db()
    return seat


def calculates(scripted: Scripted) -> None:
    scripted.says("Let me see.").calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("It is 42.")


def steps_of(run: Task) -> list[Step]:
    """In the order in which they can be run."""
    steps = {step.pk: step for step in Step.objects.filter(task=run).prefetch_related("needs").order_by("id")}
    return [steps[id] for id in layers_of({id: [one.pk for one in step.needs.all()] for id, step in steps.items()})]


def finish(answer: Answer) -> Task:
    """Do what the queue would do; tools and what follows them included."""
    for _ in range(5):
        for step in Step.objects.ready().filter(task=answer["id"]):
            run_step(str(step.pk))
    return Task.objects.select_related("reply").get(pk=answer["id"])


def path_of(run: Task, step: Step | UUID, verb: str) -> str:
    return f"runs/{run.pk}/steps/{step.pk if isinstance(step, Step) else step}/{verb}/"


def laid(seat: Seat, question: Message, **needs: str) -> dict[str, Step]:
    """A run with these steps, by a letter each, waiting."""
    (first,) = lay_rows(seat, question, question.author)
    steps = {"a": first}
    for name, above in needs.items():
        steps[name] = Step.objects.create(task=first.task, kind="consult", title=f"do {name}")
        steps[name].needs.add(*(steps[one] for one in above))
    return steps


# --- stopping


def test_a_step_that_waits_is_stopped_with_all_that_needs_it_and_the_rest_goes_on(
    asking: Asking, den: Room, ada: User, bob: User, eve: User, seat: Seat
) -> None:
    steps = laid(seat, say(den, ada, "@echo?"), b="a", c="b", d="a")
    run = steps["a"].task
    assert asking(eve).post(path_of(run, steps["b"], "cancel")).status == 404
    assert asking(bob).post(path_of(run, steps["b"], "cancel")).status == 403
    answer = asking(ada).post(path_of(run, steps["b"], "cancel"))
    assert answer.status == 200, answer
    status = {name: Step.objects.get(pk=step.pk).status for name, step in steps.items()}
    assert status == {"a": "waiting", "b": "cancelled", "c": "cancelled", "d": "waiting"}
    assert answer["status"] == "waiting"
    again = asking(ada).post(path_of(run, steps["b"], "cancel"))
    assert (again.status, again["detail"]) == (409, "This step has ended already.")
    assert asking(ada).post(path_of(run, run.pk, "cancel")).status == 404


def test_where_nothing_could_end_the_run_any_more_it_ends_with_what_was_shown(
    asking: Asking, den: Room, ada: User, mod: User, seat: Seat
) -> None:
    steps = laid(seat, say(den, ada, "@echo?"), b="a", c="a", d="bc")
    run = steps["a"].task
    answer = asking(mod).post(path_of(run, steps["b"], "cancel"))
    assert (answer["status"], answer["reason"]) == ("cancelled", "cancelled")
    assert {step.status for step in steps_of(run)} == {"cancelled"}


def test_a_step_that_is_being_run_breaks_off_and_its_words_stay(
    asking: Asking, den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Half of it").stalls()
    question = say(den, ada, "@echo?")
    (step,) = woken(question)
    run = run_for(question)
    with Aside() as aside:
        writing = aside.run(run_step, str(step))
        until(lambda: answer_to(question).body == "Half of it")
        assert asking(ada).post(path_of(run, step, "cancel")).status == 200
        writing.result(PATIENCE)
    run = run_for(question)
    assert (run.status, answer_to(question).body, answer_to(question).state) == (
        "cancelled",
        "Half of it",
        "interrupted",
    )


def test_of_a_step_that_is_stopped_alone_while_it_runs_the_others_go_on(
    asking: Asking, den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    steps = laid(seat, say(den, ada, "@echo?"), d="", e="")
    run, running = steps["a"].task, steps["a"]
    scripted.stalls()
    with Aside() as aside:
        writing = aside.run(run_step, str(running.pk))
        until(lambda: Step.objects.filter(pk=running.pk, status="running").exists())
        assert asking(ada).post(path_of(run, running, "cancel")).status == 200
        writing.result(PATIENCE)
    run.refresh_from_db()
    assert run.status == "running"
    assert [step.status for step in steps_of(run)] == ["cancelled", "waiting", "waiting"]


# --- again


def test_a_run_done_again_from_its_last_step_uses_what_the_tools_answered_and_pays_for_that_step_only(
    asking: Asking, den: Room, ada: User, bob: User, eve: User, armed: Seat, scripted: Scripted
) -> None:
    calculates(scripted)
    run = run_for(ask(den, ada, "@echo six times seven?"))
    first, tool, last = steps_of(run)
    path = path_of(run, last, "retry")
    assert asking(eve).post(path).status == 404
    assert asking(bob).post(path).status == 403
    asked = len(scripted.requests)
    scripted.says("Forty-two.")
    again = asking(ada).post(path)
    assert again.status == 201, again
    assert (again["alternative_of"], again["attempt"]) == (str(run.pk), 2)
    done = finish(again)
    assert done.reply is not None
    assert (done.status, done.reply.body) == ("done", "Let me see.\n\nForty-two.")
    assert len(scripted.requests) == asked + 1
    assert "42" in scripted.requests[-1].turns[-1].content, "what the tool had answered"
    assert Usage.objects.filter(step__task=done).count() == 1
    mine = steps_of(done)
    assert [step.kind for step in mine] == ["complete", "tool", "complete"]
    assert [step.input.get("taken_from") for step in mine] == [str(first.pk), str(tool.pk), None]
    assert [[one.pk for one in step.needs.all()] for step in mine] == [[], [mine[0].pk], [mine[1].pk]]
    assert run.reply is not None
    assert run.reply.body == "Let me see.\n\nIt is 42."


def test_from_the_step_that_called_tools_the_model_calls_its_own(
    asking: Asking, den: Room, ada: User, armed: Seat, scripted: Scripted
) -> None:
    calculates(scripted)
    run = run_for(ask(den, ada, "@echo?"))
    scripted.says("I know it: 42.")
    done = finish(asking(ada).post(path_of(run, steps_of(run)[0], "retry")))
    assert done.reply is not None
    assert (done.reply.body, [step.kind for step in steps_of(done)]) == ("I know it: 42.", ["complete"])


def test_from_a_tool_the_tool_is_used_again_and_what_went_before_is_not(
    asking: Asking, den: Room, ada: User, armed: Seat, scripted: Scripted
) -> None:
    calculates(scripted)
    run = run_for(ask(den, ada, "@echo?"))
    scripted.says("Again 42.")
    done = finish(asking(ada).post(path_of(run, steps_of(run)[1], "retry")))
    assert done.reply is not None
    assert done.reply.body == "Let me see.\n\nAgain 42."
    assert [step.attempt for step in steps_of(done)] == [0, 1, 1]


def test_what_a_tool_read_in_the_room_was_not_kept_so_it_reads_again(
    asking: Asking, den: Room, ada: User, armed: Seat, scripted: Scripted
) -> None:
    scripted.calls("read_messages").finishes("tool_calls")
    scripted.says("Nothing much.")
    run = run_for(ask(den, ada, "@echo?"))
    scripted.says("Still nothing.")
    done = finish(asking(ada).post(path_of(run, steps_of(run)[2], "retry")))
    assert done.reply is not None
    assert (done.reply.body, [step.attempt for step in steps_of(done)]) == ("Still nothing.", [0, 1, 1])


def test_steps_that_were_done_and_are_not_needed_again_are_taken_over_and_planned_ones_stay_planned(
    asking: Asking, den: Room, ada: User, seat: Seat
) -> None:
    steps = laid(seat, say(den, ada, "@echo?"), b="a", c="a", d="bc")
    over: dict[str, Any] = {"status": "done", "ended_at": timezone.now()}
    Step.objects.filter(task=steps["a"].task).update(**over, output={"text": "words"})
    Task.objects.filter(pk=steps["a"].task_id).update(**over, reason="answered")
    again = asking(ada).post(path_of(steps["a"].task, steps["b"], "retry"))
    assert again.status == 201, again
    assert sorted((step["status"], len(step["needs"])) for step in again["steps"]) == [
        ("done", 0),
        ("done", 1),
        ("waiting", 1),
        ("waiting", 2),
    ]


def test_where_agents_work_together_later_stages_are_left_to_be_laid_out_when_they_are_reached(
    asking: Asking, den: Room, ada: User, seat: Seat
) -> None:
    steps = laid(seat, say(den, ada, "@echo?"), b="", c="", d="bc", e="d")
    Step.objects.filter(pk=steps["a"].pk).update(kind="plan")
    Step.objects.filter(pk=steps["d"].pk).update(kind="review", input={"of": str(steps["b"].pk)})
    Step.objects.filter(pk=steps["e"].pk).update(kind="complete")
    over: dict[str, Any] = {"status": "done", "ended_at": timezone.now()}
    Step.objects.filter(task=steps["a"].task).update(**over, output={"text": "words"})
    Task.objects.filter(pk=steps["a"].task_id).update(**over, reason="answered", pattern="parallel")
    again = asking(ada).post(path_of(steps["a"].task, steps["b"], "retry"))
    assert sorted((step["kind"], step["status"]) for step in again["steps"]) == [
        ("consult", "done"),
        ("consult", "waiting"),
        ("plan", "done"),
    ]
    Task.objects.filter(pk=again["id"]).update(**over, reason="answered")
    Step.objects.filter(task=again["id"], status="waiting").update(**over)
    judged = asking(ada).post(path_of(steps["a"].task, steps["d"], "retry"))
    review = Step.objects.get(task=judged["id"], kind="review")
    assert Step.objects.get(pk=review.input["of"]).task_id == review.task_id, "it names the step of its own run"


def test_done_again_it_names_the_version_that_gave_the_new_answer(
    asking: Asking, den: Room, ada: User, seat: Seat
) -> None:
    run = run_for(ask(den, ada, "@echo?"))
    Agent.objects.filter(pk=seat.agent_id).update(owner=ada)
    assert asking(ada).patch("agents/echo/", {"persona": "Somebody else now."})["version"] == run.agent_version + 1
    again = asking(ada).post(path_of(run, steps_of(run)[0], "retry"))
    assert again["agent_version"] == run.agent_version + 1


def test_of_many_who_do_it_again_at_once_one_does_and_there_is_an_end_to_it(
    asking: Asking, den: Room, ada: User, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_for(ask(den, ada, "@echo?"))
    (step,) = steps_of(run)
    path = path_of(run, step, "retry")
    with Aside(4) as aside:
        answers = [aside.run(lambda: asking(ada).post(path)) for _ in range(4)]
        told = sorted((one.result(PATIENCE) for one in answers), key=lambda one: one.status)
    assert [one.status for one in told] == [201, 409, 409, 409]
    finish(told[0])
    monkeypatch.setattr(groups, "MOST", 2)
    assert asking(ada).post(path)["detail"] == "There are 2 answers to this already."


def test_a_run_that_is_under_way_or_whose_answer_was_taken_back_is_not_done_again(
    asking: Asking, den: Room, ada: User, mod: User, seat: Seat
) -> None:
    question = say(den, ada, "@echo?")
    (step,) = woken(question)
    run = run_for(question)
    assert asking(ada).post(path_of(run, step, "retry")).status == 409
    run_step(str(step))
    assert asking(mod).delete(f"messages/{answer_to(question).pk}/").status == 204
    assert asking(ada).post(path_of(run, step, "retry")).status == 409
