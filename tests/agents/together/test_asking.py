"""How several are asked: by a wish, by the room's own way, or as a router thinks. And plans that wait for people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.models import Conduct, Reason, Seat, Status, Step, Task, Wish
from agents.runs.sweeping import sweep
from agents.services import retry_run
from agents.together.router import Candidate, choose
from rooms.models import Event, Message, Room, User
from tests.plugins.rest import Asking

from ..asking import answer_to, ask, run_for
from .conftest import Cast, asked, run_out
from .test_patterns import PLAN

pytestmark = pytest.mark.django_db(transaction=True)

Set = Callable[..., Conduct]


# --- wishes


def test_people_wish_for_agents_and_a_way_by_the_door(
    den: Room, ada: User, bob: User, eve: User, three: list[Seat], asking: Asking
) -> None:
    wish = {"body": "tea?", "coordination": "sequential", "agents": ["nod", "wit"]}
    said = asking(bob).post("rooms/den/ask/", {**wish, "client_id": "one"})
    assert (said.status, said["body"]) == (201, "tea?")
    found = Wish.objects.get()
    assert (str(found.message_id), found.coordination, found.agents) == (said["id"], "sequential", ["nod", "wit"])
    assert asking(bob).post("rooms/den/ask/", {**wish, "client_id": "one"}).status == 200
    assert Wish.objects.count() == 1
    assert asking(bob).post("rooms/den/ask/", {**wish, "agents": ["eve"]}).status == 400
    assert asking(bob).post("rooms/den/ask/", {**wish, "coordination": "shouting"}).status == 400
    assert asking(eve).post("rooms/den/ask/", wish).status == 404
    assert asking(bob, scopes=("read",)).post("rooms/den/ask/", wish).status == 403


def test_a_wish_for_separate_answers_gives_separate_answers(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set
) -> None:
    conduct("parallel")
    question = asked(den, ada, "tea?", "separate", agents=["nod", "wit"])
    assert Task.objects.filter(trigger_message=question, pattern="separate").count() == 2


def test_one_wished_for_alone_answers_alone(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    question = asked(den, ada, "tea?", "parallel", agents=["nod"])
    assert (run_for(question).pattern, answer_to(question).author.username) == ("separate", "nod")


def test_who_asks_again_asks_all_of_them_again(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    from agents.llm.port import LLMError

    for name in ("echo", "nod", "wit"):
        cast.says(name, LLMError("refused"))
    question = asked(den, ada, "tea?")
    again = retry_run(run=run_for(question), by=ada)
    run_out(question)
    again.refresh_from_db()
    assert (again.status, again.pattern, again.attempt) == (Status.DONE, "parallel", 2)
    assert again.steps.filter(kind="consult").count() == 3


# --- a router

TEAM = [
    Candidate("fennel", "An unhurried cook who has fed many people: soup, bread, shopping lists"),
    Candidate("proof", "A careful reviewer of code and of plans"),
    Candidate("minutes", "Keeps the minutes: decisions, tasks, open questions"),
]


@pytest.mark.parametrize(
    ("question", "mentioned", "coordination", "agents"),
    [
        ("how much bread for the soup?", [], "separate", ["fennel"]),
        ("and what do you think?", ["proof"], "separate", ["proof"]),
        ("and you?", ["proof", "fennel"], "parallel", ["fennel", "proof"]),
        ("should we bake bread or buy it?", [], "collaborative", ["fennel", "proof", "minutes"]),
        ("please plan the soup for Friday", [], "hierarchical", ["fennel", "proof", "minutes"]),
        ("draft a list and then check it", [], "sequential", ["fennel", "proof", "minutes"]),
        ("who cooks? who carries? who cleans?", [], "parallel", ["fennel", "proof", "minutes"]),
        ("hello", [], "separate", ["fennel"]),
    ],
)
def test_a_router_chooses_one_or_several_and_says_why(
    question: str, mentioned: list[str], coordination: str, agents: list[str]
) -> None:
    choice = choose(question, TEAM, mentioned)
    assert (choice.coordination, list(choice.agents)) == (coordination, agents)
    assert choice.why.endswith(".")


def test_the_routers_choice_is_written_down_and_people_override_it(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set, asking: Asking
) -> None:
    conduct("auto")
    Seat.objects.update(trigger="always")
    alone = ask(den, ada, "who knows about tea?")
    run_out(alone)
    run = run_for(alone)
    assert (run.agent.user.username, run.pattern) == ("nod", "separate")
    assert asking(ada).get(f"runs/{run.pk}/")["steps"][0]["routed"] == "It knows most about this."
    several = ask(den, ada, "should we make tea?")
    run_out(several)
    assert run_for(several).pattern == "collaborative"
    assert run_for(several).steps.all()[0].input["routed"].startswith("Several, since")
    overridden = asked(den, ada, "should we make tea?", "parallel", agents=["echo", "wit"])
    assert run_for(overridden).pattern == "parallel"


# --- plans that wait for people


def test_who_asks_may_want_to_see_the_plan_first_where_the_room_does_not(
    den: Room, ada: User, three: list[Seat], cast: Cast
) -> None:
    cast.says("echo", PLAN)
    question = asked(den, ada, "tea?", "hierarchical", agents=["echo", "nod", "wit"], approves_plans=True)
    run_out(question)
    assert Event.objects.filter(room=den, type="plan.proposed").exists()
    assert Step.objects.filter(task=run_for(question), held=True).count() == 3


@pytest.fixture
def planned(den: Room, ada: User, bob: User, three: list[Seat], cast: Cast, conduct: Set) -> Message:
    conduct("hierarchical", approves_plans=True)
    cast.says("echo", PLAN, "Ready.")
    question = ask(den, bob, "@echo @nod @wit tea?")
    run_out(question)
    return question


def test_a_plan_waits_until_who_asked_approves_it(
    planned: Message, den: Room, ada: User, bob: User, gus: User, eve: User, cast: Cast, asking: Asking
) -> None:
    run = run_for(planned)
    assert (run.status, answer_to(planned).state) == (Status.RUNNING, "writing")
    assert Event.objects.filter(room=den, type="plan.proposed").exists()
    path = f"runs/{run.pk}/plan/"
    shown = asking(gus).get(path)
    assert [(one["agent"], one["title"], one["needs"]) for one in shown["steps"]] == [
        ("nod", "Look for tea", []), ("wit", "Boil water", []), ("nod", "Make it", [1, 2]),
    ]  # fmt: skip
    assert asking(gus).post(path, {"decision": "approve"}).status == 403
    assert asking(eve).post(path, {"decision": "approve"}).status == 404
    sweep()
    assert run_for(planned).status == Status.RUNNING
    approved = asking(bob).post(path, {"decision": "approve"})
    assert approved.status == 200, approved
    assert asking(bob).post(path, {"decision": "approve"}).status == 409
    run_out(planned)
    assert (run_for(planned).status, answer_to(planned).body) == (Status.DONE, "Ready.")
    assert Event.objects.filter(room=den, type="plan.decided").get().data["by"] == "bob"


def test_a_plan_is_changed_by_a_moderator_and_carried_out_as_changed(
    planned: Message, mod: User, cast: Cast, asking: Asking
) -> None:
    path = f"runs/{run_for(planned).pk}/plan/"
    mine = [{"agent": "wit", "title": "Cold water"}, {"agent": "nod", "title": "Serve", "needs": [1]}]
    for wrong in ([], [{"agent": "mod", "title": "x"}], [{"agent": "wit", "title": "x", "needs": [1]}]):
        assert asking(mod).post(path, {"decision": "edit", "steps": wrong}).status == 400
    assert asking(mod).post(path, {"decision": "approve", "steps": mine}).status == 400
    assert asking(mod).post(path, {"decision": "edit", "steps": mine}).status == 200
    run_out(planned)
    run = run_for(planned)
    assert run.status == Status.DONE
    done = run.steps.filter(kind="consult").order_by("started_at")
    assert [(step.agent and step.agent.user.username, step.title) for step in done] == [
        ("wit", "Cold water"), ("nod", "Serve"),
    ]  # fmt: skip


def test_what_is_written_into_a_plan_is_taken_whole_or_refused(planned: Message, bob: User, asking: Asking) -> None:
    path = f"runs/{run_for(planned).pk}/plan/"
    for name, wrong in (("instruction", "x" * 601), ("title", "x" * 281), ("need", [1]), ("needs", [True])):
        steps = [{"agent": "wit", "title": "Cold water", name: wrong}]
        refused = asking(bob).post(path, {"decision": "edit", "steps": steps})
        assert (refused.status, next(iter(refused["fields"])).startswith(f"steps.0.{name}")) == (400, True), refused
    assert asking(bob).get(path)["steps"][0]["title"] == "Look for tea"


def test_a_refused_plan_ends_the_run_and_says_who_refused(planned: Message, bob: User, asking: Asking) -> None:
    assert asking(bob).post(f"runs/{run_for(planned).pk}/plan/", {"decision": "refuse"}).status == 200
    run, answer = run_for(planned), answer_to(planned)
    assert (run.status, run.reason) == (Status.FAILED, Reason.DENIED)
    assert (answer.state, answer.notice) == ("interrupted", "@bob did not approve the plan.")


def test_a_plan_that_nobody_decides_about_expires(planned: Message, settings: object) -> None:
    settings.PLAN_APPROVAL_SECONDS = 0  # type: ignore[attr-defined]
    sweep()
    run = run_for(planned)
    assert (run.reason, answer_to(planned).notice) == (
        Reason.EXPIRED,
        "Nobody approved the plan in time. You can ask again.",
    )
    assert not Step.objects.filter(task=run, status=Status.WAITING).exists()


# --- how agents behave in a room


def test_the_owner_says_how_agents_behave_and_members_read_it(
    den: Room, ada: User, bob: User, eve: User, three: list[Seat], asking: Asking
) -> None:
    before = asking(bob).get("rooms/den/conduct/")
    assert (before["coordination"], before["lead"], before["max_turns"]) == ("separate", None, 30)
    said = asking(ada).patch("rooms/den/conduct/", {"coordination": "collaborative", "lead": "nod", "rounds": 3})
    assert (said.status, said["lead"], said["rounds"]) == (200, "nod", 3)
    assert asking(ada).patch("rooms/den/conduct/", {"lead": None})["lead"] is None
    told = Event.objects.filter(room=den, type="conduct.changed").order_by("seq").first()
    assert told is not None
    assert told.data == {"changed": ["coordination", "lead", "rounds"], "by": "ada"}
    for wrong in ({"rounds": 7}, {"lead": "bob"}, {"max_seconds": 1}, {"coordination": "loud"}, {"strange": 1}):
        assert asking(ada).patch("rooms/den/conduct/", wrong).status == 400, wrong
    assert asking(bob).patch("rooms/den/conduct/", {"rounds": 1}).status == 403
    assert asking(eve).get("rooms/den/conduct/").status == 404
