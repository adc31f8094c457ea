from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from agents.llm.scripted import Scripted
from agents.models import Agent, Breaker, Prompt, Reason, Seat, Step, Task, Usage
from rooms.models import Room, User
from tests.conftest import person

from .asking import ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    return client


MODELS = [Agent, Seat, Task, Prompt, Usage, Breaker]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_row_can_be_looked_at(
    den: Room, ada: User, seat: Seat, scripted: Scripted, console: Client, model: type
) -> None:
    scripted.says("Yes.")
    ask(den, ada, "@echo?")
    Breaker.objects.create(name="one", failures=2)
    name = model.__name__.lower()
    assert console.get(reverse(f"admin:agents_{name}_changelist")).status_code == 200
    row = model.objects.first()  # type: ignore[attr-defined]
    assert console.get(reverse(f"admin:agents_{name}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", [Seat, Task, Prompt, Usage])
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


@pytest.mark.parametrize(
    "wrong",
    [{"username": "No Good"}, {"username": "root"}, {"parameters": '{"api_base": "http://x"}'}, {"total_seconds": 900}],
)
def test_what_is_wrong_makes_no_agent(console: Client, wrong: dict[str, object]) -> None:
    assert console.post(reverse("admin:agents_agent_add"), form(**wrong)).status_code == 200
    assert not Agent.objects.exists()


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
