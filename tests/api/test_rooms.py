from __future__ import annotations

import pytest

from rooms.models import Room, User
from rooms.services.memberships import begin_membership
from rooms.services.messages import post_message
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)


def test_me_is_who_the_token_speaks_for(asking: Asking, den: Room, bob: User) -> None:
    post_message(room=den, author=bob, body="hi")
    me = asking(bob).get("me/")
    assert (me.status, me["username"], me["display_name"], me["kind"]) == (200, "bob", "Bob", "human")
    assert me["usage"]["messages_today"] == 1


def test_a_profile_is_changed_by_its_owner(asking: Asking, bob: User) -> None:
    assert asking(bob).patch("me/", {"display_name": "Robert"})["display_name"] == "Robert"
    for wrong in [{"is_staff": True}, {"display_name": "\u202ebob"}, {"display_name": "\u200b"}, {"about": 7}]:
        assert asking(bob).patch("me/", wrong).status == 400, wrong
    bob.refresh_from_db()
    assert (bob.display_name, bob.is_staff) == ("Robert", False)


def test_who_makes_a_room_owns_it(asking: Asking, ada: User, eve: User) -> None:
    made = asking(ada).post("rooms/", {"name": "The Kitchen", "visibility": "private", "topic": "Soup"})
    assert made.status == 201
    assert (made["slug"], made["role"], made["visibility"]) == ("the-kitchen", "owner", "private")
    assert asking(ada).get("rooms/the-kitchen/").json == made.json
    assert asking(eve).get("rooms/the-kitchen/").status == 404
    assert asking(ada).post("rooms/", {"name": "Other", "slug": "the-kitchen"}).status == 409
    assert asking(ada).post("rooms/", {"name": "The Kitchen"})["slug"].startswith("the-kitchen-")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "K\u202eneddih"}, "name"),
        ({"name": 7}, "name"),
        ({"name": True}, "name"),
        ({"name": "K", "slug": "no spaces"}, "slug"),
        ({"name": "K", "slug": "admin"}, "slug"),
        ({"name": "K", "visibility": "secret"}, "visibility"),
        ({"name": "K", "topic": "x" * 281}, "topic"),
        ({"name": "K", "owner": "eve"}, "owner"),
        ({"name": "K", "last_seq": 9}, "last_seq"),
    ],
)
def test_a_room_that_cannot_be_is_refused_with_the_field(asking: Asking, ada: User, said: dict, field: str) -> None:
    answer = asking(ada).post("rooms/", said)
    assert (answer.status, answer["code"], list(answer["fields"])) == (400, "invalid", [field])


def test_the_list_has_what_i_may_see_with_what_i_have_not_read(
    asking: Asking, den: Room, square: Room, ada: User, bob: User, gus: User, eve: User
) -> None:
    post_message(room=den, author=ada, body="one")
    post_message(room=den, author=ada, body="two")
    listed = asking(bob).get("rooms/")
    assert listed["has_after"] is False
    by_slug = {room["slug"]: room for room in listed["results"]}
    assert set(by_slug) == {"den", "square"}
    assert (by_slug["den"]["role"], by_slug["den"]["unread"]) == ("member", 2)
    assert (by_slug["square"]["role"], by_slug["square"]["unread"]) == (None, 0)
    assert [room["slug"] for room in asking(bob).get("rooms/?mine=true")["results"]] == ["den"]
    assert [room["slug"] for room in asking(gus).get("rooms/")["results"]] == ["den"]
    assert [room["slug"] for room in asking(eve).get("rooms/")["results"]] == ["square"]
    assert [room["slug"] for room in asking(bob).get("rooms/?after=den")["results"]] == ["square"]
    assert asking(bob).get("rooms/?limit=1")["has_after"] is True


def test_a_read_mark_moves_forward_and_never_past_the_end(asking: Asking, den: Room, ada: User, bob: User) -> None:
    seqs = [post_message(room=den, author=ada, body=f"{n}").message["seq"] for n in range(3)]
    ask = asking(bob)
    assert ask.post("rooms/den/read/", {"seq": seqs[0]}).json == {"read_seq": seqs[0], "unread": 2}
    assert ask.post("rooms/den/read/", {"seq": 10**9}).json == {"read_seq": seqs[2], "unread": 0}
    assert ask.post("rooms/den/read/", {"seq": 1})["read_seq"] == seqs[2]
    for wrong in (-1, "1", 1.0, 1.5, True, None, [1]):
        assert ask.post("rooms/den/read/", {"seq": wrong}).status == 400, wrong


