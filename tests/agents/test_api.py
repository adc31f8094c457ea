from __future__ import annotations

from typing import Any

import pytest

from agents import services, tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Seat, Task
from rooms.models import Message, Room, User
from rooms.services.memberships import remove_member
from tests.plugins.rest import Asking

from .asking import ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(ada: User) -> User:
    from django.contrib.auth.models import Permission

    ada.user_permissions.add(*Permission.objects.filter(content_type__app_label="agents"))
    return User.objects.get(pk=ada.pk)


# --- the registry


def test_staff_makes_agents_and_everybody_finds_them(asking: Asking, staff: User, bob: User) -> None:
    made = asking(staff).post(
        "agents/", {"username": "Sage", "display_name": "Sage", "persona": "Wise.", "system_prompt": "Think."}
    )
    assert made.status == 201, made
    assert made["username"] == "sage"
    assert made["system_prompt"] == "Think."
    (found,) = asking(bob).get("agents/")["results"]
    assert (found["persona"], found["kind"], found["model"]) == ("Wise.", "agent", "scripted")
    assert "system_prompt" not in found
    assert "parameters" not in found
    assert asking(staff).post("agents/", {"username": "sage"}).status == 409


def test_others_neither_make_nor_change_agents_but_owners_change_theirs(
    asking: Asking, staff: User, bob: User, eve: User, settings: Any
) -> None:
    settings.AGENT_MAKERS = "staff"
    services.create_agent(owner=bob, username="sage")
    assert asking(eve).post("agents/", {"username": "mine"}).status == 403
    assert asking(eve).patch("agents/sage/", {"persona": "Evil."}).status == 403
    changed = asking(bob).patch(
        "agents/sage/", {"persona": "Kind.", "max_reply_tokens": 50, "display_name": "The Sage"}
    )
    assert (changed.status, changed["persona"], changed["limits"]["max_reply_tokens"]) == (200, "Kind.", 50)
    assert asking(bob).patch("agents/sage/", {"enabled": False}).status == 200
    assert asking(eve).get("agents/sage/").status == 404
    assert asking(bob).get("agents/sage/").status == 200
    assert asking(staff).patch("agents/sage/", {"enabled": True}).status == 200


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"username": "No Spaces"}, "username"),
        ({"max_reply_tokens": 10**9}, "max_reply_tokens"),
        ({"max_reply_tokens": 20_000}, "max_reply_tokens"),
        ({"total_seconds": 1000}, "total_seconds"),
        ({"parameters": {"api_base": "http://169.254.169.254/"}}, "parameters"),
        ({"parameters": {"api_key": "sk-…"}}, "parameters"),
        ({"parameters": {"temperature": 3}}, "parameters"),
        ({"parameters": {"temperature": True}}, "parameters"),
        ({"parameters": {"stop": "x"}}, "parameters"),
        ({"persona": "x" * 300}, "persona"),
        ({"owner": "eve"}, "owner"),
        ({"kind": "human"}, "kind"),
    ],
)
def test_what_is_wrong_is_named(asking: Asking, staff: User, facts: dict[str, Any], field: str) -> None:
    answer = asking(staff).post("agents/", {"username": "sage", **facts})
    assert answer.status == 400, answer
    assert field in answer["fields"]
    assert not Agent.objects.exists()


def test_guests_have_no_business_in_the_registry(asking: Asking, gus: User) -> None:
    assert asking(gus).get("agents/").status == 403


# --- seats


def test_an_owner_seats_changes_and_removes_an_agent(asking: Asking, den: Room, ada: User, agent: Agent) -> None:
    owner = asking(ada)
    added = owner.post("rooms/den/agents/", {"agent": "@echo", "trigger": "always"})
    assert (added.status, added["trigger"], added["agent"]["username"], added["added_by"]) == (
        201,
        "always",
        "echo",
        "ada",
    )
    assert owner.post("rooms/den/agents/", {"agent": "echo"}).status == 409
    assert owner.patch("rooms/den/agents/echo/", {"trigger": "off"})["trigger"] == "off"
    assert [seat["trigger"] for seat in owner.get("rooms/den/agents/")["results"]] == ["off"]
    assert owner.delete("rooms/den/agents/echo/").status == 204
    assert owner.delete("rooms/den/agents/echo/").status == 404
    assert owner.get("rooms/den/agents/")["results"] == []


def test_seats_are_the_owners_business(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, gus: User, eve: User, seat: Seat
) -> None:
    for person, status in ((bob, 403), (mod, 403), (gus, 403), (eve, 404)):
        them = asking(person)
        assert them.post("rooms/den/agents/", {"agent": "echo"}).status == status
        assert them.patch("rooms/den/agents/echo/", {"trigger": "off"}).status == status
        assert them.delete("rooms/den/agents/echo/").status == status
        assert them.get("rooms/den/agents/").status == (404 if person is eve else 200)


def test_a_token_without_admin_changes_no_seat(asking: Asking, den: Room, ada: User, seat: Seat) -> None:
    assert asking(ada, scopes=("read", "write")).patch("rooms/den/agents/echo/", {"trigger": "off"}).status == 403


