"""Whose agents are whose, and who may know of them."""

from __future__ import annotations

from typing import Any

import pytest

from agents import services
from agents.access import agents_for
from agents.models import Agent, Seat
from rooms.models import Message, Room, User
from rooms.services.memberships import begin_membership, remove_member
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)

SAGE: dict[str, Any] = {"username": "sage", "display_name": "Sage", "persona": "Wise.", "avatar": "🦉", "hue": 30}


def names(agents: Any) -> set[str]:
    return {agent["username"] for agent in agents["results"]}


@pytest.fixture
def sage(ada: User, den: Room) -> Agent:
    return services.create_agent(owner=ada, visibility="private", **SAGE)


def test_anybody_makes_an_agent_of_their_own_that_nobody_else_sees(asking: Asking, den: Room, bob: User, eve: User):
    made = asking(bob).post("agents/", {**SAGE, "capabilities": ["proofs", "plans"], "greeting": "Hello."})
    assert made.status == 201, made
    assert (made["owner"], made["visibility"], made["version"]) == ("bob", "private", 1)
    assert (made["avatar"], made["hue"], made["capabilities"]) == ("🦉", 30, ["proofs", "plans"])
    assert names(asking(bob).get("agents/?whose=mine")) == {"sage"}
    assert names(asking(eve).get("agents/")) == set()


def test_where_only_staff_makes_agents_nobody_else_does(asking: Asking, eve: User, settings: Any):
    settings.AGENT_MAKERS = "staff"
    assert asking(eve).post("agents/", SAGE).status == 403
    assert asking(eve).post("agents/import/", {"format": "chatroom.agent/1", **SAGE}).status == 403
    assert not Agent.objects.exists()


def test_guests_make_none(asking: Asking, gus: User):
    assert asking(gus).post("agents/", SAGE).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "agents/sage/"),
        ("PATCH", "agents/sage/"),
        ("DELETE", "agents/sage/"),
        ("GET", "agents/sage/versions/"),
        ("GET", "agents/sage/versions/1/"),
        ("POST", "agents/sage/versions/1/restore/"),
        ("GET", "agents/sage/export/"),
        ("POST", "agents/sage/copy/"),
    ],
)
def test_a_private_agent_is_not_there_for_others(asking: Asking, sage: Agent, eve: User, method: str, path: str):
    data = {"PATCH": {"persona": "x"}, "POST": {"username": "mine"}}.get(method)
    hidden = asking(eve)(method, path, data if "copy" in path or method == "PATCH" else None)
    nowhere = asking(eve)(method, path.replace("sage", "nobody"), data if "copy" in path or method == "PATCH" else None)
    assert (hidden.status, hidden.json) == (404, nowhere.json)


def test_nobody_seats_an_agent_they_may_not_use(asking: Asking, sage: Agent, eve: User):
    asking(eve).post("rooms/", {"name": "Eves", "slug": "eves"})
    refused = asking(eve).post("rooms/eves/agents/", {"agent": "sage"})
    unknown = asking(eve).post("rooms/eves/agents/", {"agent": "nobody"})
    assert (refused.status, refused.json) == (400, unknown.json)
    added = asking(eve).post("rooms/eves/members/", {"username": "sage"})
    assert added.status == 400
    assert "nobody" in added["fields"]["username"][0]
    assert asking(eve).post("/api/chat/sessions/", {"agents": ["sage"]}).status == 400
    assert not Seat.objects.exists()


def test_a_shared_agent_is_there_for_those_it_is_shared_with(
    asking: Asking, sage: Agent, den: Room, square: Room, ada: User, bob: User, mod: User, eve: User
):
    owner = asking(ada)
    shared = owner.patch("agents/sage/", {"visibility": "shared", "shared_with": ["@bob"]})
    assert (shared.status, shared["shared_with"], shared["version"]) == (200, ["bob"], 1)
    assert asking(bob).get("agents/sage/").status == 200
    assert "shared_with" not in asking(bob).get("agents/sage/").json
    assert names(asking(bob).get("agents/?whose=shared")) == {"sage"}
    assert asking(mod).get("agents/sage/").status == 404
    assert owner.patch("agents/sage/", {"shared_with": [], "shared_rooms": ["den"]}).status == 200
    assert asking(mod).get("agents/sage/").status == 200
    assert asking(bob).patch("agents/sage/", {"persona": "Mine."}).status == 403
    remove_member(room=den, user=mod, by=ada)
    assert asking(mod).get("agents/sage/").status == 404
    assert asking(eve).get("agents/sage/").status == 404


def test_one_shares_only_with_people_and_rooms_one_knows(asking: Asking, sage: Agent, ada: User, eve: User):
    them = asking(ada)
    for field, value in (("shared_with", ["eve"]), ("shared_with", ["nobody"]), ("shared_rooms", ["attic"])):
        refused = them.patch("agents/sage/", {field: value, "persona": "Changed."})
        assert refused.status == 400
        assert field in refused["fields"]
    assert Agent.objects.get(pk=sage.pk).persona == "Wise."


