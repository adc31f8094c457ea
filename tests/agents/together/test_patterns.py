"""Several agents answer one question: four ways to go about it, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.context import building as context
from agents.llm.port import LLMError
from agents.models import Conduct, Reason, Seat, Status, Step, Task, Usage
from agents.routing.routes import Sight
from rooms.models import Message, Room, User
from rooms.services.memberships import remove_member
from tests.files import attached

from ..asking import answer_to, ask, run_for
from .conftest import Cast, asked, run_out, tail

pytestmark = pytest.mark.django_db(transaction=True)

Set = Callable[..., Conduct]


def kinds(run: Task) -> list[tuple[str, str]]:
    """What was done by whom, in the order in which it was begun."""
    steps = run.steps.select_related("agent__user").order_by("started_at")
    return [(step.kind, step.agent.user.username if step.agent else "") for step in steps]


def test_in_parallel_everybody_contributes_and_one_speaks(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel")
    cast.says("echo", "Echo thinks so.", "All agree.")
    cast.says("nod", "Nod thinks so.")
    question = ask(den, ada, "@echo @nod @wit is there tea?")
    run_out(question)
    run, answer = run_for(question), answer_to(question)
    assert (answer.state, answer.body, answer.author.username) == ("visible", "All agree.", "echo")
    assert (run.status, run.reason, run.pattern) == (Status.DONE, Reason.ANSWERED, "parallel")
    assert sorted(kinds(run)[:3]) == [("consult", "echo"), ("consult", "nod"), ("consult", "wit")]
    assert kinds(run)[3:] == [("complete", "")]
    told = cast.asked("echo")[-1]
    assert [(one["from"], one["text"]) for one in told["contributions"]] == [
        ("echo", "Echo thinks so."), ("nod", "Nod thinks so."), ("wit", "Well."),
    ]  # fmt: skip
    assert Message.objects.filter(author__kind="agent").count() == 1


def test_everybody_who_works_on_it_is_shown_the_picture(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "sight_of", lambda agent: Sight(sees=True))
    conduct("parallel")
    file = attached(den, ada)
    question = ask(den, ada, "@echo @nod @wit what is this?", attachments=[file.pk])
    run_out(question)
    steps = run_for(question).steps.all()
    assert [step.kind for step in steps].count("consult") == 3
    assert [[one["attachment"] for one in step.pictures] for step in steps] == [[str(file.pk)]] * 4


def test_everybody_is_charged_for_with_its_own_name_and_who_asked_pays(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    question = asked(den, ada, "tea?")
    usages = Usage.objects.filter(step__task=run_for(question))
    assert sorted(usages.values_list("agent__user__username", flat=True)) == ["echo", "echo", "nod", "wit"]
    assert set(usages.values_list("requester__username", flat=True)) == {"ada"}


def test_one_that_fails_is_told_of_and_the_others_answer(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("nod", LLMError("refused"))
    question = asked(den, ada, "tea?")
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "Well.")
    assert cast.asked("echo")[-1]["failed"] == ["nod"]
    failed = run.steps.get(agent__user__username="nod")
    assert (failed.status, failed.output["reason"]) == (Status.FAILED, "refused")


def test_when_all_fail_the_run_ends_with_their_reason(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    for name in ("echo", "nod", "wit"):
        cast.says(name, LLMError("refused"))
    question = asked(den, ada, "tea?")
    run, answer = run_for(question), answer_to(question)
    assert (run.status, run.reason, answer.state) == (Status.FAILED, Reason.REFUSED, "interrupted")
    assert answer.notice


def test_in_sequence_each_sees_those_before_it_and_the_last_speaks(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    cast.says("wit", "So be it.")
    question = asked(den, ada, "tea?", "sequential", agents=["nod", "echo", "wit"])
    assert kinds(run_for(question)) == [("consult", "nod"), ("consult", "echo"), ("complete", "")]
    assert (answer_to(question).author.username, answer_to(question).body) == ("wit", "So be it.")
    assert "contributions" not in cast.asked("nod")[0]
    assert [one["from"] for one in cast.asked("echo")[0]["contributions"]] == ["nod"]
    assert [one["from"] for one in cast.asked("wit")[0]["contributions"]] == ["nod", "echo"]


def test_who_talks_in_rounds_ends_by_consensus(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("collaborative", rounds=5)
    yes = {"act": "agree", "point": "There is tea."}
    for name in ("echo", "nod", "wit"):
        cast.says(name, "First.", "Second." + tail(yes))
    question = ask(den, ada, "@echo @nod @wit tea?")
    run_out(question)
    run = run_for(question)
    assert run.steps.filter(kind="consult").count() == 6
    assert cast.asked("echo")[-1]["ended_by"] == "consensus"
    assert {one["from"]: one["text"] for one in cast.asked("nod")[1]["contributions"]}["wit"] == "First."
    assert [one["text"] for one in cast.asked("echo")[-1]["contributions"]] == ["Second."] * 3


def test_who_never_agrees_ends_by_rounds(den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set) -> None:
    conduct("collaborative", rounds=3)
    question = ask(den, ada, "@echo @nod tea?")
    run_out(question)
    assert run_for(question).steps.filter(kind="consult").count() == 6
    assert cast.asked("echo")[-1]["ended_by"] == "rounds"


PLAN = """{"subtasks": [
    {"agent": "nod", "title": "Look for tea", "instruction": "In the tin."},
    {"agent": "wit", "title": "Boil water", "instruction": "A litre."},
    {"agent": "nod", "title": "Make it", "instruction": "Slowly.", "needs": [1, 2]}]}"""


def test_a_lead_plans_and_the_plan_is_carried_out_as_a_graph(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    cast.says("echo", PLAN, "Tea is ready.")
    question = asked(den, ada, "tea?", "hierarchical")
    run = run_for(question)
    assert answer_to(question).body == "Tea is ready."
    steps = {step.title: step for step in run.steps.filter(kind="consult")}
    plan = run.steps.get(kind="plan")
    assert set(steps["Make it"].needs.all()) == {plan, steps["Look for tea"], steps["Boil water"]}
    assert list(steps["Boil water"].needs.all()) == [plan]
    made = cast.asked("nod")[1]
    assert (made["title"], made["part"]) == ("Make it", "Slowly.")
    assert [one["title"] for one in made["contributions"]] == ["Look for tea", "Boil water"]


@pytest.mark.parametrize(
    "nonsense",
    [
        "I would rather not.",
        '{"subtasks": []}',
        '{"subtasks": [{"agent": "eve", "title": "x"}]}',
        '{"subtasks": [{"agent": "nod", "title": "x", "needs": [2]}, {"agent": "nod", "title": "y", "needs": [1]}]}',
        str({"subtasks": [{"agent": "nod", "title": "x"}] * 9}).replace("'", '"'),
    ],
    ids=["words", "empty", "stranger", "circle", "too long"],
)
def test_a_plan_that_cannot_be_carried_out_is_asked_for_once_more(
    den: Room, ada: User, three: list[Seat], cast: Cast, nonsense: str
) -> None:
    cast.says("echo", nonsense, PLAN, "Ready.")
    question = asked(den, ada, "tea?", "hierarchical")
    assert answer_to(question).body == "Ready."
    assert cast.asked("echo")[1]["wrong"]
    assert run_for(question).steps.filter(kind="plan").count() == 2


def test_without_a_plan_all_are_asked_at_once(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("echo", "No.", "No!", "Echo too.", "So.")
    question = asked(den, ada, "tea?", "hierarchical")
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "So.")
    assert sorted(kinds(run)[2:5]) == [("consult", "echo"), ("consult", "nod"), ("consult", "wit")]


def test_when_a_part_fails_the_lead_plans_what_is_left_once(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    again = '{"subtasks": [{"agent": "nod", "title": "Cold tea", "instruction": "Then cold."}]}'
    cast.says("echo", PLAN, again, "Cold tea is ready.")
    cast.says("wit", LLMError("refused"))
    question = asked(den, ada, "tea?", "hierarchical")
    run = run_for(question)
    assert (run.status, answer_to(question).body) == (Status.DONE, "Cold tea is ready.")
    assert cast.asked("echo")[1]["failed"] == ["wit"]
    assert run.steps.get(title="Make it").status == Status.CANCELLED
    assert run.steps.get(title="Cold tea").status == Status.DONE


def test_who_was_sent_out_has_no_part_in_a_new_plan(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("echo", PLAN, '{"subtasks": [{"agent": "nod", "instruction": "Then cold."}]}', "Cold tea is ready.")
    cast.says("wit", LLMError("refused"))
    cast.hears("wit", lambda: remove_member(room=den, user=three[2].agent.user, by=ada))
    question = asked(den, ada, "tea?", "hierarchical")
    assert answer_to(question).body == "Cold tea is ready."
    first, second = cast.asked("echo")[:2]
    assert [one["name"] for one in first["agents"]] == ["echo", "nod", "wit"]
    assert [one["name"] for one in second["agents"]] == ["echo", "nod"]


def test_bad_work_goes_back_once(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("echo", "Mine.", '{"score": 1, "points": ["Say how much."]}', '{"score": 5, "points": []}', "Done.")
    cast.says("nod", "Some tea.", "A litre of tea.")
    cast.says("wit", "Hot.")
    question = asked(den, ada, "tea?", reviewed=True)
    run = run_for(question)
    scores = [step.output["score"] for step in run.steps.filter(kind="review")]
    assert (run.status, sorted(scores)) == (Status.DONE, [1, 5])
    sent_back = "nod" if cast.asked("nod")[1:] else "wit"
    again = cast.asked(sent_back)[1]
    assert again["remarks"]["points"] == ["Say how much."]
    assert run.steps.filter(kind="consult").count() == 4


def test_each_answers_for_itself_where_the_room_says_nothing(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    question = ask(den, ada, "@echo @nod tea?")
    run_out(question)
    assert Task.objects.filter(trigger_message=question).count() == 2
    assert set(Task.objects.values_list("pattern", flat=True)) == {"separate"}
    assert not Step.objects.exclude(kind="complete").exists()


def test_nobody_is_asked_who_cannot_read_the_question(
    den: Room, ada: User, bob: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel", lead=three[2].agent)
    question = ask(den, ada, "@echo @nod quietly", visible_to=["bob", "echo", "nod"])
    run_out(question)
    assert answer_to(question).author.username == "echo"
    assert {who for who, _ in cast.requests} == {"echo", "nod"}


def test_the_rooms_lead_speaks_for_those_who_were_asked(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel", lead=three[2].agent)
    question = ask(den, ada, "@echo @nod tea?")
    run_out(question)
    assert answer_to(question).author.username == "wit"
    assert sorted(kinds(run_for(question))[:2]) == [("consult", "echo"), ("consult", "nod")]


def test_a_gate_keeps_what_it_forbids_out_of_contributions_even_in_escapes(
    den: Room, ada: User, three: list[Seat], cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.speaking import gates
    from rooms.gates import ALLOW, Verdict, Weight

    def no_secret(window: gates.Window) -> Verdict:
        return Verdict(Weight.REFUSE, rule="secret") if "secret" in window.text + window.before else ALLOW

    monkeypatch.setattr(gates, "gates", lambda: (no_secret,))
    cast.says("nod", 'Listen.\n```json\n{"acts": [{"act": "share", "point": "the \\u0073ecret"}]}\n```')
    cast.says("wit", "The secret.")
    question = asked(den, ada, "tea?")
    run = run_for(question)
    assert run.status == Status.DONE
    assert "secret" not in str(list(run.steps.values_list("output", flat=True)))
    assert cast.asked("echo")[-1]["failed"] == ["nod", "wit"]