def test_a_room_is_changed_by_those_who_keep_it(asking: Asking, den: Room, bob: User, mod: User, ada: User) -> None:
    assert asking(bob).patch("rooms/den/", {"topic": "mine"}).status == 403
    changed = asking(mod).patch("rooms/den/", {"topic": "Tea", "name": "The den"})
    assert (changed.status, changed["topic"]) == (200, "Tea")
    assert asking(mod).delete("rooms/den/").status == 403
    assert asking(ada).delete("rooms/den/").status == 204
    assert asking(ada).get("rooms/den/").status == 404


def test_a_public_room_is_joined_and_left(asking: Asking, square: Room, eve: User) -> None:
    ask = asking(eve)
    assert ask.post("rooms/square/messages/", {"body": "hi"}).status == 403
    assert ask.post("rooms/square/join/")["role"] == "member"
    assert ask.post("rooms/square/join/")["role"] == "member"
    assert ask.post("rooms/square/messages/", {"body": "hi"}).status == 201
    assert ask.post("rooms/square/leave/").status == 204
    assert ask.post("rooms/square/messages/", {"body": "hi"}).status == 403


def test_a_private_room_is_not_joined(asking: Asking, den: Room, eve: User) -> None:
    assert asking(eve).post("rooms/den/join/").status == 404


def test_the_last_owner_does_not_leave(asking: Asking, den: Room, ada: User, bob: User) -> None:
    assert asking(ada).post("rooms/den/leave/").status == 409


def test_members_come_and_go_by_rank(asking: Asking, den: Room, ada: User, bob: User, mod: User, eve: User) -> None:
    members = asking(bob).get("rooms/den/members/")["results"]
    assert [(one["username"], one["role"]) for one in members] == [
        ("ada", "owner"), ("bob", "member"), ("mod", "moderator"),
    ]  # fmt: skip
    assert asking(bob).post("rooms/den/members/", {"username": "eve"}).status == 403
    added = asking(mod).post("rooms/den/members/", {"username": "@Eve", "role": "guest"})
    assert (added.status, added["username"], added["role"]) == (201, "eve", "guest")
    assert asking(mod).post("rooms/den/members/", {"username": "eve"}).status == 409
    assert asking(mod).post("rooms/den/members/", {"username": "nobody"}).status == 400
    assert asking(mod).patch("rooms/den/members/eve/", {"role": "member"}).status == 403
    assert asking(ada).patch("rooms/den/members/eve/", {"role": "moderator"})["role"] == "moderator"
    assert asking(mod).delete("rooms/den/members/eve/").status == 403
    assert asking(ada).delete("rooms/den/members/eve/").status == 204
    assert asking(ada).delete("rooms/den/members/eve/").status == 404


def test_an_invitation_is_shown_once_and_lets_in_as_often_as_it_says(
    asking: Asking, den: Room, bob: User, mod: User, eve: User
) -> None:
    made = asking(bob).post("rooms/den/invitations/", {"max_uses": 1, "expires_in_hours": 1})
    assert made.status == 201
    assert made["url"].endswith(f"{made['secret']}/")
    listed = asking(mod).get("rooms/den/invitations/")["results"]
    assert [(one["id"], one["uses"]) for one in listed] == [(made["id"], 0)]
    assert made["secret"] not in str(listed)
    joined = asking(eve).post("invitations/accept/", {"secret": made["secret"]})
    assert (joined.status, joined["slug"], joined["role"]) == (200, "den", "member")
    other = User.objects.create_user("zoe")
    assert asking(other).post("invitations/accept/", {"secret": made["secret"]}).status == 404


def test_an_invitation_taken_back_holds_no_more(asking: Asking, den: Room, bob: User, mod: User, eve: User) -> None:
    made = asking(mod).post("rooms/den/invitations/")
    assert asking(bob).get("rooms/den/invitations/")["results"] == []
    assert asking(bob).delete(f"rooms/den/invitations/{made['id']}/").status == 404
    assert asking(mod).delete(f"rooms/den/invitations/{made['id']}/").status == 204
    assert asking(eve).post("invitations/accept/", {"secret": made["secret"]}).status == 404


def test_people_are_found_only_where_a_room_is_shared(
    asking: Asking, den: Room, square: Room, ada: User, bob: User, eve: User
) -> None:
    zoe = User.objects.create_user("adele", display_name="Zoë")
    assert [one["username"] for one in asking(bob).get("users/?q=ad")["results"]] == ["ada"]
    begin_membership(room=den, user=zoe, role="member", by=ada)
    assert [one["username"] for one in asking(bob).get("users/?q=@Ad")["results"]] == ["ada", "adele"]
    assert [one["username"] for one in asking(bob).get("users/?q=zo&room=den")["results"]] == ["adele"]
    assert asking(eve).get("users/?q=a")["results"] == []
    assert asking(eve).get("users/?q=a&room=den")["results"] == []
