"""Who brings agents into a room, and when they answer there."""

from __future__ import annotations

import pytest

from agents.models import Agent, Seat
from agents.services import create_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def scribe(ada) -> Agent:
    return create_agent(owner=ada, username="scribe", display_name="Scribe", persona="Keeps minutes.")


def test_an_owner_seats_an_agent_changes_when_it_answers_and_sends_it_out(den, ada, scribe, browser_of):
    client = browser_of(ada)
    assert "Bring one in</a>" in client.get("/rooms/den/").content.decode()
    assert "Bring one in below." in client.get("/rooms/den/agents/").content.decode()
    assert "Keeps minutes." in client.get("/rooms/den/agents/").content.decode()
    client.post("/rooms/den/agents/", {"agent": "scribe", "trigger": "always"})
    seat = Seat.objects.get(room=den, agent=scribe)
    assert seat.trigger == "always"
    room = client.get("/rooms/den/").content.decode()
    assert "answers every message" in room
    assert "Bring one in" not in room
    client.post("/rooms/den/agents/scribe/", {"trigger": "mention"})
    seat.refresh_from_db()
    assert seat.trigger == "mention"
    client.post("/rooms/den/agents/scribe/remove")
    assert not Seat.objects.exists()


def test_members_see_the_seats_and_change_none(den, ada, bob, mod, eve, scribe, browser_of):
    assert "Bring one in" not in browser_of(bob).get("/rooms/den/").content.decode()
    browser_of(ada).post("/rooms/den/agents/", {"agent": "scribe", "trigger": "mention"})
    for who in (bob, mod):
        page = browser_of(who).get("/rooms/den/agents/").content.decode()
        assert "Scribe" in page
        assert "Bring one in" not in page
        assert browser_of(who).post("/rooms/den/agents/", {"agent": "scribe", "trigger": "off"}).status_code == 403
        assert browser_of(who).post("/rooms/den/agents/scribe/", {"trigger": "off"}).status_code == 403
        assert browser_of(who).post("/rooms/den/agents/scribe/remove").status_code == 403
    assert browser_of(eve).post("/rooms/den/agents/scribe/remove").status_code == 404
    assert Seat.objects.get().trigger == "mention"


def test_what_does_not_exist_is_not_seated(den, ada, browser_of):
    for form in ({"agent": "nobody", "trigger": "mention"}, {"agent": "", "trigger": "x"}):
        assert browser_of(ada).post("/rooms/den/agents/", form).status_code == 400
    assert browser_of(ada).post("/rooms/den/agents/nobody/", {"trigger": "off"}).status_code == 404


def test_an_owner_ticks_the_tools_an_agent_may_use_here(den, ada, bob, scribe, browser_of):
    Agent.objects.filter(pk=scribe.pk).update(tools=["calculator", "search_room"])
    client = browser_of(ada)
    client.post("/rooms/den/agents/", {"agent": "scribe", "trigger": "mention"})
    assert 'value="calculator" checked' in client.get("/rooms/den/agents/").content.decode()
    client.post("/rooms/den/agents/scribe/tools", {"tools": ["search_room", "sudo"]})
    assert Seat.objects.get().tools_off == ["calculator"]
    page = client.get("/rooms/den/agents/").content.decode()
    assert 'value="calculator">' in page
    assert 'value="search_room" checked' in page
    assert "seat-tools" not in browser_of(bob).get("/rooms/den/agents/").content.decode()
