from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from guardian.shortcuts import assign_perm
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rooms import access
from rooms.errors import Conflict, Forbidden, Invalid, NotFound
from rooms.models import Event, Membership, Room, User
from rooms.roles import PERMISSIONS, SENTENCES
from rooms.services.invitations import accept_invitation, create_invitation, revoke_invitation
from rooms.services.memberships import add_member, change_role, join_room, leave_room, remove_member
from rooms.services.rooms import change_room, create_room, delete_room

from ..conftest import person

pytestmark = pytest.mark.django_db


def role(room: Room, user: User) -> str | None:
    return Membership.objects.filter(room=room, user=user).values_list("role", flat=True).first()


def test_who_makes_a_room_owns_it(ada: User) -> None:
    room = create_room(creator=ada, name="Kitchen talk")
    assert (room.slug, role(room, ada), room.visibility) == ("kitchen-talk", "owner", "private")


def test_a_second_room_of_that_name_gets_an_address_of_its_own_but_a_chosen_one_is_taken(ada: User) -> None:
    create_room(creator=ada, name="Kitchen", slug="kitchen")
    assert create_room(creator=ada, name="Kitchen").slug.startswith("kitchen-")
    with pytest.raises(Conflict):
        create_room(creator=ada, name="Another", slug="kitchen")


NONSENSE = [
    {"name": ""},
    {"name": "x" * 81},
    {"name": "a\x00"},
    {"name": "\ud800"},
    {"name": "ok", "visibility": "secret"},
    {"name": "ok", "slug": "no spaces"},
    {"name": "ok", "slug": "api"},
]


