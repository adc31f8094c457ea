"""Rooms as pages: who sees them, what they say, what they let one do."""

from __future__ import annotations

import re

import pytest

from rooms.models import Membership, Message, Room
from rooms.services.memberships import remove_member

pytestmark = pytest.mark.django_db

INSIDE = ["/rooms/den/", "/rooms/den/history", "/rooms/den/members/", "/rooms/den/settings/", "/rooms/den/search?q=tea",
          "/rooms/den/around", "/rooms/den/people", "/rooms/den/agents/"]  # fmt: skip
DEEDS = ["/rooms/den/messages/", "/rooms/den/read", "/rooms/den/delete", "/rooms/den/join", "/rooms/den/leave",
         "/rooms/den/settings/", "/rooms/den/members/", "/rooms/den/members/bob/role", "/rooms/den/members/bob/remove",
         "/rooms/den/invitations/", "/rooms/den/invitations/abc/revoke", "/rooms/den/agents/"]  # fmt: skip


@pytest.mark.parametrize("path", INSIDE)
def test_members_see_a_private_room_and_outsiders_see_nothing(client, den, bob, eve, browser_of, path):
    assert browser_of(bob).get(path).status_code == 200
    hidden = browser_of(eve).get(path)
    nowhere = browser_of(eve).get(path.replace("den", "nowhere"))
    assert hidden.status_code == nowhere.status_code == 404
    assert "The den" not in hidden.content.decode()
    anonymous = client.get(path)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/?next=/rooms/den/")


@pytest.mark.parametrize("path", DEEDS)
def test_an_outsider_can_do_nothing_in_a_private_room(den, bob, eve, browser_of, path):
    before = (Message.objects.count(), Membership.objects.count())
    assert (
        browser_of(eve).post(path, {"body": "hi", "username": "eve", "role": "owner", "name": "x"}).status_code == 404
    )
    assert (Message.objects.count(), Membership.objects.count()) == before


PAGES_TOO = {"/rooms/den/settings/", "/rooms/den/members/", "/rooms/den/agents/"}


@pytest.mark.parametrize("path", sorted({*DEEDS, "/profile/tokens/", "/profile/sign-out-everywhere"} - PAGES_TOO))
def test_nothing_is_done_by_following_a_link(den, ada, browser_of, path):
    assert browser_of(ada).get(path).status_code == 405


def test_the_address_of_all_rooms_leads_to_them(ada, browser_of):
    assert browser_of(ada).get("/rooms/").headers["Location"] == "/"


def test_a_removed_member_sees_nothing_any_more(den, ada, bob, browser_of):
    client = browser_of(bob)
    assert client.get("/rooms/den/").status_code == 200
    remove_member(room=den, user=bob, by=ada)
    assert client.get("/rooms/den/").status_code == 404


def test_a_guest_finds_no_public_rooms(square, gus, browser_of):
    assert "The square" not in browser_of(gus).get("/").content.decode()
    assert browser_of(gus).get("/rooms/square/").status_code == 404


def test_a_visitor_reads_a_public_room_and_joins_to_speak(square, eve, browser_of):
    client = browser_of(eve)
    page = client.get("/rooms/square/").content.decode()
    assert "You are reading along" in page
    assert "<textarea" not in page.split("<template", 1)[0]
    assert client.post("/rooms/square/messages/", {"body": "hi"}).status_code == 403
    assert client.post("/rooms/square/join").status_code == 302
    assert client.post("/rooms/square/messages/", {"body": "hi"}).status_code == 302
    assert "<p>hi</p>" in client.get("/rooms/square/").content.decode()


def test_the_directory_counts_what_is_unread(den, ada, bob, say, browser_of):
    client = browser_of(bob)
    say(ada, "one")
    say(ada, "two")
    counts = re.findall(r'class="number">(\d*)<', client.get("/").content.decode())
    assert counts == ["2"]
    client.post("/rooms/den/read")
    assert re.findall(r'class="number">(\d*)<', client.get("/sidebar?here=den").content.decode()) == [""]


def test_a_new_room_belongs_to_who_made_it(ada, eve, browser_of):
    response = browser_of(eve).post("/rooms/", {"name": "Eve's corner", "topic": "", "visibility": "private"})
    room = Room.objects.get(name="Eve's corner")
    assert response["Location"] == f"/rooms/{room.slug}/"
    assert Membership.objects.get(room=room).role == "owner"
    assert browser_of(ada).get(f"/rooms/{room.slug}/").status_code == 404


def test_a_room_without_a_name_is_asked_for_again_with_the_rest_kept(eve, browser_of):
    response = browser_of(eve).post("/rooms/", {"name": " ", "topic": "Kept words", "visibility": "public"})
    assert response.status_code == 400
    assert 'value="Kept words"' in response.content.decode()


