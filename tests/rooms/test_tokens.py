from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from rooms.errors import Invalid
from rooms.models import ApiToken, Revocation, User
from rooms.services.tokens import create_token, revoke_token, sign_out_everywhere, token_for

from ..conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_and_kept_as_a_digest(ada: User) -> None:
    token, secret = create_token(user=ada, name="script", scopes=["read"])
    assert secret.startswith("crt_")
    assert secret not in str(vars(ApiToken.objects.get()))
    assert token_for(secret) == token


def test_a_token_stops_when_it_expires_is_revoked_or_its_owner_goes(ada: User) -> None:
    _, expired = create_token(user=ada, name="a", scopes=["read"], expires_in=timedelta(microseconds=1))
    gone, revoked = create_token(user=ada, name="b", scopes=["read"])
    _, alive = create_token(user=ada, name="c", scopes=["read"], expires_in=None)
    revoke_token(token=gone)
    assert token_for(expired) is None
    assert token_for(revoked) is None
    assert token_for(alive) is not None
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert token_for(alive) is None


def test_a_token_needs_scopes_that_exist(ada: User) -> None:
    with pytest.raises(Invalid):
        create_token(user=ada, name="x", scopes=["everything"])
    with pytest.raises(Invalid):
        create_token(user=ada, name="x", scopes=[])


def test_a_guest_may_have_a_token_that_does_no_more_than_they_may(gus: User) -> None:
    _, secret = create_token(user=gus, name="x", scopes=["read", "admin"])
    token = token_for(secret)
    assert token is not None
    assert token.user == gus


def test_signing_out_revokes_that_session_only(ada: User, client: Client) -> None:
    client.login(username="ada", password=PASSWORD)
    client.logout()
    revocation = Revocation.objects.get(user=ada)
    assert (revocation.reason, bool(revocation.session_hash)) == ("signed_out", True)


def test_a_new_password_or_a_deactivated_account_ends_every_connection(ada: User) -> None:
    ada.set_password("another long one")
    ada.save()
    ada.is_active = False
    ada.save()
    assert list(Revocation.objects.order_by("id").values_list("reason", flat=True)) == [
        "password_changed",
        "deactivated",
    ]


def test_signing_out_everywhere_ends_the_sessions(ada: User, client: Client) -> None:
    client.login(username="ada", password=PASSWORD)
    sign_out_everywhere(ada, "signed_out_everywhere")
    assert not client.session.get("_auth_user_id")
