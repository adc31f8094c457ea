"""Conversations of one person with agents, under `/api/chat/`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from agents import services, tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Conduct, Seat, Task, Usage, Wish
from agents.services.drafts import end_trial, try_out
from rooms.models import Event, Message, Room, User
from tests.files import attached
from tests.plugins.rest import Answer, Asking

from .asking import event_of, woken

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "/api/chat/sessions/"


@pytest.fixture
def sage(ada: User) -> Agent:
    return services.create_agent(owner=ada, username="sage", display_name="Sage", greeting="Ask me.")


@pytest.fixture
def nod(ada: User) -> Agent:
    return services.create_agent(owner=ada, username="nod", display_name="Nod")


@pytest.fixture
def session(asking: Asking, eve: User, sage: Agent, nod: Agent) -> str:
    return str(asking(eve).post(CHAT, {"agents": ["sage", "@nod"]})["id"])


def wake_by(answer: Answer) -> list[Task]:
    """What a message set going."""
    message = Message.objects.get(pk=answer["id"])
    woken(message)
    return list(Task.objects.filter(trigger_message=message).select_related("agent__user"))


def names_at_work(task: Task) -> set[str]:
    """Who speaks, and who contributes."""
    steps = task.steps.exclude(agent=None).values_list("agent__user__username", flat=True)
    return {task.agent.user.username, *steps}


def test_somebody_talks_with_agents_of_their_choice(
    asking: Asking, eve: User, ada: User, sage: Agent, nod: Agent, scripted: Scripted
):
    begun = asking(eve).post(CHAT, {"agents": ["sage", "@nod"], "coordination": "parallel"})
    assert begun.status == 201, begun
    assert (begun["name"], begun["coordination"], begun["deleted_at"]) == ("Sage and Nod", "parallel", None)
    assert [agent["username"] for agent in begun["agents"]] == ["sage", "nod"]
    room = Room.objects.get(slug=begun["id"])
    assert (room.kind, room.visibility, room.created_by) == ("session", "private", eve)
    assert {seat.trigger for seat in Seat.objects.filter(room=room)} == {"always"}
    path = f"{CHAT}{begun['id']}/"
    assert asking(eve).get(path).json == begun.json | {"last_seq": room.last_seq, "unread": 1}
    (greeting,) = asking(eve).get(f"{path}messages/")["results"]
    assert (greeting["author"]["username"], greeting["body"]) == ("sage", "Ask me.")
    said = asking(eve).post(f"{path}messages/", {"body": "Hello.", "client_id": "1"})
    assert said.status == 201
    assert asking(eve).post(f"{path}messages/", {"body": "Hello.", "client_id": "1"}).status == 200
    assert asking(eve).post(f"{path}messages/", {"body": "Other.", "client_id": "1"}).status == 409
    assert {name for task in wake_by(said) for name in names_at_work(task)} == {"sage", "nod"}
    assert [one["id"] for one in asking(eve).get(CHAT)["results"]] == [begun["id"]]
    assert asking(ada).get(CHAT)["results"] == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "agents"),
        ({"agents": []}, "agents"),
        ({"agents": ["nobody"]}, "agents"),
        ({"agents": ["eve"]}, "agents"),
        ({"agents": ["sage", "sage"]}, "agents"),
        ({"agents": ["sage"], "coordination": "chaotic"}, "coordination"),
        ({"agents": ["sage"], "mood": "good"}, "mood"),
    ],
)
def test_what_is_no_conversation_is_told(asking: Asking, eve: User, sage: Agent, said: dict[str, Any], field: str):
    answer = asking(eve).post(CHAT, said)
    assert answer.status == 400
    assert field in answer["fields"]
    assert not Room.objects.filter(kind="session").exists()


def test_nobody_else_finds_it(asking: Asking, session: str, ada: User, gus: User):
    for person in (ada, gus):
        them, path = asking(person), f"{CHAT}{session}/"
        for answer in (
            them.get(path), them.delete(path), them.post(f"{path}restore/"), them.get(f"{path}messages/"),
            them.post(f"{path}messages/", {"body": "x"}), them.get(f"{path}agents/"),
            them.post(f"{path}agents/sage/direct/", {"body": "x"}),
            them.post(f"{path}multi-agent/", {"coordination": "parallel", "body": "x"}),
        ):  # fmt: skip
            assert (answer.status, answer["code"]) == (404, "not_found"), answer
    assert asking(None).get(f"{CHAT}{session}/").status == 401
    assert asking(gus).post(CHAT, {"agents": ["sage"]}).status == 403


def test_a_room_is_no_session_and_what_governance_adds_is_not_there_yet(
    asking: Asking, den: Room, ada: User, session: str, eve: User
):
    for path in ("", "messages/", "agents/"):
        assert asking(ada).get(f"{CHAT}den/{path}").status == 404
    assert asking(ada).post(f"{CHAT}den/messages/", {"body": "x"}).status == 404
    for path in ("governance/", "trust/"):
        assert asking(eve).get(f"{CHAT}{session}/{path}").status == 404


def test_a_conversation_cannot_be_made_public(asking: Asking, session: str, eve: User, bob: User, client: Client):
    refused = asking(eve).patch(f"rooms/{session}/", {"visibility": "public"})
    assert (refused.status, list(refused["fields"])) == (400, ["visibility"])
    assert asking(eve).patch(f"rooms/{session}/", {"visibility": "private", "name": "Tea"}).status == 200
    client.force_login(eve, "django.contrib.auth.backends.ModelBackend")
    form = client.get(f"/rooms/{session}/settings/")
    assert (form.status_code, b'name="visibility"' in form.content) == (200, False)
    client.post(f"/rooms/{session}/settings/", {"name": "Cake", "topic": "", "visibility": "public"})
    assert (Room.objects.get(slug=session).name, Room.objects.get(slug=session).is_public) == ("Cake", False)
    assert asking(bob).get(f"rooms/{session}/").status == 404


def test_nobody_is_asked_where_no_agent_is_any_more(asking: Asking, session: str, eve: User):
    for name in ("sage", "nod"):
        assert asking(eve).delete(f"rooms/{session}/agents/{name}/").status == 204
    refused = asking(eve).post(f"{CHAT}{session}/multi-agent/", {"body": "tea?", "coordination": "parallel"})
    assert (refused.status, refused["detail"]) == (409, "No agent is here to be asked.")
    assert not Message.objects.filter(author=eve).exists()


def test_one_agent_is_asked_alone(asking: Asking, session: str, eve: User, scripted: Scripted):
    path = f"{CHAT}{session}/agents/"
    assert [seat["agent"]["username"] for seat in asking(eve).get(path)["results"]] == ["sage", "nod"]
    asked = asking(eve).post(f"{path}nod/direct/", {"body": "Only you?", "client_id": "2"})
    assert asked.status == 201, asked
    assert [task.agent.user.username for task in wake_by(asked)] == ["nod"]
    again = asking(eve).post(f"{path}nod/direct/", {"body": "Only you?", "client_id": "2"})
    assert (again.status, again["id"]) == (200, asked["id"])
    assert asking(eve).post(f"{path}nobody/direct/", {"body": "x"}).status == 404
    assert asking(eve).post(f"{path}nod/direct/", {}).status == 400


def test_a_question_says_how_it_is_worked_on(asking: Asking, session: str, eve: User, scripted: Scripted):
    path = f"{CHAT}{session}/multi-agent/"
    asked = asking(eve).post(path, {"coordination": "collaborative", "question": "Which way?"})
    assert (asked.status, asked["body"]) == (201, "Which way?")
    wish = Wish.objects.get(message=asked["id"])
    assert (wish.coordination, wish.agents) == ("collaborative", [])
    for wrong in ({"coordination": "x", "body": "y"}, {"coordination": "parallel"}, {"body": "y"}):
        assert asking(eve).post(path, wrong).status == 400


@pytest.mark.parametrize(
    ("way", "how"), [("agents/sage/direct", {}), ("multi-agent", {"coordination": "parallel"}), ("messages", {})]
)
def test_a_question_takes_files_along_by_every_way_and_refuses_them_in_the_same_words(
    asking: Asking, session: str, eve: User, ada: User, way: str, how: dict[str, str]
):
    them, path, room = asking(eve), f"{CHAT}{session}/{way}/", Room.objects.get(slug=session)
    cat, notes = attached(room, eve), attached(room, eve, "notes.txt", b"of cats")
    files = {"attachments": [str(notes.pk), str(cat.pk)], "client_id": "1"}
    asked = them.post(path, how | files)
    assert (asked.status, asked["body"]) == (201, ""), asked
    assert [one["name"] for one in asked["attachments"]] == ["notes.txt", "cat.png"]
    assert them.post(path, how | files).status == 200
    assert them.post(path, how | files | {"attachments": []} | {"body": "?"}).status == 409
    elsewhere = Room.objects.create(name="Elsewhere", slug="elsewhere", created_by=ada)
    others = [str(attached(where, who).pk) for where, who in ((room, ada), (elsewhere, eve))]
    named = "Name files that you have uploaded in this room and not sent yet."
    ids, most = "A list of up to 10 ids of files you have uploaded here.", "At most 10 files, each once."
    for wrong, sentence in (
        ([str(cat.pk)], named), ([others[0]], named), ([others[1]], named), (["cat.png"], named),
        ("cat.png", ids), ([7], ids), (None, ids), ([str(uuid4()) for _ in range(11)], most),
        ([str(uuid4())] * 2, most),
    ):  # fmt: skip
        refused = them.post(path, how | {"body": "?", "attachments": wrong})
        assert (refused.status, refused["fields"]) == (400, {"attachments": [sentence]})
    empty: list[dict[str, Any]] = [{}, {"attachments": []}, {"body": "", "attachments": []}]
    for nothing in empty:
        assert list(them.post(path, how | nothing)["fields"]) == ["body"]
    assert asking(ada).post(path, how | {"attachments": [others[0]]}).status == 404
    assert Message.objects.filter(author=eve).count() == 1


def test_the_agent_that_is_asked_directly_is_told_of_the_file(
    asking: Asking, session: str, eve: User, scripted: Scripted
):
    file = attached(Room.objects.get(slug=session), eve, alt="A cat")
    asked = asking(eve).post(f"{CHAT}{session}/agents/sage/direct/", {"attachments": [str(file.pk)]})
    tasks.wake(event_of(Message.objects.get(pk=asked["id"])).pk)
    assert "[image: cat.png, 64×48, A cat]" in scripted.requests[-1].turns[-1].content


def test_a_deleted_conversation_comes_back_as_it_was(asking: Asking, session: str, eve: User, ada: User):
    them, path = asking(eve, scopes=("read", "write")), f"{CHAT}{session}/"
    them.post(f"{path}messages/", {"body": "Remember this."})
    assert them.post(f"{path}restore/").status == 409
    assert them.delete(path).status == 204
    assert them.delete(path).status == 404
    assert them.get(f"{path}messages/").status == 404
    assert them.get(CHAT)["results"] == []
    (deleted,) = them.get(f"{CHAT}?deleted=true")["results"]
    assert deleted["deleted_at"]
    assert asking(ada).post(f"{path}restore/").status == 404
    assert them.post(f"{path}restore/")["deleted_at"] is None
    assert them.get(f"{path}messages/")["results"][-1]["body"] == "Remember this."
    assert Event.objects.filter(room__slug=session).latest("seq").type == "room.restored"


def test_what_an_agent_was_about_to_say_there_is_not_said(asking: Asking, session: str, eve: User, scripted: Scripted):
    said = asking(eve).post(f"{CHAT}{session}/messages/", {"body": "Tell me all."})
    message = Message.objects.get(pk=said["id"])
    woken(message)
    asking(eve).delete(f"{CHAT}{session}/")
    assert not Task.objects.filter(trigger_message=message, status__in=["waiting", "running"]).exists()


def test_after_thirty_days_it_is_gone_for_good_and_the_ledger_stays(
    asking: Asking, session: str, eve: User, sage: Agent, scripted: Scripted
):
    said = asking(eve).post(f"{CHAT}{session}/agents/sage/direct/", {"body": "A secret."})
    (task,) = wake_by(said)
    tasks.run_step(str(task.steps.get().pk))
    assert Usage.objects.filter(room__slug=session).exists()
    asking(eve).delete(f"{CHAT}{session}/")
    tasks.tidy()
    assert Room.objects.filter(slug=session).exists()
    Room.objects.filter(slug=session).update(deleted_at=timezone.now() - timedelta(days=31))
    assert asking(eve).get(f"{CHAT}?deleted=true")["results"] == []
    assert asking(eve).post(f"{CHAT}{session}/restore/").status == 404
    tasks.tidy()
    assert not Room.objects.filter(slug=session).exists()
    assert not Message.objects.filter(body="A secret.").exists()
    assert not Task.objects.exists()
    assert Usage.objects.get().agent == sage


def test_a_deleted_room_is_not_a_session_and_stays(den: Room, ada: User):
    Room.objects.filter(pk=den.pk).update(deleted_at=timezone.now() - timedelta(days=99))
    tasks.tidy()
    assert Room.objects.filter(pk=den.pk).exists()


def test_conversations_come_in_pages(asking: Asking, eve: User, sage: Agent):
    ids = [asking(eve).post(CHAT, {"agents": ["sage"]})["id"] for _ in range(3)][::-1]
    page = asking(eve).get(f"{CHAT}?limit=2")
    assert ([one["id"] for one in page["results"]], page["has_before"]) == (ids[:2], True)
    rest = asking(eve).get(f"{CHAT}?limit=2&before={ids[1]}")
    assert ([one["id"] for one in rest["results"]], rest["has_before"]) == (ids[2:], False)


def test_deleted_conversations_come_in_pages_in_the_order_in_which_they_were_deleted(
    asking: Asking, eve: User, sage: Agent
):
    first, second, third = [asking(eve).post(CHAT, {"agents": ["sage"]})["id"] for _ in range(3)]
    for one in (third, first, second):
        asking(eve).delete(f"{CHAT}{one}/")
    page = asking(eve).get(f"{CHAT}?deleted=true&limit=1")
    assert ([one["id"] for one in page["results"]], page["has_before"]) == ([second], True)
    rest = asking(eve).get(f"{CHAT}?deleted=true&before={second}")
    assert ([one["id"] for one in rest["results"]], rest["has_before"]) == ([first, third], False)


def test_a_token_of_one_conversation_reaches_that_one(asking: Asking, session: str, eve: User, sage: Agent):
    other = asking(eve).post(CHAT, {"agents": ["sage"]})["id"]
    bound = asking(eve, rooms=(Room.objects.get(slug=session),))
    assert [one["id"] for one in bound.get(CHAT)["results"]] == [session]
    assert bound.get(f"{CHAT}{session}/").status == 200
    assert bound.get(f"{CHAT}{other}/").status == 404
    assert bound.post(CHAT, {"agents": ["sage"]}).status == 403


def test_the_room_keeps_its_way_of_working(asking: Asking, eve: User, sage: Agent):
    begun = asking(eve).post(CHAT, {"agents": ["sage"]})
    assert not Conduct.objects.filter(room__slug=begun["id"]).exists()


def test_what_was_tried_out_is_forgotten_when_it_is_over_or_quiet_for_a_day(ada: User, sage: Agent, nod: Agent):
    saved, quiet, lively = (try_out(by=ada, agent=one, facts={"greeting": "Yes?"}) for one in (sage, nod, None))
    end_trial(by=ada, agent=sage)
    yesterday = timezone.now() - timedelta(days=1, minutes=1)
    Room.objects.update(created_at=yesterday)
    Message.objects.filter(room=quiet).update(created_at=yesterday)
    tasks.tidy()
    assert set(Room.objects.filter(kind="session")) == {lively}
    assert not Message.objects.filter(room__in=[saved.pk, quiet.pk]).exists()
