from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from agents.admin.budgets import AccountForm
from agents.llm.scripted import Scripted
from agents.models import (
    Account,
    Agent,
    AgentVersion,
    Bound,
    Breaker,
    Chain,
    Feedback,
    Prompt,
    Reason,
    Seat,
    Step,
    Task,
    Usage,
)
from agents.services import give_feedback
from agents.triggers import energy
from rooms.models import Event, Room, User
from tests.conftest import person

from .asking import answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    return client


MODELS = [Agent, Seat, Task, Prompt, Usage, Breaker, Feedback]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_row_can_be_looked_at(
    den: Room, ada: User, seat: Seat, scripted: Scripted, console: Client, model: type
) -> None:
    scripted.says("Yes.")
    question = ask(den, ada, "@echo?")
    give_feedback(message=answer_to(question), by=ada, thumb="down", reasons=["wrong"], note="=1+1")
    Breaker.objects.create(name="one", failures=2)
    name = model.__name__.lower()
    assert console.get(reverse(f"admin:agents_{name}_changelist")).status_code == 200
    row = model.objects.first()  # type: ignore[attr-defined]
    assert console.get(reverse(f"admin:agents_{name}_change", args=[row.pk])).status_code == 200


def test_what_people_think_of_answers_can_be_filtered_and_downloaded(
    den: Room, ada: User, bob: User, seat: Seat, console: Client
) -> None:
    answer = answer_to(ask(den, ada, "@echo?"))
    give_feedback(message=answer, by=ada, thumb="down", reasons=["wrong"], note="=HYPERLINK(1)")
    give_feedback(message=answer, by=bob, thumb="up")
    page = reverse("admin:agents_feedback_changelist")
    assert "1 feedback" in console.get(page, {"reason": "wrong"}).content.decode()
    assert "1 feedback" in console.get(page, {"thumb__exact": "up"}).content.decode()
    both = {"action": "as_csv", "_selected_action": list(Feedback.objects.values_list("pk", flat=True))}
    lines = console.post(page, both).content.decode().splitlines()
    assert lines[0].startswith("when,thumb,reasons,note,agent")
    assert any(",down,wrong,'=HYPERLINK(1),echo,den," in line for line in lines), "no formula for a spreadsheet"
    assert len(lines) == 3


@pytest.mark.parametrize("model", [Seat, Task, Prompt, Usage, Feedback])
def test_ledgers_cannot_be_typed_into(console: Client, model: type) -> None:
    assert console.get(reverse(f"admin:agents_{model.__name__.lower()}_add")).status_code == 403


def form(**facts: object) -> dict[str, object]:
    defaults = Agent()
    kept = {name: getattr(defaults, name) for name in ("max_prompt_tokens", "max_reply_tokens", "context_messages")}
    seconds = {
        f"{name}_seconds": getattr(defaults, f"{name}_seconds") for name in ("connect", "first_token", "idle", "total")
    }
    return {
        "username": "sage",
        "display_name": "The Sage",
        "parameters": "{}",
        "enabled": "on",
        "visibility": "public",
        **kept,
        **seconds,
        **facts,
    }


def test_an_agent_is_made_with_its_user_and_changed_in_one_form(console: Client) -> None:
    assert console.post(reverse("admin:agents_agent_add"), form(persona="Wise.")).status_code == 302
    agent = Agent.objects.get()
    assert (agent.user.username, agent.user.kind, agent.user.name) == ("sage", "agent", "The Sage")
    assert not agent.user.has_usable_password()
    address = reverse("admin:agents_agent_change", args=[agent.pk])
    assert console.post(address, form(username="other", display_name="Sage", model="scripted:stall")).status_code == 302
    agent = Agent.objects.get()
    assert (agent.user.username, agent.user.display_name, agent.model) == ("sage", "Sage", "scripted:stall")


def test_a_change_in_the_console_makes_a_version(console: Client) -> None:
    console.post(reverse("admin:agents_agent_add"), form())
    agent = Agent.objects.get(user__username="sage")
    address = reverse("admin:agents_agent_change", args=[agent.pk])
    for facts in ({"persona": "Wiser."}, {"persona": "Wiser.", "visibility": "private"}):
        assert console.post(address, form(**facts)).status_code == 302
    agent.refresh_from_db()
    assert (agent.version, agent.visibility) == (2, "private")
    kept = AgentVersion.objects.filter(agent=agent).order_by("number")
    assert [(one.number, one.snapshot["persona"], str(one.made_by)) for one in kept] == [
        (1, "", "root"),
        (2, "Wiser.", "root"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"username": "No Good"}, {"username": "root"}, {"parameters": '{"api_base": "http://x"}'}, {"total_seconds": 900}],
)
def test_what_is_wrong_makes_no_agent(console: Client, wrong: dict[str, object]) -> None:
    assert console.post(reverse("admin:agents_agent_add"), form(**wrong)).status_code == 200
    assert not Agent.objects.exists()


def test_when_an_agent_speaks_is_set_at_the_console_and_the_room_is_told(
    den: Room, seat: Seat, console: Client
) -> None:
    address = reverse("admin:agents_seat_change", args=[seat.pk])
    wrong = console.post(address, {"trigger": "schedule", "keywords": "", "schedule": "at nine", "instruction": ""})
    assert "Five fields as for cron" in wrong.content.decode()
    wrong = console.post(address, {"trigger": "keyword", "keywords": "", "schedule": "", "instruction": ""})
    assert "at least one word" in wrong.content.decode()
    right = {"trigger": "schedule", "keywords": "rose,oak tree", "schedule": "0 9 * * *", "instruction": "Greet."}
    assert console.post(address, right).status_code == 302
    seat.refresh_from_db()
    assert (seat.trigger, seat.keywords, seat.scheduled_by) == (
        "schedule",
        ["rose", "oak tree"],
        User.objects.get(username="root"),
    )
    assert Event.objects.filter(room=den, type="seat.changed").exists()


