"""Who hears what. Whoever changes the lists in the settings changes this picture, and should look at it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from agents.tasks import wake
from rooms.checks import LISTS, wired_names
from rooms.handlers import handlers_of


def test_the_house_is_wired_like_this():
    assert settings.AUTHENTICATION_BACKENDS == [
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
        "rooms.backends.RoleBackend",
        "guardian.backends.ObjectPermissionBackend",
    ]
    assert settings.MESSAGE_GATES == ["rooms.gates.length", "rooms.gates.link_flood"]
    assert settings.EVENT_HANDLERS == {
        "message.posted": ["agents.tasks.wake"],
        "message.finished": ["agents.tasks.wake"],
        "message.redacted": ["agents.tasks.forget"],
        "message.withdrawn": ["agents.tasks.forget"],
        "room.deleted": ["agents.tasks.forget"],
    }
    assert settings.STEP_GATES == ["agents.money.budgets.within_limits", "agents.triggers.energy.within_chain"]
    assert settings.REPLY_GATES == ["agents.speaking.gates.size"]
    assert settings.AGENT_CONTEXT == ["agents.context.building.instructions", "agents.context.building.recent_messages"]
    assert [name.rpartition(".")[2] for name in settings.AGENT_TOOLS] == [
        *("search_room", "read_messages", "list_members", "calculator", "date_and_time", "fetch_url", "run_python"),
        *("withdraw_messages", "read_notes", "write_note"),
    ]
    assert settings.RELAY_CHORES == ["agents.tasks.sweep"]
    assert settings.LLM_BACKEND == "agents.llm.scripted.Scripted"
    assert settings.RELAY_CHORES == ["agents.tasks.sweep"]
    assert settings.ROOM_PANELS == ["agents.web.panels.seats", "agents.web.panels.runs", "agents.web.notes.panel"]
    assert settings.COMPOSER_PARTS == ["agents.web.asking.composer"]
    assert settings.HOUSE_PAGES == ["agents.web.pages.registry", "agents.web.pages.conversations"]
    assert [name.removeprefix("agents.web.links.") for name in settings.MESSAGE_LINKS] == [
        *("why", "run", "alternatives"),
    ]
    assert settings.PERSON_USAGE == [
        "rooms.usage.messages_today",
        "rooms.usage.limits",
        "agents.money.usage.today",
        "agents.money.usage.budgets",
    ]


def test_a_posted_message_and_a_finished_answer_wake_agents_and_nothing_else_does():
    assert handlers_of("message.posted") == handlers_of("message.finished") == (wake,)
    for type in ("message.edited", "message.started", "message.interrupted", "reaction.added"):
        assert handlers_of(type) == (), type


def test_the_command_prints_every_name_with_the_code_behind_it(capsys):
    call_command("wiring")

    shown = capsys.readouterr().out
    assert "message.posted → agents.tasks.wake  (agents/tasks.py:" in shown
    for _, name in wired_names():
        assert f"{name}  (" in shown
    for name in [*settings.MESSAGE_GATES, *settings.STEP_GATES, *settings.REPLY_GATES, *settings.AGENT_CONTEXT]:
        assert f"{name}  ({name.rpartition('.')[0].replace('.', '/')}.py:" in shown


@pytest.mark.parametrize("setting", LISTS)
def test_a_slip_in_a_name_stops_the_start(settings, setting):
    setattr(settings, setting, ["rooms.gates.lenght"])

    assert "rooms.E001" in [problem.id for problem in run_checks()]
    with pytest.raises((CommandError, ImportError)):
        call_command("wiring")


def test_a_handler_has_to_be_a_task(settings):
    settings.EVENT_HANDLERS = {"message.posted": ["rooms.gates.length"]}

    assert "rooms.E002" in [problem.id for problem in run_checks()]