@pytest.mark.parametrize("facts", NONSENSE)
def test_a_room_that_makes_no_sense_is_refused(ada: User, facts: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        create_room(creator=ada, **facts)


def test_guests_make_no_rooms(gus: User) -> None:
    with pytest.raises(Forbidden):
        create_room(creator=gus, name="Mine")


def test_anyone_joins_the_square_and_nobody_the_den(den: Room, square: Room, eve: User) -> None:
    assert join_room(room=square, user=eve).role == "member"
    with pytest.raises(Forbidden):
        join_room(room=den, user=eve)


def test_joining_twice_changes_nothing(square: Room, ada: User) -> None:
    assert join_room(room=square, user=ada).role == "owner"
    assert Event.objects.filter(room=square, type="membership.began").count() == 1


def test_a_room_keeps_an_owner(den: Room, ada: User, bob: User) -> None:
    with pytest.raises(Conflict):
        leave_room(room=den, user=ada)
    with pytest.raises(Conflict):
        change_role(room=den, user=ada, role="member", by=ada)
    change_role(room=den, user=bob, role="owner", by=ada)
    leave_room(room=den, user=ada)
    assert role(den, ada) is None


def test_rank_decides_over_whom_one_may(den: Room, ada: User, bob: User, mod: User, gus: User) -> None:
    with pytest.raises(Forbidden):
        remove_member(room=den, user=ada, by=mod)
    with pytest.raises(Forbidden):
        remove_member(room=den, user=mod, by=bob)
    remove_member(room=den, user=bob, by=mod)
    remove_member(room=den, user=gus, by=ada)
    assert role(den, bob) is None


def test_nobody_gives_a_role_above_their_own(den: Room, mod: User, eve: User) -> None:
    with pytest.raises(Forbidden):
        add_member(room=den, user=eve, role="owner", by=mod)
    assert add_member(room=den, user=eve, role="moderator", by=mod).role == "moderator"


def test_agents_and_guests_rise_no_higher(den: Room, ada: User, gus: User, echo: User) -> None:
    with pytest.raises(Invalid):
        change_role(room=den, user=gus, role="member", by=ada)
    with pytest.raises(Invalid):
        change_role(room=den, user=echo, role="moderator", by=ada)


def test_a_link_lets_people_in_as_often_as_it_says(den: Room, ada: User, eve: User) -> None:
    invitation, secret = create_invitation(room=den, by=ada, max_uses=1)
    assert secret not in str(invitation.__dict__)
    assert accept_invitation(user=eve, secret=secret) == den
    with pytest.raises(NotFound):
        accept_invitation(user=person("kim"), secret=secret)


def test_a_link_that_was_revoked_or_has_expired_is_like_none(den: Room, ada: User, eve: User) -> None:
    invitation, secret = create_invitation(room=den, by=ada)
    revoke_invitation(invitation=invitation)
    _, short = create_invitation(room=den, by=ada, expires_in=timedelta(microseconds=1))
    for dead in (secret, short, "inv_nonsense"):
        with pytest.raises(NotFound):
            accept_invitation(user=eve, secret=dead)


def test_unknown_and_forbidden_look_the_same_to_an_outsider(den: Room, eve: User) -> None:
    with pytest.raises(NotFound) as forbidden:
        access.room_for(eve, "den")
    with pytest.raises(NotFound) as unknown:
        access.room_for(eve, "no-such-room")
    assert forbidden.value.as_dict() == unknown.value.as_dict()


def test_a_grant_makes_an_exception_for_one_person(den: Room, bob: User) -> None:
    with pytest.raises(Forbidden):
        access.room_for(bob, "den", "rooms.change_room")
    assign_perm("rooms.change_room", bob, den)
    assert access.room_for(User.objects.get(pk=bob.pk), "den", "rooms.change_room") == den
    assert not access.rights_in(User.objects.get(pk=bob.pk), den).plain


def test_all_rights_at_once_are_what_each_question_alone_would_say(
    den: Room, square: Room, ada: User, bob: User, mod: User, eve: User, gus: User, django_assert_num_queries: Any
) -> None:
    assign_perm("rooms.change_room", bob, den)
    assign_perm("rooms.read_room", eve, den)
    root = person("root", is_superuser=True)
    gone = person("gone", is_active=False)
    for username in [user.username for user in (ada, bob, mod, eve, gus, root, gone)]:
        for room in (den, square):
            asked = User.objects.get(username=username)
            each = {name for name in SENTENCES if asked.has_perm(f"rooms.{name}", room)}
            assert access.rights_in(User.objects.get(username=username), room).perms == each
    with django_assert_num_queries(4):
        access.rights_in(ada, den)


def test_a_role_that_is_known_allows_nothing_that_asking_would_not(
    den: Room, square: Room, ada: User, bob: User, mod: User, eve: User, gus: User, settings: Any
) -> None:
    gone = person("gone", is_active=False)
    people = [ada, bob, mod, eve, gus, gone]
    for user, room, name in itertools.product(people, (den, square), SENTENCES):
        asked = access.role_allows(user, room, role(room, user), f"rooms.{name}")
        assert asked == User.objects.get(pk=user.pk).has_perm(f"rooms.{name}", room)
    settings.AUTHENTICATION_BACKENDS = ["governance.backends.Veto", *settings.AUTHENTICATION_BACKENDS]
    assert not access.role_allows(ada, den, "owner", access.READ)
    delete_room(room=den, by=ada)
    den.refresh_from_db()
    assert not access.role_allows(ada, den, "owner", access.READ)


def test_a_deleted_room_is_gone_for_its_owner_too(den: Room, ada: User) -> None:
    delete_room(room=den, by=ada)
    with pytest.raises(NotFound):
        access.room_for(ada, "den")
    assert den not in Room.objects.visible_to(ada)


def test_a_room_made_private_is_closed_to_visitors(square: Room, ada: User, eve: User) -> None:
    assert access.room_for(eve, "square") == square
    change_room(room=square, by=ada, visibility="private")
    with pytest.raises(NotFound):
        access.room_for(eve, "square")


def test_every_permission_of_the_table_can_be_granted_and_is_explained() -> None:
    assert set().union(*PERMISSIONS.values()) <= set(SENTENCES)
    from django.contrib.auth.models import Permission

    assert set(SENTENCES) <= set(
        Permission.objects.filter(content_type__model="room").values_list("codename", flat=True)
    )


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["human", "guest", "agent"]),
    role=st.sampled_from([None, "owner", "moderator", "member", "guest"]),
    visibility=st.sampled_from(["public", "private"]),
    active=st.booleans(),
    deleted=st.booleans(),
)
def test_the_list_of_rooms_and_the_right_to_read_agree(
    ada: User, kind: str, role: str | None, visibility: str, active: bool, deleted: bool
) -> None:
    User.objects.filter(username="kim").delete()
    Room.objects.filter(slug="place").delete()
    kim = person("kim", kind, is_active=active)
    room = create_room(creator=ada, name="A place", slug="place", visibility=visibility)
    if role:
        Membership.objects.create(room=room, user=kim, role=role)
    if deleted:
        delete_room(room=room, by=ada)
    room.refresh_from_db()
    listed = Room.objects.visible_to(kim).filter(pk=room.pk).exists()
    assert listed == kim.has_perm("rooms.read_room", room)
