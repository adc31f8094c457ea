"""What an agent was when it said something; and agents as files."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agents import services
from agents.llm.scripted import Scripted
from agents.models import Agent, AgentVersion, Seat, Task
from agents.services.registry import change_agent
from rooms.models import Room, User
from tests.plugins.rest import Asking

from .asking import ask, run_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sage(ada: User) -> Agent:
    return services.create_agent(
        owner=ada, username="sage", display_name="Sage", persona="Wise.", system_prompt="Think."
    )


def test_each_change_makes_a_version_and_the_same_again_makes_none(asking: Asking, sage: Agent, ada: User):
    owner = asking(ada)
    assert owner.patch("agents/sage/", {"persona": "Wiser.", "note": "After a year."})["version"] == 2
    assert owner.patch("agents/sage/", {"persona": "Wiser."})["version"] == 2
    assert owner.patch("agents/sage/", {"display_name": "The Sage"})["version"] == 3
    assert owner.patch("agents/sage/", {"enabled": False, "visibility": "private"})["version"] == 3
    listed = owner.get("agents/sage/versions/")["results"]
    assert [(one["number"], one["note"], one["made_by"]) for one in listed] == [
        (3, "", "ada"),
        (2, "After a year.", "ada"),
        (1, "Made", "ada"),
    ]


def test_two_versions_are_compared(asking: Asking, sage: Agent, ada: User, eve: User):
    change_agent(agent=sage, by=ada, persona="Wiser.", system_prompt="Think twice.")
    change_agent(agent=sage, by=ada, capabilities=["maps"])
    last = asking(ada).get("agents/sage/versions/3/")
    assert (last["against"], last["changes"]) == (2, [{"field": "capabilities", "before": [], "after": ["maps"]}])
    whole = asking(ada).get("agents/sage/versions/3/?against=1")
    assert [one["field"] for one in whole["changes"]] == ["persona", "system_prompt", "capabilities"]
    seen = asking(eve).get("agents/sage/versions/3/?against=1")
    assert [one["field"] for one in seen["changes"]] == ["persona", "capabilities"]
    assert "system_prompt" not in seen["snapshot"]
    assert "Think" not in str(seen.json)
    assert asking(ada).get("agents/sage/versions/1/")["against"] is None
    assert asking(ada).get("agents/sage/versions/9/").status == 404
    assert asking(ada).get("agents/sage/versions/1/?against=9").status == 404


def test_an_old_version_is_brought_back_as_a_new_one(asking: Asking, sage: Agent, ada: User, eve: User):
    change_agent(agent=sage, by=ada, persona="Foolish.", display_name="Fool", hue=90)
    assert asking(eve).post("agents/sage/versions/1/restore/").status == 403
    back = asking(ada).post("agents/sage/versions/1/restore/")
    assert (back["version"], back["persona"], back["display_name"], back["hue"]) == (3, "Wise.", "Sage", None)
    assert AgentVersion.objects.get(agent=sage, number=3).note == "As in version 1"
    assert asking(ada).post("agents/sage/versions/9/restore/").status == 404


def test_an_agent_made_without_a_version_has_one_before_its_first_change(agent: Agent, ada: User):
    agent.owner = ada
    agent.save()
    change_agent(agent=agent, by=ada, persona="Another.")
    was, now = AgentVersion.objects.filter(agent=agent).order_by("number")
    assert (was.number, was.snapshot["persona"]) == (1, "Repeats what matters.")
    assert (now.number, now.snapshot["persona"]) == (2, "Another.")


def test_an_answer_names_the_version_that_gave_it(
    asking: Asking, den: Room, ada: User, bob: User, agent: Agent, seat: Seat, scripted: Scripted
):
    agent.owner = ada
    agent.save()
    scripted.says("One.", "Two.")
    first = run_for(ask(den, bob, "@echo?"))
    change_agent(agent=agent, by=ada, persona="Another.")
    second = run_for(ask(den, bob, "@echo again?"))
    assert [asking(bob).get(f"runs/{run.pk}/")["agent_version"] for run in (first, second)] == [1, 2]
    whys = [asking(bob).get(f"messages/{run.reply_id}/provenance/")["agent_version"] for run in (first, second)]
    assert whys == [1, 2]
    assert Task.objects.get(pk=first.pk).agent_version == 1


# --- files


def test_an_agent_comes_back_from_a_file_the_same(asking: Asking, ada: User, eve: User):
    facts: dict[str, Any] = {
        "display_name": "Sage", "about": "Old.", "avatar": "🦉", "hue": 30, "persona": "Wise.",
        "system_prompt": "Think.", "greeting": "Hello.", "capabilities": ["maps"],
        "parameters": {"temperature": 0.5, "stop": ["END"]},
        "tools": ["calculator"], "policies": ["kind"], "max_reply_tokens": 99, "total_seconds": 33.5,
    }  # fmt: skip
    asking(ada).post("agents/", {"username": "sage", **facts, "visibility": "public"})
    out = asking(ada).get("agents/sage/export/")
    assert out.headers["Content-Disposition"] == 'attachment; filename="sage.agent.json"'
    assert facts.items() <= out.json.items()
    assert not {"id", "owner", "created_at", "visibility", "key", "api_key"} & set(out.json)
    assert asking(eve).get("agents/sage/export/").status == 403
    assert asking(eve).post("agents/import/", out.json).status == 409
    there = asking(eve).post("agents/import/", {**out.json, "username": "sage2"})
    assert (there.status, there["owner"], there["visibility"]) == (201, "eve", "private")
    back = asking(eve).get("agents/sage2/export/").json
    assert {**back, "username": "sage"} == out.json


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "something else"}, "format"),
        ({"username": "No Spaces"}, "username"),
        ({"tools": ["rm"]}, "tools"),
        ({"parameters": {"api_key": "sk-…"}}, "parameters"),
        ({"total_seconds": 9999}, "total_seconds"),
        ({"hue": "red"}, "hue"),
        ({"owner": "ada"}, "owner"),
        ({"capabilities": "maps"}, "capabilities"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(asking: Asking, sage: Agent, ada: User, change: dict[str, Any], field: str):
    out = asking(ada).get("agents/sage/export/").json
    answer = asking(ada).post("agents/import/", {**out, "username": "other", **change})
    assert answer.status == 400, answer
    assert field in answer["fields"], answer


def test_a_copy_is_ones_own(asking: Asking, sage: Agent, ada: User, eve: User):
    assert asking(eve).post("agents/sage/copy/", {"username": "mine"}).status == 403  # it would tell how it is told
    made = asking(ada).post("agents/sage/copy/", {"username": "sage2"})
    assert (made.status, made["persona"], made["version"], made["visibility"]) == (201, "Wise.", 1, "private")
    assert AgentVersion.objects.get(agent__user__username="sage2").note == "Copied from @sage, version 1"


def test_why_an_answer_was_given_names_the_version_and_links_it_for_those_who_may_know_the_agent(
    den: Room, ada: User, bob: User, agent: Agent, seat: Seat, scripted: Scripted
):
    agent.owner, agent.visibility = ada, "private"
    agent.save()
    run = run_for(ask(den, bob, "@echo?"))
    change_agent(agent=agent, by=ada, persona="Another.")
    for person, is_linked in ((ada, True), (bob, False)):
        client = Client()
        client.force_login(person, "django.contrib.auth.backends.ModelBackend")
        page = client.get(f"/messages/{run.reply_id}/why/").content.decode()
        assert "version 1" in page
        assert ('href="/agents/echo/' in page) is is_linked