def test_a_post_is_kept_and_a_second_click_on_send_says_it_once(den, bob, browser_of):
    client = browser_of(bob)
    for _ in range(2):
        assert client.post("/rooms/den/messages/", {"body": "once", "client_id": "form-1"}).status_code == 302
    assert Message.objects.filter(room=den, body="once").count() == 1


@pytest.mark.parametrize(("body", "status"), [("", 400), ("x" * 8001, 422), ("\x00", 400), ("  ", 400)])
def test_a_refused_post_redraws_the_room_with_the_words(den, bob, browser_of, body, status):
    response = browser_of(bob).post("/rooms/den/messages/", {"body": body})
    assert response.status_code == status
    assert 'role="alert"' in response.content.decode()
    if body.strip("\x00 "):
        assert body in response.content.decode()
    assert not Message.objects.filter(room=den).exists()


@pytest.mark.parametrize("query", ["before=x", "after=-1", "around=" + "9" * 30, "before=1&after=2"])
def test_a_crooked_address_is_an_answer_and_not_a_fault(den, bob, browser_of, query):
    for path in ("/rooms/den/", "/rooms/den/history"):
        assert browser_of(bob).get(f"{path}?{query}").status_code == 400


def test_history_says_whether_there_is_more(den, ada, bob, say, browser_of):
    for number in range(70):
        say(ada, f"line {number}")
    client = browser_of(bob)
    newest = client.get("/rooms/den/history")
    assert (newest["X-Has-Before"], newest["X-Has-After"]) == ("1", "0")
    first = int(re.findall(r'data-seq="(\d+)"', newest.content.decode())[0])
    older = client.get(f"/rooms/den/history?before={first}")
    assert (older["X-Has-Before"], older["X-Has-After"]) == ("0", "1")
    assert older.content.decode().count("<article") == 10


def test_a_whisper_is_only_in_the_pages_of_those_it_is_for(den, ada, bob, mod, say, browser_of):
    id = say(ada, "between us", visible_to=["bob"])["id"]
    assert "between us" in browser_of(bob).get("/rooms/den/").content.decode()
    for path in ("/rooms/den/", "/rooms/den/history", "/rooms/den/search?q=between"):
        assert "between us" not in re.sub(r'value="[^"]*"', "", browser_of(mod).get(path).content.decode())
    for path in (f"/rooms/den/messages/{id}/", f"/rooms/den/messages/{id}/?piece"):
        assert browser_of(mod).get(path).status_code == 404


def test_a_message_is_not_found_under_another_rooms_address(den, square, ada, say, browser_of):
    id = say(ada, "here")["id"]
    assert browser_of(ada).get(f"/rooms/square/messages/{id}/").status_code == 404


def test_the_page_goes_on_from_a_number_it_surely_has(den, ada, bob, say, browser_of):
    say(ada, "one")
    den.refresh_from_db()
    page = browser_of(bob).get("/rooms/den/").content.decode()
    assert f'data-after="{den.last_seq}"' in page


def test_only_those_who_may_change_a_room_are_offered_to(den, ada, bob, browser_of):
    assert 'name="name"' in browser_of(ada).get("/rooms/den/settings/").content.decode()
    assert 'name="name"' not in browser_of(bob).get("/rooms/den/settings/").content.decode()
    assert browser_of(bob).post("/rooms/den/settings/", {"name": "Mine", "visibility": "public"}).status_code == 403
    assert browser_of(ada).post("/rooms/den/settings/", {"name": "New", "visibility": "private"}).status_code == 302
    den.refresh_from_db()
    assert den.name == "New"


def test_a_room_is_deleted_by_typing_its_name(den, ada, bob, browser_of):
    assert browser_of(bob).post("/rooms/den/delete", {"name": "The den"}).status_code == 403
    browser_of(ada).post("/rooms/den/delete", {"name": "Another"})
    assert Room.objects.live().filter(slug="den").exists()
    browser_of(ada).post("/rooms/den/delete", {"name": "The den"})
    assert not Room.objects.live().filter(slug="den").exists()
    assert browser_of(bob).get("/rooms/den/").status_code == 404


def test_the_last_owner_is_told_why_they_cannot_leave(den, ada, bob, browser_of):
    client = browser_of(ada)
    assert client.post("/rooms/den/leave")["Location"] == "/rooms/den/settings/"
    assert "needs an owner" in client.get("/rooms/den/settings/").content.decode()
    assert browser_of(bob).post("/rooms/den/leave")["Location"] == "/"


def test_search_marks_what_was_looked_for(den, ada, bob, say, browser_of):
    say(ada, "the kettle & the cat")
    page = browser_of(bob).get("/rooms/den/search?q=kettle").content.decode()
    assert "<mark>kettle</mark> &amp; the cat" in page
    assert browser_of(bob).get("/rooms/den/search").status_code == 200
    assert "from" in browser_of(bob).get("/rooms/den/search?q=from:a+from:b").content.decode()
