"""Money set aside before a model is called: nobody, no room, no agent and no chain spends more than it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Sum

from agents.llm.litellm_backend import _import
from agents.llm.port import backend_for
from agents.models import Account, Agent, Conduct, Hold, Reason, Seat, Step, Task, Usage
from agents.runs.claims import claim
from agents.runs.sweeping import sweep
from agents.services import seat_agent
from rooms import background, prepared
from rooms.models import Room, User
from rooms.services.rooms import create_room
from tests.upstream.server import Upstream

from .asking import Aside, answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)

LITELLM = "agents.llm.litellm_backend.LiteLLM"
CENT = 10_000
DIME = 10 * CENT


@pytest.fixture(autouse=True)
def _provider(upstream: Upstream, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.LLM_BACKEND, settings.LLM_API_BASE, settings.LLM_API_KEY = LITELLM, upstream.base, "sk-test-key"
    _import()  # as long as that takes; warming has a deadline
    background.run(backend_for(LITELLM).warm(), 60)
    yield
    background.run(backend_for(LITELLM).close(), 10)


def costs(model: str, *, prompt: float = 1, completion: float = 100, most: int = 100) -> None:
    """All agents speak with this model, at these millionths of a dollar a token."""
    price = {"prompt": prompt, "completion": completion}
    Agent.objects.update(model=f"openai/{model}", parameters={"price": price}, max_reply_tokens=most)


def budget(scope: str, key: object, limit: int | None, period: str = "day") -> Account:
    return Account.objects.create(scope=scope, key=str(key), period=period, limit_micros=limit)


def spent() -> int:
    return Usage.objects.aggregate(sum=Sum("cost_micros"))["sum"] or 0


def test_fifty_who_ask_at_once_spend_no_more_than_their_dime(
    den: Room, ada: User, seat: Seat, upstream: Upstream
) -> None:
    costs("fine-n40-i5")
    mine = budget("person", ada.pk, DIME)
    rooms = [create_room(creator=ada, name=f"Room {number}", slug=f"room-{number}") for number in range(50)]
    for room in rooms:  # in one room, an agent answers one person's questions as one
        seat_agent(room=room, agent=seat.agent, by=ada)
    with Aside(16) as aside:
        asked = [aside.run(ask, room, ada, "@echo what does it cost?") for room in rooms]
    reasons = {run_for(question.result(60)).reason for question in asked}
    mine.refresh_from_db()
    assert spent() == mine.spent_micros
    assert DIME // 2 < spent() <= DIME
    assert mine.held_micros == 0
    assert reasons <= {Reason.ANSWERED, Reason.BUDGET}
    assert Reason.BUDGET in reasons
    assert not Hold.objects.filter(released_at=None).exists()


def test_who_has_nothing_left_is_told_so_and_the_model_is_not_called(
    den: Room, ada: User, bob: User, seat: Seat, upstream: Upstream
) -> None:
    costs("fine")
    budget("person", ada.pk, 10)
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.BUDGET
    notice = answer_to(question).notice
    assert notice.startswith("What the person who began this may spend on answers today is used up.")
    assert "midnight UTC" in notice
    assert not upstream.calls
    assert run_for(ask(den, bob, "@echo?")).reason == Reason.ANSWERED


@pytest.mark.parametrize("scope", ["group", "room", "agent"])
def test_a_budget_of_group_room_or_agent_stops_whoever_asks(
    den: Room, ada: User, seat: Seat, upstream: Upstream, scope: str
) -> None:
    from django.contrib.auth.models import Group

    costs("fine")
    group = Group.objects.create(name="writers")
    ada.groups.add(group)
    budget(scope, {"group": group.pk, "room": den.pk, "agent": seat.agent_id}[scope], 10)
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.BUDGET
    assert not upstream.calls


def test_what_one_question_may_cost_is_bounded_without_any_account(
    den: Room, ada: User, seat: Seat, upstream: Upstream
) -> None:
    costs("fine")
    Conduct.objects.create(room=den, max_cost_micros=5)
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.BUDGET
    assert answer_to(question).notice.startswith("What one question may cost here")


def test_an_answer_is_cut_where_the_money_ends_and_its_words_stay(
    den: Room, ada: User, seat: Seat, upstream: Upstream
) -> None:
    costs("fine-n500-i1", most=2000)
    mine = budget("person", ada.pk, DIME // 4)  # 250 tokens where the answer may have 2000, and the model has 500
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert run_for(question).reason == Reason.BUDGET
    assert answer.body.startswith("word1 word2 ")
    assert "did not reach for more of this answer" in answer.notice
    assert 60 < len(answer.body.split()) < 250
    assert upstream.calls[0].body["max_tokens"] < 250
    assert upstream.settled() == ["dropped"]
    mine.refresh_from_db()
    assert (mine.held_micros, mine.spent_micros) == (0, spent())
    assert spent() <= DIME // 4


def test_a_model_that_minds_its_limit_ends_for_want_of_money_too(
    den: Room, ada: User, seat: Seat, upstream: Upstream
) -> None:
    costs("length", most=2000)
    budget("person", ada.pk, DIME // 4)
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.BUDGET


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those about money, as they are made."""
    made: list[str] = []
    for name in ("fetch", "execute"):
        was = getattr(prepared, name)

        def noted(sql: str, params: Any, was: Any = was) -> Any:
            if "agents_account" in sql or "agents_hold" in sql:
                made.append(sql)
            return was(sql, params)

        monkeypatch.setattr(prepared, name, noted)
    return made


