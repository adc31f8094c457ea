"""Agents are switched off and on outside of their rooms: whoever listens there hears of it, and is told who and why."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from waffle.models import Flag

from agents.models import Agent, Seat
from agents.services import change_agent, pause_agents
from rooms.models import Event, Room, User
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)


def switched(room: Room) -> list[dict[str, Any]]:
    return list(Event.objects.filter(room=room, type="agents.switched").order_by("seq").values_list("data", flat=True))


def told(asking: Asking, who: User) -> tuple[str, str]:
    seat = asking(who).get("rooms/den/agents/")["results"][0]
    return seat["status"], seat["status_detail"]


def page_of(user: User, path: str = "/rooms/den/") -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(path).content.decode()


def test_a_flag_is_told_in_every_room_where_its_agent_sits_and_in_no_other(
    den: Room, square: Room, bob: User, eve: User, seat: Seat, asking: Asking
) -> None:
    flag = Flag.objects.create(name="agent:echo", everyone=False, note="It repeats   itself.")
    assert switched(den) == [{"agent": "echo"}]
    assert switched(square) == []
    assert told(asking, bob) == ("paused", "switched off: It repeats itself.")
    assert "<b>Echo</b> is switched off: It repeats itself." in page_of(bob)
    flag.everyone = True
    flag.save()
    assert switched(den) == [{"agent": "echo"}] * 2
    assert told(asking, bob) == ("idle", "")
    assert "switched off" not in page_of(bob)
    assert asking(eve).get("rooms/den/events/?after=0").status == 404


def test_the_event_comes_to_listeners_by_its_number(den: Room, bob: User, seat: Seat, asking: Asking) -> None:
    door = asking(bob)
    before = door.get("rooms/den/events/?after=0")["last_seq"]
    Flag.objects.create(name="agent-replies", everyone=False)
    heard = door.get(f"rooms/den/events/?after={before}")
    assert [(one["type"], one["id"], one["data"]) for one in heard["results"]] == [
        ("agents.switched", before + 1, {"agent": None})
    ]
    den.refresh_from_db()
    assert den.last_seq == before + 1


def test_other_flags_are_nobodys_business(den: Room, seat: Seat) -> None:
    Flag.objects.create(name="dark-mode", everyone=True)
    assert switched(den) == []


def test_the_staff_that_switched_a_flag_is_named_by_the_audit(
    den: Room, bob: User, seat: Seat, asking: Asking, django_user_model: Any
) -> None:
    django_user_model.objects.create(username="root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(username="root"), backend="django.contrib.auth.backends.ModelBackend")
    form = {"name": "agent-replies", "everyone": "false", "note": "Repairs until noon", "superusers": "on"}
    times = {
        f"{name}_{part}": at for name in ("created", "modified") for part, at in enumerate(["2026-11-30", "10:00"])
    }
    assert client.post("/admin/waffle/flag/add/", form | times).status_code == 302
    assert told(asking, bob) == ("paused", "switched off with all agents by @root: Repairs until noon")


def test_a_flag_for_some_says_so_to_the_others(den: Room, ada: User, bob: User, seat: Seat, asking: Asking) -> None:
    flag: Any = Flag.objects.create(name="agent:echo", superusers=False)
    flag.users.add(ada)
    flag.save()
    assert told(asking, ada) == ("idle", "")
    assert told(asking, bob) == ("paused", "not switched on for you")


def test_its_owner_switches_an_agent_off_and_is_named(
    den: Room, ada: User, bob: User, seat: Seat, asking: Asking
) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(owner=ada)
    agent = change_agent(agent=Agent.objects.get(pk=seat.agent_id), by=ada, enabled=False)
    assert switched(den) == [{"agent": "echo"}]
    assert told(asking, bob) == ("paused", "switched off by @ada")
    change_agent(agent=agent, by=ada, persona="Wiser.")
    assert len(switched(den)) == 1
    change_agent(agent=agent, by=ada, enabled=True)
    assert len(switched(den)) == 2
    assert told(asking, bob) == ("idle", "")


def test_a_pause_stands_above_the_composer_with_who_and_why(den: Room, ada: User, bob: User, seat: Seat) -> None:
    pause_agents(room=den, by=ada, reason="Too loud.")
    page = page_of(bob)
    assert "<b>Agents</b> have been paused here by @ada since " in page
    assert "Too loud." in page
    assert "have been paused here by @ada" in page_of(bob, "/rooms/den/agents-now")