def test_a_chain_can_be_looked_at(den: Room, ada: User, seat: Seat, console: Client) -> None:
    energy.stop(say(den, ada, "hello"), Bound.TURNS)
    assert console.get(reverse("admin:agents_chain_changelist")).status_code == 200
    assert console.get(reverse("admin:agents_chain_change", args=[Chain.objects.get().pk])).status_code == 200


def test_runs_are_stopped_and_breakers_closed_from_the_console(
    den: Room, ada: User, seat: Seat, console: Client
) -> None:
    question = say(den, ada, "@echo?")
    woken(question)
    chosen = {"action": "stop", "_selected_action": [run_for(question).pk]}
    console.post(reverse("admin:agents_task_changelist"), chosen)
    assert run_for(question).reason == Reason.CANCELLED
    Breaker.objects.create(name="one", failures=2)
    chosen = {"action": "close", "_selected_action": ["one"]}
    console.post(reverse("admin:agents_breaker_changelist"), chosen)
    assert Breaker.objects.get().failures == 0
    assert Step.objects.filter(status="cancelled").exists()


def test_the_staff_keeps_servers_of_tools(
    den: Room, ada: User, seat: Seat, console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents import tasks
    from agents.models import Approval, McpServer, RoomNote

    sent: list[object] = []
    monkeypatch.setattr(tasks, "send", lambda task, argument: sent.append(argument))
    facts = {"name": "shop", "url": "https://shop.example/mcp", "key_header": "Authorization", "effects": "{}"}
    assert console.post(reverse("admin:agents_mcpserver_add"), {**facts, "effects": '["x"]'}).status_code == 200
    assert not McpServer.objects.exists()
    console.post(reverse("admin:agents_mcpserver_add"), facts)
    server = McpServer.objects.get()
    McpServer.objects.update(
        tools=[{"name": "shop__x", "original": "x", "description": "<b>y", "schema": {"type": "object"}, "reads": True}]
    )
    page = console.get(reverse("admin:agents_mcpserver_change", args=[server.pk])).content.decode()
    assert "shop__x (reads): &lt;b&gt;y" in page
    console.post(reverse("admin:agents_mcpserver_changelist"), {"action": "ask", "_selected_action": [server.pk]})
    assert sent == ["shop", "shop"]
    assert "shop__x" in console.get(reverse("admin:agents_agent_change", args=[seat.agent_id])).content.decode()
    for model in (Approval, RoomNote, McpServer):
        name = model.__name__.lower()
        assert console.get(reverse(f"admin:agents_{name}_changelist")).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "task/?status__exact=%00",
        "usage/?model=%00",
        "prompt/?created_at__year=99999",
        "breaker/%00/change/",
        "usage/costs/?until=0001-01-05",
        "usage/costs.csv?since=9999-12-31&until=9999-12-31",
    ],
)
def test_what_the_database_cannot_be_asked_is_no_fault_of_the_console(console: Client, asked: str) -> None:
    assert console.get(f"/admin/agents/{asked}").status_code == 400


def test_an_owner_that_there_cannot_be_makes_no_agent(console: Client) -> None:
    assert console.post(reverse("admin:agents_agent_add"), form(owner="x")).status_code == 400
    assert not Agent.objects.exists()


@pytest.mark.parametrize(("model", "action"), [("task", "stop"), ("deployment", "seal_anew"), ("feedback", "as_csv")])
def test_rows_that_there_cannot_be_are_chosen_in_vain(console: Client, model: str, action: str) -> None:
    for row in ("x", "\x00", "9" * 30):
        chosen = {"action": action, "_selected_action": [row]}
        assert console.post(f"/admin/agents/{model}/", chosen).status_code < 500, row


def test_a_new_limit_leaves_alone_what_is_set_aside_meanwhile(
    ada: User, console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.objects.create(scope="person", key=str(ada.pk), period="day", limit_micros=1_000_000)
    is_valid = AccountForm.is_valid

    def while_an_agent_is_asked(form: AccountForm) -> bool:
        Account.objects.filter(pk=account.pk).update(spent_micros=300, held_micros=500)
        return is_valid(form)

    monkeypatch.setattr(AccountForm, "is_valid", while_an_agent_is_asked)
    address = reverse("admin:agents_account_change", args=[account.pk])
    assert console.post(address, {"dollars": "2"}).status_code == 302
    account.refresh_from_db()
    assert (account.limit_micros, account.spent_micros, account.held_micros) == (2_000_000, 300, 500)


def test_who_may_only_look_at_budgets_sees_them(ada: User) -> None:
    Account.objects.create(scope="person", key=str(ada.pk), period="day", limit_micros=2_500_000)
    clerk = person("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_account"))
    desk = Client()
    desk.force_login(clerk, "django.contrib.auth.backends.ModelBackend")
    shown = desk.get(reverse("admin:agents_account_change", args=[Account.objects.get().pk]))
    assert (shown.status_code, "$2.50" in shown.content.decode()) == (200, True)
