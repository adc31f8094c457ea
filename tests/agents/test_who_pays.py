"""Each call of a model is in the ledger, with what it was for and who pays: people for what they asked, the house for
the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from agents import tasks
from agents.llm.port import backend_for
from agents.llm.scripted import Scripted
from agents.models import Account, Agent, Alarm, Deployment, Hold, Reason, Route, Seat, Step, Usage
from agents.money import anomalies
from agents.routing import probing, routes
from agents.services import drafts
from rooms import background
from rooms.models import Message, Room, User
from tests.conftest import person
from tests.upstream.server import Upstream

from .asking import answer_to, ask, event_of, run_for, say
from .conftest import another_agent
from .test_money import CENT, DIME, budget, costs, spent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(upstream: Upstream, settings: Any) -> Iterator[Upstream]:
    settings.LLM_BACKEND, settings.LLM_API_BASE, settings.LLM_API_KEY = routes.LITELLM, upstream.base, "sk-test-key"
    background.run(backend_for(routes.LITELLM).warm(), 60)
    routes.forget()
    yield upstream
    routes.forget()
    background.run(backend_for(routes.LITELLM).close(), 10)


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    return client


def place(upstream: Upstream, model: str, **facts: Any) -> Deployment:
    route, _ = Route.objects.get_or_create(name="fast")
    facts = {"prompt_price": 1, "completion_price": 100} | facts
    made = Deployment(
        route=route, name=model.replace("_", "-"), model=f"openai/{model}", base_url=upstream.base, **facts
    )
    made.save()
    return made


def test_a_probe_is_paid_by_the_house_and_shown_as_such(
    den: Room, ada: User, provider: Upstream, settings: Any, console: Client
) -> None:
    lives, dead = place(provider, "length-n1"), place(provider, "500")
    settings.LLM_PROBE_SECONDS = 300
    assert probing.probe() == 2
    row = Usage.objects.get()  # who refused to work has taken nothing
    assert (row.purpose, row.payer, row.agent, row.room) == ("probe", None, None, None)
    assert (row.deployment, row.route_id, row.model) == ("fast/length-n1", lives.route_id, "openai/length-n1")
    assert row.cost_micros >= 100
    lives.health.refresh_from_db()
    assert lives.health.spent_micros == row.cost_micros
    dead.health.refresh_from_db()
    assert dead.health.spent_micros == 0
    page = console.get(reverse("admin:agents_usage_costs")).content.decode()
    for words in ("the house", "whether a deployment lives", "fast/length-n1", "no agent"):
        assert words in page
    assert "the house" in console.get(reverse("admin:agents_usage_changelist")).content.decode()
    assert b"person,the house,1," in console.get(reverse("admin:agents_usage_costs_csv")).content


def test_what_the_house_pays_is_watched_like_anybodys(den: Room, provider: Upstream, settings: Any) -> None:
    place(provider, "length-n1")
    settings.LLM_PROBE_SECONDS, settings.COST_ALERT_FLOOR_MICROS = 300, 50
    probing.probe()
    anomalies.notice()
    assert set(Alarm.objects.values_list("scope", "name")) == {("person", "the house")}
    assert all(alarm.sentence.startswith("The house has spent $0.0001") for alarm in Alarm.objects.all())


def test_a_probe_keeps_to_the_limits_of_its_place(provider: Upstream, settings: Any) -> None:
    place(provider, "length-n1", dollars_per_day="0.000001")
    settings.LLM_PROBE_SECONDS = 300
    probing.probe()
    assert not provider.calls
    assert not Usage.objects.exists()


def test_playing_a_run_again_with_a_live_model_is_paid_by_the_house(
    den: Room, ada: User, seat: Seat, provider: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    costs("fine")
    question = ask(den, ada, "@echo?")
    another_agent(den, ada, "nod")
    costs("fine-n3")
    first = Usage.objects.get()
    call_command("replay", str(run_for(question).pk), "--agent", "nod", "--live")
    assert capsys.readouterr().out == "word1 word2 word3 "
    row = Usage.objects.exclude(pk=first.pk).get()
    assert (row.purpose, row.payer, row.requester, row.step) == ("replay", None, None, None)
    assert (row.agent.user.username, row.room) == ("nod", den)  # type: ignore[union-attr]
    assert row.cost_micros >= 300
    assert Account.objects.get(scope="chain").spent_micros == first.cost_micros


def test_trying_an_agent_out_is_paid_by_who_tries(den: Room, ada: User, scripted: Scripted) -> None:
    room = drafts.try_out(by=ada, agent=None, facts={"display_name": "Sage", "persona": "Wise."})
    scripted.says("Hm.")
    question = say(room, ada, "Are you there?")
    tasks.wake(event_of(question).pk)
    row = Usage.objects.get()
    assert (row.purpose, row.payer) == ("trial", ada)


@pytest.mark.parametrize(
    ("pattern", "purposes"),
    [
        ("parallel", {"consult", "answer"}),
        ("hierarchical", {"plan", "answer"}),
        ("collaborative", {"consult", "answer"}),
    ],
)
def test_what_agents_do_together_is_paid_by_who_asked(
    den: Room, ada: User, bob: User, seat: Seat, second: Seat, scripted: Scripted, pattern: str, purposes: set[str]
) -> None:
    from agents.runs import life as runs
    from agents.services.asking import ask as ask_for

    posted = ask_for(room=den, by=bob, body="What now?", coordination=pattern, agents=["echo", "nod"])
    tasks.wake(event_of(Message.objects.get(pk=posted.message["id"])).pk)
    while ready := list(Step.objects.ready().values_list("pk", flat=True)):
        for step in ready:
            runs.run(step)
    assert set(Usage.objects.values_list("purpose", flat=True)) >= purposes
    assert set(Usage.objects.values_list("payer__username", flat=True)) == {"bob"}
    called = Step.objects.exclude(prompt_sha256="").values_list("pk", flat=True)
    assert set(Usage.objects.values_list("step", flat=True)) == set(called)


def test_what_a_provider_takes_beyond_what_was_set_aside_the_house_pays(
    den: Room, ada: User, seat: Seat, provider: Upstream, console: Client
) -> None:
    costs("counts-double")
    mine = budget("person", ada.pk, DIME)
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.ANSWERED
    mine.refresh_from_db()
    paid, excess = Usage.objects.order_by("purpose")
    assert (paid.purpose, paid.payer, paid.cost_micros) == ("answer", ada, mine.spent_micros)
    assert (excess.purpose, excess.payer, excess.requester) == ("excess", None, ada)
    assert mine.spent_micros == Hold.objects.get().micros <= DIME
    assert paid.cost_micros + excess.cost_micros == 20 + 500_000 * 100
    page = console.get(reverse("admin:agents_usage_costs")).content.decode()
    assert "beyond what was set aside" in page
    client = Client()
    client.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert "$50" not in client.get("/usage/").content.decode()


@pytest.mark.parametrize("model", ["thinks-for-ever", "calls-for-ever"])
@pytest.mark.parametrize("is_direct", [True, False])
def test_a_model_that_thinks_or_calls_for_ever_is_cut_at_what_was_set_aside(
    den: Room, ada: User, seat: Seat, provider: Upstream, settings: Any, model: str, is_direct: bool
) -> None:
    settings.LLM_DIRECT = is_direct
    costs(model, most=100)
    mine = budget("person", ada.pk, DIME)
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.LENGTH
    mine.refresh_from_db()
    assert 100 * 100 < mine.spent_micros <= Hold.objects.get().micros
    assert not Usage.objects.filter(purpose="excess").exists()
    assert provider.settled() == ["dropped"]


def test_a_price_that_changes_while_an_answer_is_written_counts_for_the_next(
    den: Room, ada: User, seat: Seat, provider: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place(provider, "fine-n10")
    Agent.objects.update(route=made.route, max_reply_tokens=100)
    budget("person", ada.pk, DIME)
    was = routes.candidate_of

    def dearer_at_once(deployment: Deployment, request: Any) -> Any:
        found = was(deployment, request)
        Deployment.objects.update(prompt_price=1_000, completion_price=90_000)
        routes.forget()
        return found

    monkeypatch.setattr(routes, "candidate_of", dearer_at_once)
    ask(den, ada, "@echo?")
    assert 1_000 <= spent() < 2_000
    assert run_for(ask(den, ada, "@echo again?")).reason == Reason.BUDGET


def test_without_a_price_nothing_is_counted_and_the_console_says_so(
    den: Room, ada: User, seat: Seat, provider: Upstream, console: Client
) -> None:
    made = place(provider, "fine-n10", prompt_price=None, completion_price=None)
    Agent.objects.update(route=made.route)
    budget("person", ada.pk, CENT)
    ask(den, ada, "@echo?")
    assert spent() == 0
    for page in ("changelist", "change"):
        url = reverse(f"admin:agents_deployment_{page}", args=[made.pk] if page == "change" else [])
        assert "Unknown: counted as free." in console.get(url).content.decode()


def test_what_was_set_aside_for_rows_that_were_deleted_by_hand_comes_back(
    den: Room, ada: User, seat: Seat, provider: Upstream
) -> None:
    from agents.runs.sweeping import sweep

    costs("fine")
    mine = budget("person", ada.pk, DIME)
    ask(den, ada, "@echo?")
    Hold.objects.update(released_at=None, spent_micros=0)
    Account.objects.update(held_micros=777)
    Hold.objects.update(micros=777)
    before = mine.spent_micros
    Usage.objects.all().delete()
    Step.objects.all().delete()
    sweep()
    mine.refresh_from_db()
    assert mine.held_micros == 0
    assert mine.spent_micros >= before
    assert not Hold.objects.filter(released_at=None).exists()


def test_nobody_pays_for_a_schedule_of_somebody_who_is_gone(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    from django.utils import timezone

    from agents.triggers.scheduling import keep

    Seat.objects.update(trigger="schedule", schedule="* * * * *", scheduled_by=bob, added_by=ada, last_slot=None)
    bob.is_active = False
    bob.save()
    assert keep(timezone.now()) == []
    Seat.objects.update(scheduled_by=None, last_slot=None)  # as after deleting them
    assert keep(timezone.now()) == []
    assert not Usage.objects.exists()


def test_turns_by_the_clock_are_questions_of_who_set_it(
    den: Room, ada: User, seat: Seat, scripted: Scripted, settings: Any
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from agents.triggers.scheduling import keep

    settings.ASKS_PER_DAY = 2
    Seat.objects.update(trigger="schedule", schedule="* * * * *", scheduled_by=ada, last_slot=None)
    now = timezone.now()
    laid = [keep(now + timedelta(minutes=number)) for number in range(4)]
    assert [bool(steps) for steps in laid].count(True) <= 2
    assert run_for(ask(den, ada, "@echo?")).reason == Reason.QUOTA


def test_the_person_who_began_pays_for_all_that_agents_say_to_one_another(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    from agents.runs import life as runs

    scripted.says("Ask @nod about it.")
    scripted.says("I know nothing.")
    first = answer_to(ask(den, ada, "@echo?"))
    tasks.wake(event_of_finished(first))
    while ready := list(Step.objects.ready().values_list("pk", flat=True)):
        for step in ready:
            runs.run(step)
    assert Usage.objects.count() == 2
    assert set(Usage.objects.values_list("payer__username", flat=True)) == {"ada"}


def event_of_finished(message: Message) -> int:
    from rooms.models import Event

    return Event.objects.get(message=message, type="message.finished").pk