def test_people_and_nobody_are_not_agents(asking: Asking, den: Room, ada: User, bob: User, agent: Agent) -> None:
    owner = asking(ada)
    for name in ("bob", "nobody"):
        assert owner.post("rooms/den/agents/", {"agent": name}).status == 400
    assert owner.post("rooms/den/agents/", {"agent": "echo", "trigger": "sometimes"}).status == 400
    assert owner.post("rooms/den/agents/", {"agent": "echo", "mood": "good"}).status == 400
    agent.enabled = False
    agent.save()
    assert owner.post("rooms/den/agents/", {"agent": "echo"}).status == 400


# --- runs


def test_a_run_tells_how_it_went(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Yes.")
    question = ask(den, ada, "@echo?")
    (listed,) = asking(bob).get("rooms/den/runs/")["results"]
    shown = asking(bob).get(f"runs/{listed['id']}/").json
    assert shown == listed
    assert (shown["status"], shown["reason"], shown["requester"]) == ("done", "answered", "ada")
    assert (shown["trigger_message"], shown["root_message"]) == (str(question.pk), str(question.pk))
    assert Message.objects.get(pk=shown["message"]).body == "Yes."
    (step,) = shown["steps"]
    assert (step["kind"], step["status"], step["needs"]) == ("complete", "done", [])
    assert step["usage"][0]["completion_tokens"] == 1
    assert len(step["prompt_sha256"]) == 64


def test_runs_come_in_pages_newest_first(asking: Asking, den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    for _ in range(3):
        ask(den, ada, "@echo?")
    them = asking(ada)
    page = them.get("rooms/den/runs/?limit=2")
    assert page["has_before"]
    ids = [run["id"] for run in page["results"]]
    rest = them.get(f"rooms/den/runs/?limit=2&before={ids[-1]}")
    assert not rest["has_before"]
    assert [*ids, *[run["id"] for run in rest["results"]]] == [
        str(pk) for pk in Task.objects.order_by("-id").values_list("pk", flat=True)
    ]
    assert them.get("rooms/den/runs/?status=failed")["results"] == []
    assert them.get("rooms/den/runs/?status=lost").status == 400


def test_a_whispers_run_is_part_of_the_whisper(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, eve: User, seat: Seat, scripted: Scripted
) -> None:
    run = run_for(ask(den, ada, "@echo?", visible_to=["bob", "echo"]))
    assert asking(bob).get(f"runs/{run.pk}/").status == 200
    for outsider in (mod, eve):
        them = asking(outsider)
        assert them.get(f"runs/{run.pk}/").status == 404
        assert them.post(f"runs/{run.pk}/cancel/").status == 404
        assert them.post(f"runs/{run.pk}/retry/").status == 404
    assert asking(mod).get("rooms/den/runs/")["results"] == []
    assert asking(eve).get("rooms/den/runs/").status == 404


def test_a_token_of_another_room_finds_no_run(
    asking: Asking, den: Room, square: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    run = run_for(ask(den, ada, "@echo?"))
    assert asking(ada, rooms=(square,)).get(f"runs/{run.pk}/").status == 404
    assert asking(ada, rooms=(den,)).get(f"runs/{run.pk}/").status == 200


def test_who_asked_and_moderators_stop_a_run_and_nobody_else(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, gus: User, seat: Seat
) -> None:
    def waiting() -> str:
        question = say(den, bob, "@echo?")
        woken(question)
        return f"runs/{run_for(question).pk}/cancel/"

    path = waiting()
    assert asking(gus).post(path).status == 403
    stopped = asking(bob).post(path)
    assert (stopped.status, stopped["status"], stopped["reason"]) == (200, "cancelled", "cancelled")
    assert asking(bob).post(path).status == 409
    path = waiting()
    assert asking(mod, scopes=("read", "write")).post(path).status == 403
    assert asking(mod).post(path).status == 200
    path = waiting()
    remove_member(room=den, user=bob, by=ada)
    assert asking(bob).post(path).status == 404


def test_a_broken_answer_is_asked_for_again_through_the_door(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Half").fails("protocol")
    run = run_for(ask(den, ada, "@echo?"))
    again = asking(bob).post(f"runs/{run.pk}/retry/")
    assert (again.status, again["attempt"], again["requester"], again["status"]) == (201, 2, "bob", "waiting")
    assert asking(bob).post(f"runs/{run.pk}/retry/").status == 409
    tasks.run_step(again["steps"][0]["id"])
    assert asking(bob).get(f"runs/{again['id']}/")["status"] == "done"
    assert asking(bob).post(f"runs/{again['id']}/retry/").status == 409


@pytest.mark.parametrize("path", ["runs/none/", "runs/00000000-0000-0000-0000-000000000000/", "rooms/nowhere/runs/"])
def test_what_is_not_there_is_not_found(asking: Asking, ada: User, path: str) -> None:
    assert asking(ada).get(path).status == 404


def test_nobody_is_asked_to_sign_in(asking: Asking, den: Room, seat: Seat) -> None:
    for path in ("agents/", "rooms/den/agents/", "rooms/den/runs/"):
        assert asking(None).get(path).status == 401
