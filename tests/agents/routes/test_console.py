"""Routes are made in the console, without code; a key goes in there and never comes out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.admin.models import LogEntry as AdminEntry
from django.test import Client
from django.urls import reverse

from agents.llm.port import Request, Turn
from agents.models import Agent, Deployment, Route, Seat
from agents.routing import routes
from agents.sealing import Unopened, unseal
from rooms.models import Room, User
from tests.conftest import person
from tests.upstream.server import Upstream

from ..asking import answer_to, ask
from .conftest import KEY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:agents_{name}", args=args)


def facts(route: Route, **more: Any) -> dict[str, Any]:
    defaults = {"route": route.pk, "name": "own", "model": "openai/fine-n2", "lane": "auto", "weight": 1, "order": 0}
    return {**defaults, "enabled": "on", **more}


@pytest.mark.usefixtures("_litellm")
def test_a_route_is_made_and_an_agent_speaks_by_it(
    den: Room, ada: User, seat: Seat, console: Client, upstream: Upstream
) -> None:
    assert console.post(url("route_add"), {"name": "fast", "choice": "order"}).status_code == 302
    route = Route.objects.get()
    made = console.post(url("deployment_add"), facts(route, base_url=upstream.base, key=KEY, tags="eu,own"))
    assert made.status_code == 302, made.context["errors"]
    Agent.objects.update(route=route)
    routes.forget()
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 word2 "
    assert upstream.calls[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_key_is_nowhere_to_be_read(console: Client, caplog: pytest.LogCaptureFixture) -> None:
    route = Route.objects.create(name="fast")
    console.post(url("deployment_add"), facts(route, key=KEY))
    made = Deployment.objects.get()
    other = "sk-another-secret-9876543210"
    wrong = console.post(url("deployment_change", made.pk), facts(route, key=other, base_url="nonsense"))
    assert wrong.status_code == 200
    console.post(url("deployment_change", made.pk), facts(route, key=other))
    made.refresh_from_db()
    assert unseal(made.key_sealed) == other
    pages = [url("deployment_changelist"), url("deployment_change", made.pk), url("deployment_history", made.pk)]
    pages += [url("route_changelist"), url("route_change", route.pk), url("route_history", route.pk)]
    seen = wrong.content.decode() + "".join(console.get(page).content.decode() for page in pages)
    logged = "".join(str(vars(entry)) for model in (LogEntry, AdminEntry) for entry in model.objects.all())
    for secret in (KEY, other, made.key_sealed):
        assert secret not in seen + logged + caplog.text + repr(made)
        assert secret not in repr(vars(made)) or secret == made.key_sealed
    assert "There is one, sealed." in seen


def test_a_call_on_its_way_does_not_print_its_key(console: Client) -> None:
    route = Route.objects.create(name="fast")
    made = Deployment(route=route, name="own", model="scripted")
    made.keep_key(KEY)
    made.save()
    candidate = routes.candidate_of(made, Request("x", (Turn("user", "hi"),)))
    assert candidate.request.params["api_key"] == KEY
    assert KEY not in repr(candidate) + str(candidate)


def test_an_untouched_form_keeps_the_key_and_a_tick_forgets_it(console: Client) -> None:
    route = Route.objects.create(name="fast")
    console.post(url("deployment_add"), facts(route, key=KEY))
    made = Deployment.objects.get()
    console.post(url("deployment_change", made.pk), facts(route, weight=7))
    made.refresh_from_db()
    assert (made.weight, unseal(made.key_sealed)) == (7, KEY)
    console.post(url("deployment_change", made.pk), facts(route, forget_key="on", key_variable="OWN_API_KEY"))
    made.refresh_from_db()
    assert (made.key_sealed, made.key_variable) == ("", "OWN_API_KEY")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"key_variable": "SECRET_KEY"}, "key_variable"),
        ({"key_variable": "DATABASE_URL"}, "key_variable"),
        ({"key_variable": KEY}, "key_variable"),
        ({"base_url": "ftp://there"}, "base_url"),
        ({"base_url": "http://me:secret@there/v1"}, "base_url"),
        ({"lane": "direct"}, "lane"),
        ({"lane": "direct", "base_url": "http://there/v1", "model": "anthropic/x"}, "lane"),
        ({"name": "No Such Name"}, "name"),
        ({"key": KEY, "key_variable": "OWN_API_KEY"}, "key"),
        ({"requests_per_minute": 99_999}, "requests_per_minute"),
    ],
)
def test_what_cannot_be_meant_is_refused(console: Client, more: dict[str, Any], field: str) -> None:
    route = Route.objects.create(name="fast")
    answer = console.post(url("deployment_add"), facts(route, **more))
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors


def test_keys_are_sealed_anew_after_a_change_of_the_sealing_key(console: Client, settings: Any) -> None:
    route = Route.objects.create(name="fast")
    console.post(url("deployment_add"), facts(route, key=KEY))
    made = Deployment.objects.get()
    old = settings.SEALING_KEYS
    settings.SEALING_KEYS = ["a new one" * 9, *old]
    console.post(url("deployment_changelist"), {"action": "seal_anew", "_selected_action": [made.pk]})
    made.refresh_from_db()
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    assert unseal(made.key_sealed) == KEY
    settings.SEALING_KEYS = old
    with pytest.raises(Unopened):
        unseal(made.key_sealed)
    assert routes.key_of(made) == ("", "Its key was sealed with another SEALING_KEY.")


def test_lists_can_be_searched_and_filtered(console: Client) -> None:
    route = Route.objects.create(name="fast")
    for name in ("one", "two"):
        Deployment.objects.create(route=route, name=name, model=f"scripted:{name}", tags=["eu"])
    found = console.get(url("deployment_changelist"), {"q": "scripted:two", "lane__exact": "auto"}).content.decode()
    assert re.findall(r"fast/(one|two)<", found) == ["two"]
    assert "never tried" in found


def test_what_agents_speak_by_cannot_be_deleted_from_under_them(console: Client, agent: Agent) -> None:
    agent.route = Route.objects.create(name="fast")
    agent.save()
    console.post(url("route_delete", agent.route.pk), {"post": "yes"})
    assert Route.objects.exists()