def test_a_public_agent_is_there_for_everybody_and_found_by_its_words(
    asking: Asking, sage: Agent, ada: User, eve: User
):
    assert asking(ada).patch("agents/sage/", {"visibility": "public", "capabilities": ["Old maps"]}).status == 200
    for words in ("sag", "@sage", "WISE", "maps", "old sage"):
        assert names(asking(eve).get(f"agents/?q={words}")) == {"sage"}, words
    assert names(asking(eve).get("agents/?q=nothing")) == set()
    assert names(asking(eve).get("agents/?whose=mine")) == set()


def test_a_switched_off_agent_is_its_owners_alone(asking: Asking, sage: Agent, ada: User, eve: User):
    asking(ada).patch("agents/sage/", {"visibility": "public", "enabled": False})
    assert asking(eve).get("agents/sage/").status == 404
    assert asking(ada).get("agents/sage/")["enabled"] is False


def test_a_retired_agent_leaves_every_room_and_its_name_stays_taken(
    asking: Asking, sage: Agent, den: Room, square: Room, ada: User, bob: User
):
    Agent.objects.filter(pk=sage.pk).update(visibility="public")
    for room in (den, square):
        services.seat_agent(room=room, agent=sage, by=ada)
    begin_membership(room=square, user=bob, role="owner", by=ada)
    remove_member(room=square, user=ada, by=bob)  # somebody else's room by now
    assert asking(bob).delete("agents/sage/").status == 403
    assert asking(ada).delete("agents/sage/").status == 204
    assert asking(ada).delete("agents/sage/").status == 404
    assert not Seat.objects.exists()
    assert not sage.user.memberships.exists()
    assert names(asking(ada).get("agents/")) == set()
    assert asking(ada).post("agents/", SAGE).status == 409


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"avatar": "owl"}, "avatar"),
        ({"avatar": "🦉🦊"}, "avatar"),
        ({"avatar": "<b>"}, "avatar"),
        ({"hue": 360}, "hue"),
        ({"greeting": "x" * 501}, "greeting"),
        ({"capabilities": ["x" * 33]}, "capabilities.0"),
        ({"capabilities": ["Maps", "maps"]}, "capabilities"),
        ({"capabilities": [str(number) for number in range(13)]}, "capabilities"),
        ({"policies": ["No Such"]}, "policies"),
        ({"visibility": "secret"}, "visibility"),
        ({"model": "openai/gpt-5-pro"}, "model"),
        ({"username": "import"}, "username"),
    ],
)
def test_what_is_wrong_with_an_agent_is_named(asking: Asking, eve: User, facts: dict[str, Any], field: str):
    answer = asking(eve).post("agents/", {**SAGE, **facts})
    assert answer.status == 400, answer
    assert field in answer["fields"], answer
    assert not Agent.objects.exists()


@pytest.mark.parametrize("avatar", ["E", "ÄB", "4", "🦉", "❤️", "👩🏽‍🔬", "🇵🇱", "☂"])
def test_a_face_shows_one_sign(asking: Asking, eve: User, avatar: str):
    assert asking(eve).post("agents/", {**SAGE, "avatar": avatar})["avatar"] == avatar


def test_owners_do_not_choose_the_model_and_staff_does(asking: Asking, sage: Agent, ada: User):
    assert asking(ada).patch("agents/sage/", {"model": "openai/gpt-5-pro"}).status == 400
    Agent.objects.filter(pk=sage.pk).update(model="house")
    assert asking(ada).patch("agents/sage/", {"model": "house", "persona": "Still."}).status == 200


def test_enough_agents_are_enough(asking: Asking, eve: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agents.services.registry.MOST", 1)
    assert asking(eve).post("agents/", SAGE).status == 201
    refused = asking(eve).post("agents/", {**SAGE, "username": "second"})
    assert (refused.status, refused["detail"]) == (409, "You have 1 agents. Retire one first.")


def test_an_agent_greets_when_it_first_comes_in_and_never_again(sage: Agent, den: Room, ada: User):
    sage = services.change_agent(agent=sage, by=ada, greeting="Good evening, @ada.")
    for _ in range(2):
        seat = services.seat_agent(room=den, agent=sage, by=ada)
        services.unseat_agent(seat=seat, by=ada)
        sage = services.change_agent(agent=sage, by=ada, greeting="Another one.")
    (greeting,) = Message.objects.filter(room=den, author=sage.user)
    assert (greeting.body, greeting.mentions) == ("Good evening, @ada.", ["ada"])


def test_a_greeting_the_gates_refuse_keeps_nobody_out(sage: Agent, den: Room, ada: User, settings: Any):
    settings.MESSAGE_MAX_CHARACTERS = 100
    sage = services.change_agent(agent=sage, by=ada, greeting="x" * 200)
    services.seat_agent(room=den, agent=sage, by=ada)
    assert not Message.objects.filter(author=sage.user).exists()
    assert Seat.objects.filter(agent=sage).exists()


def test_its_face_is_in_its_messages(asking: Asking, sage: Agent, den: Room, ada: User):
    sage = services.change_agent(agent=sage, by=ada, greeting="Hello.")
    services.seat_agent(room=den, agent=sage, by=ada)
    (message,) = asking(ada).get("rooms/den/messages/")["results"]
    assert (message["author"]["avatar"], message["author"]["hue"]) == ("🦉", 30)


def test_staff_sees_them_all(sage: Agent, db: None):
    root = User.objects.create(username="root", is_superuser=True)
    assert list(agents_for(root)) == [sage]
