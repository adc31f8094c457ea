"""The registry on pages: agents made, tried out, changed, compared and taken along; and conversations with them."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.models import Agent, AgentVersion, Seat
from agents.services import change_agent, create_agent, seat_agent
from rooms.models import Membership, Message, Room

pytestmark = pytest.mark.django_db

FORM = {
    "username": "sage", "display_name": "Sage", "avatar": "🦉", "hue": "30", "persona": "Wise.", "greeting": "Yes?",
    "capabilities": "old maps, proofs", "system_prompt": "Think.", "visibility": "private", "parameters": "",
    "max_prompt_tokens": "6000", "max_reply_tokens": "1024", "context_messages": "20", "connect_seconds": "5",
    "first_token_seconds": "20", "idle_seconds": "15", "total_seconds": "120", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def sage(ada) -> Agent:
    return create_agent(owner=ada, username="sage", display_name="Sage", persona="Wise.", visibility="private")


def test_somebody_makes_an_agent_and_finds_it_among_theirs(den, bob, eve, browser_of):
    made = browser_of(bob).post("/agents/new/", FORM)
    assert (made.status_code, made["Location"]) == (302, "/agents/sage/")
    agent = Agent.objects.select_related("user").get(user__username="sage")
    assert (agent.capabilities, agent.user.hue, agent.owner) == (["old maps", "proofs"], 30, bob)
    profile = browser_of(bob).get("/agents/sage/").content.decode()
    for words in ("🦉", "hue-30", "old maps", "Yes?", "Think.", "version 1"):
        assert words in profile, words
    assert "@sage" in browser_of(bob).get("/agents/?whose=mine&q=maps").content.decode()
    assert "@sage" not in browser_of(eve).get("/agents/").content.decode()
    assert browser_of(eve).get("/agents/sage/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "No Spaces"}, "lower-case letters"),
        ({"avatar": "owl!"}, "One emoji"),
        ({"capabilities": "a, A"}, "Name each once."),
        ({"parameters": "{"}, "JSON"),
        ({"parameters": '{"api_key": "x"}'}, "no parameter"),
        ({"total_seconds": "9999"}, "less than or equal to 230"),
        ({"shared_with": "nobody"}, "You share no room"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(bob, den, browser_of, wrong, sentence):
    answer = browser_of(bob).post("/agents/new/", FORM | wrong)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert sentence in page
    assert "Wise." in page
    is_folded = bool({"parameters", "total_seconds"} & set(wrong))
    assert ('<details class="fold" open>' in page) == is_folded, "nothing that is wrong is folded away"
    assert not Agent.objects.exists()


def test_a_draft_is_talked_with_before_anything_is_saved(sage, ada, den, browser_of):
    client = browser_of(ada)
    form = FORM | {"persona": "Foolish.", "note": "For fun"}
    page = client.post("/agents/sage/try", form, follow=True).content.decode()
    draft = Agent.objects.get(draft=True)
    room = Room.objects.get(seats__agent=draft)
    assert (draft.draft_of, draft.persona, draft.owner) == (sage, "Foolish.", ada)
    assert f'data-room="{room.slug}"' in page
    assert "For fun" in page  # what is no part of the draft stays typed
    assert Message.objects.get(room=room).body == "Yes?"
    sage.refresh_from_db()
    assert (sage.persona, sage.version) == ("Wise.", 1)
    assert client.post("/agents/sage/try?piece", form | {"persona": "Wilder."}).status_code == 204
    draft.refresh_from_db()
    assert draft.persona == "Wilder."
    assert Room.objects.filter(kind="session").count() == 1
    assert "Wilder." in client.get("/agents/sage/edit/?trying").content.decode(), "also what a script has taken over"
    assert "Wilder." not in client.get("/agents/sage/edit/").content.decode()


def test_trying_leads_to_a_page_that_may_be_reloaded_and_asks_for_no_name(bob, eve, browser_of):
    client = browser_of(bob)
    tried = client.post("/agents/new/try", FORM | {"username": "", "persona": "Wise."})
    assert (tried.status_code, tried["Location"]) == (302, "/agents/new/?trying")
    for _ in range(2):
        page = client.get("/agents/new/?trying").content.decode()
        assert 'id="room"' in page
        assert "Wise." in page
        assert "This field is required" not in page
    assert 'id="room"' not in client.get("/agents/new/").content.decode()
    assert 'id="room"' not in browser_of(eve).get("/agents/new/?trying").content.decode()
    client.post("/agents/new/", FORM | {"username": "owl"})
    assert "Wise." not in client.get("/agents/new/?trying").content.decode()


def test_a_draft_and_its_room_stand_in_no_list(sage, ada, den, browser_of):
    client = browser_of(ada)
    client.post("/agents/sage/try", FORM)
    client.post("/agents/new/try", FORM | {"username": ""})
    assert Agent.objects.filter(draft=True).count() == 2
    slugs = list(Room.objects.filter(kind="session").values_list("slug", flat=True))
    for address in ("/agents/", "/chat/", "/", "/sidebar", "/rooms/den/agents/", "/profile/"):
        page = client.get(address).content.decode()
        assert "draft-" not in page, address
        assert not [slug for slug in slugs if slug in page], address


def test_saving_ends_the_trial(sage, ada, den, browser_of):
    client = browser_of(ada)
    client.post("/agents/sage/try", FORM)
    saved = client.post("/agents/sage/edit/", FORM | {"persona": "Wiser.", "note": "After all"})
    assert saved.status_code == 302
    sage.refresh_from_db()
    assert (sage.persona, sage.version) == ("Wiser.", 2)
    assert AgentVersion.objects.get(agent=sage, number=2).note == "After all"
    assert Room.objects.get(kind="session").deleted_at is not None


def test_others_neither_edit_nor_try_it(sage, ada, bob, browser_of):
    Agent.objects.update(visibility="public")
    client = browser_of(bob)
    assert "Edit" not in client.get("/agents/sage/").content.decode()
    assert client.get("/agents/sage/edit/").status_code == 403
    for address in ("edit/", "try", "retire", "copy"):
        assert client.post(f"/agents/sage/{address}", FORM).status_code == 403, address
    assert client.get("/agents/sage/export").status_code == 403


def test_two_versions_stand_one_under_the_other(sage, ada, bob, browser_of):
    change_agent(agent=sage, by=ada, persona="Wiser.", system_prompt="A secret.", visibility="public")
    page = browser_of(ada).get("/agents/sage/versions/").content.decode()
    for words in ("From version 1 to 2", "Wise.", "Wiser.", "A secret."):
        assert words in page, words
    seen = browser_of(bob).get("/agents/sage/versions/?a=1&b=2").content.decode()
    assert "Wiser." in seen
    assert "A secret." not in seen
    assert "Bring back" not in seen
    browser_of(ada).post("/agents/sage/versions/1/restore")
    sage.refresh_from_db()
    assert (sage.persona, sage.version) == ("Wise.", 3)
    browser_of(bob).post("/agents/sage/versions/2/restore")
    sage.refresh_from_db()
    assert sage.version == 3


def test_an_agent_goes_out_as_a_file_and_comes_in_again(sage, ada, eve, browser_of):
    out = browser_of(ada).get("/agents/sage/export")
    assert json.loads(out.content)["persona"] == "Wise."
    file = SimpleUploadedFile("sage.agent.json", out.content)
    taken = browser_of(eve).post("/agents/import/", {"file": file}, follow=True).content.decode()
    assert "Somebody already has this name." in taken
    file.seek(0)
    browser_of(eve).post("/agents/import/", {"file": file, "username": "owl"})
    owl = Agent.objects.select_related("user").get(user__username="owl")
    assert (owl.owner, owl.persona, owl.visibility) == (eve, "Wise.", "private")
    for wrong in (b"not json", b"[]", b'{"format": "other"}'):
        page = browser_of(eve).post("/agents/import/", {"file": SimpleUploadedFile("x", wrong)}, follow=True)
        assert "notice" in page.content.decode()
    assert Agent.objects.count() == 2


def test_only_agents_one_may_use_are_offered_and_linked(sage, den, ada, bob, browser_of):
    create_agent(owner=bob, username="scribe", display_name="Scribe", visibility="private")
    assert "Scribe" not in browser_of(ada).get("/rooms/den/agents/").content.decode()
    seat_agent(room=den, agent=sage, by=ada)
    assert 'href="/agents/sage/"' in browser_of(ada).get("/rooms/den/agents/").content.decode()
    seen = browser_of(bob).get("/rooms/den/agents/").content.decode()
    assert "Sage" in seen
    assert 'href="/agents/sage/"' not in seen
    assert "The den" in browser_of(ada).get("/agents/sage/").content.decode()


def test_somebody_begins_deletes_and_restores_a_conversation(sage, ada, bob, browser_of):
    client = browser_of(ada)
    begun = client.post("/chat/", {"agents": "sage"})
    room = Room.objects.get(kind="session")
    assert begun["Location"] == f"/rooms/{room.slug}/"
    assert Seat.objects.get(room=room).trigger == "always"
    side = client.get("/sidebar").content.decode()
    assert side.index("Conversations") < side.index(room.slug)
    assert client.get("/chat/").content.decode().count(f"/rooms/{room.slug}/") >= 2
    assert browser_of(bob).post(f"/chat/{room.slug}/delete").status_code == 404
    client.post(f"/chat/{room.slug}/delete")
    assert client.get(f"/rooms/{room.slug}/").status_code == 404
    assert f"/chat/{room.slug}/restore" in client.get("/chat/").content.decode()
    assert client.post(f"/chat/{room.slug}/restore").status_code == 302
    assert client.get(f"/rooms/{room.slug}/").status_code == 200


def test_a_room_is_not_deleted_as_a_conversation(den, ada, browser_of):
    assert browser_of(ada).post("/chat/den/delete").status_code == 404
    den.refresh_from_db()
    assert den.deleted_at is None


def test_guests_are_told_that_this_is_not_for_them(gus, browser_of):
    for address in ("/agents/", "/agents/new/", "/chat/"):
        assert browser_of(gus).get(address).status_code == 403
    assert "/agents/" not in browser_of(gus).get("/profile/").content.decode()


def test_nobody_sneaks_into_somebody_elses_trial(sage, ada, eve, browser_of):
    browser_of(ada).post("/agents/sage/try", FORM)
    room = Room.objects.get(kind="session")
    assert browser_of(eve).get(f"/rooms/{room.slug}/").status_code == 404
    assert list(Membership.objects.filter(room=room).values_list("user__kind", flat=True)) == ["human", "agent"]


def test_what_no_keyboard_types_is_refused_as_a_mistake(bob, browser_of):
    browser = browser_of(bob)
    assert browser.get("/agents/?q=%00").status_code == 400
    assert browser.post("/chat/", {"agents": "e\x00cho"}).status_code == 400
    assert browser.post("/agents/new/", {**FORM, "parameters": "[" * 50_000}).status_code == 400
    assert not Agent.objects.filter(owner=bob).exists()