def test_a_model_without_a_price_costs_no_statement(den: Room, ada: User, seat: Seat, statements: list[str]) -> None:
    Agent.objects.update(model="openai/fine")
    budget("person", ada.pk, 0)
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.ANSWERED
    assert statements == []


def test_where_no_limits_are_set_one_statement_reserves_and_one_settles(
    den: Room, ada: User, seat: Seat, statements: list[str]
) -> None:
    costs("fine")
    question = ask(den, ada, "@echo?")
    assert len(statements) == 2
    account = Account.objects.get()
    assert (account.scope, account.key, account.held_micros) == ("chain", str(question.pk), 0)
    assert account.spent_micros == spent() > 0


def test_the_settings_give_everybody_a_budget_and_the_admin_can_lift_it(
    den: Room, ada: User, bob: User, seat: Seat, settings: Any
) -> None:
    costs("fine")
    settings.PERSON_BUDGET_MICROS_PER_DAY = 10
    budget("person", bob.pk, None)
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.BUDGET
    assert run_for(ask(den, bob, "@echo?")).reason == Reason.ANSWERED
    settings.PERSON_BUDGET_MICROS_PER_DAY = DIME
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.ANSWERED


def test_guests_have_a_budget_of_their_own(
    den: Room, ada: User, gus: User, seat: Seat, upstream: Upstream, settings: Any
) -> None:
    costs("fine")
    settings.GUEST_BUDGET_MICROS_PER_DAY, settings.PERSON_BUDGET_MICROS_PER_DAY = 10, DIME
    question = ask(den, gus, "@echo?")
    assert run_for(question).reason == Reason.BUDGET
    assert "midnight UTC" in answer_to(question).notice
    assert not upstream.calls
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.ANSWERED


def test_whoever_asks_again_pays_for_that_and_nobody_for_another(den: Room, ada: User, bob: User, seat: Seat) -> None:
    from agents.runs import life as runs
    from agents.services import regenerate

    costs("fine")
    question = ask(den, ada, "@echo?")
    budget("person", bob.pk, 10)
    again = regenerate(run=run_for(question), by=bob)
    runs.run(again.steps.get().pk)
    again.refresh_from_db()
    assert again.reason == Reason.BUDGET
    Account.objects.filter(scope="person").update(limit_micros=DIME)
    again = regenerate(run=again, by=bob)
    runs.run(again.steps.get().pk)
    usage = Usage.objects.get(step__task=again)
    assert (usage.requester, usage.payer) == (bob, bob)
    assert Account.objects.get(scope="chain").key == str(question.pk)


def test_the_hold_of_a_worker_that_died_comes_back_with_what_it_surely_took(den: Room, ada: User, seat: Seat) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from agents.runs import life as runs

    costs("hang")
    mine = budget("person", ada.pk, DIME)
    step_id = woken(say(den, ada, "@echo?"))[0]
    dead = runs.begin(Step.objects.select_related(*runs.RELATED).get(pk=step_id), claim(step_id))  # type: ignore[arg-type]
    dead.begun.meanwhile()
    mine.refresh_from_db()
    assert mine.held_micros > 0
    Step.objects.filter(pk=step_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep().ended == 1
    mine.refresh_from_db()
    assert mine.held_micros == 0
    assert mine.spent_micros == spent() > 0
    assert Task.objects.get().reason == Reason.WORKER_LOST


def test_what_a_worker_sets_aside_that_slept_until_its_step_had_ended_comes_back(
    den: Room, ada: User, seat: Seat
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from agents.runs import life as runs

    costs("hang")
    mine = budget("person", ada.pk, DIME)
    step_id = woken(say(den, ada, "@echo?"))[0]
    asleep = claim(step_id)
    step = Step.objects.select_related(*runs.RELATED).get(pk=step_id)
    Step.objects.filter(pk=step_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep().ended == 1
    awake = runs.begin(step, asleep)  # type: ignore[arg-type]
    awake.meanwhile()
    assert Hold.objects.get().released_at is None
    assert awake.begun.outcome.result(30) is None  # it finds out
    sweep()
    assert Hold.objects.get().released_at is not None
    mine.refresh_from_db()
    assert (mine.held_micros, mine.spent_micros) == (0, 0)


def test_a_worker_that_slept_longer_than_its_lease_calls_no_model(
    den: Room, ada: User, seat: Seat, upstream: Upstream
) -> None:
    from agents.runs import life as runs

    costs("hang")
    step_id = woken(say(den, ada, "@echo?"))[0]
    asleep = claim(step_id)
    assert asleep is not None
    asleep.lease.since -= 60
    awake = runs.begin(Step.objects.select_related(*runs.RELATED).get(pk=step_id), asleep)
    awake.meanwhile()
    assert awake.begun.outcome.result(30) is None
    assert not upstream.calls


def test_yesterdays_spending_counts_for_nothing_today(den: Room, ada: User, seat: Seat) -> None:
    from datetime import timedelta

    from django.utils import timezone

    costs("fine")
    mine = budget("person", ada.pk, DIME)
    Account.objects.update(spent_micros=DIME, resets_at=timezone.now() - timedelta(hours=1))
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.ANSWERED
    mine.refresh_from_db()
    assert mine.spent_micros == spent()
    assert mine.resets_at is not None
    assert mine.resets_at > timezone.now()
