"""What everybody in a room is told of a model that does not answer, and what the agent's owner sees of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, Breaker, Health, Seat
from rooms.models import Room, User
from tests.plugins.rest import Asking
from tests.upstream.server import Upstream

from ..asking import ask
from .conftest import KEY, Deploy

pytestmark = pytest.mark.django_db(transaction=True)


def told(asking: Asking, who: User) -> tuple[str, str]:
    seat = asking(who).get("rooms/den/agents/")["results"][0]
    return seat["status"], seat["status_detail"]


def page_of(user: User, path: str) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(path).content.decode()


def test_while_another_place_answers_members_are_told_that_the_first_cannot_be_reached(
    den: Room,
    ada: User,
    bob: User,
    eve: User,
    seat: Seat,
    upstream: Upstream,
    deploy: Deploy,
    asking: Asking,
) -> None:
    deploy("503")
    deploy("fine", order=1)
    ask(den, ada, "@echo?")
    status, detail = told(asking, bob)
    assert (status, detail) == ("idle", "its model cannot be reached; another is tried")
    assert asking(bob).get("rooms/den/agents/")["results"][0]["status_since"] is not None
    assert asking(eve).get("rooms/den/agents/").status == 404


def test_with_nothing_else_to_try_it_is_failing_and_the_room_says_why_and_since_when(
    den: Room,
    ada: User,
    bob: User,
    seat: Seat,
    upstream: Upstream,
    deploy: Deploy,
    asking: Asking,
) -> None:
    broken = deploy("503")
    ask(den, ada, "@echo?")
    assert told(asking, bob) == ("failing", "its model cannot be reached")
    page = page_of(bob, "/rooms/den/")
    assert "has been failing since " in page
    assert "its model cannot be reached" in page
    for secret in (KEY, upstream.base, "Traceback"):
        assert secret not in page
    broken.model = "openai/fine"
    broken.save()
    ask(den, ada, "@echo again?")
    assert told(asking, bob) == ("idle", "")
    assert "has been failing since" not in page_of(bob, "/rooms/den/")


def test_one_refused_question_is_no_illness_and_a_used_up_budget_is(
    den: Room,
    ada: User,
    bob: User,
    seat: Seat,
    deploy: Deploy,
    asking: Asking,
) -> None:
    deploy("fine")
    Health.objects.update(failures=1, last_error="refused")
    assert told(asking, bob) == ("idle", "")
    Health.objects.update(failures=2)
    assert told(asking, bob) == ("failing", "its model refuses to answer")
    Health.objects.update(failures=0, out_of_money=True)
    assert told(asking, bob) == ("failing", "what its model may cost is used up")


def test_a_model_without_a_route_ails_when_everybody_leaves_it_alone(
    den: Room,
    bob: User,
    seat: Seat,
    asking: Asking,
) -> None:
    from django.utils.timezone import now

    row = Breaker.objects.create(name="Scripted:scripted", failures=3, last_error="timeout", failing_since=now())
    assert told(asking, bob) == ("idle", "")
    row.state, row.opened_at = "open", now()
    row.save()
    assert told(asking, bob) == ("failing", "its model takes too long to answer")


def test_the_owner_sees_every_place_and_neither_keys_nor_addresses(
    den: Room,
    ada: User,
    bob: User,
    agent: Agent,
    upstream: Upstream,
    deploy: Deploy,
    asking: Asking,
    seat: Seat,
) -> None:
    deploy("503", name="own")
    deploy("fine", name="other", order=1)
    ask(den, ada, "@echo?")
    Agent.objects.filter(pk=agent.pk).update(owner=bob, visibility="public")
    found = asking(bob).get("agents/echo/health/")
    assert [(one["name"], one["state"]) for one in found["results"]] == [("fast/own", "failing"), ("fast/other", "up")]
    assert found["results"][0]["words"] == "its model cannot be reached"
    page = page_of(bob, "/agents/echo/")
    assert "How its model is" in page
    for said in (str(found.json), page):
        assert KEY not in said
        assert upstream.base not in said
    assert asking(ada).get("agents/echo/health/").status == 403
    assert "How its model is" not in page_of(ada, "/agents/echo/")
    assert "Just now its model cannot be reached; another is tried" in page_of(ada, "/agents/echo/")


def test_failing_since_is_the_first_of_the_failures_and_ends_with_the_first_answer(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    broken = deploy("503")
    ask(den, ada, "@echo?")
    first: Any = Breaker.objects.get(name="fast/d1").failing_since
    assert first is not None
    Breaker.objects.update(failures=1)
    ask(den, ada, "@echo?")
    assert Breaker.objects.get(name="fast/d1").failing_since == first
    Breaker.objects.update(state="closed", failures=1, opened_at=None)
    broken.model = "openai/fine"
    broken.save()
    ask(den, ada, "@echo?")
    assert Breaker.objects.get(name="fast/d1").failing_since is None
