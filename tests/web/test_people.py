"""Members, invitations, profiles, tokens and the way in."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from rooms.models import ApiToken, Invitation, Membership, Revocation, User
from tests.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db


def role_of(user: User, room) -> str | None:
    return Membership.objects.filter(room=room, user=user).values_list("role", flat=True).first()


def test_an_owner_adds_promotes_and_removes(den, ada, eve, browser_of):
    client = browser_of(ada)
    client.post("/rooms/den/members/", {"username": "@Eve", "role": "member"})
    assert role_of(eve, den) == "member"
    client.post("/rooms/den/members/eve/role", {"role": "moderator"})
    assert role_of(eve, den) == "moderator"
    client.post("/rooms/den/members/eve/remove")
    assert role_of(eve, den) is None


def test_a_member_is_offered_none_of_it_and_refused_all_of_it(den, bob, mod, eve, browser_of):
    client = browser_of(bob)
    page = client.get("/rooms/den/members/").content.decode()
    assert "Add somebody" not in page
    assert "/remove" not in page
    assert client.post("/rooms/den/members/", {"username": "eve", "role": "member"}).status_code == 403
    assert client.post("/rooms/den/members/mod/role", {"role": "guest"}).status_code == 403
    assert client.post("/rooms/den/members/mod/remove").status_code == 403
    assert (role_of(eve, den), role_of(mod, den)) == (None, "moderator")


def test_a_moderator_gives_nobody_a_role_above_their_own(den, mod, eve, browser_of):
    response = browser_of(mod).post("/rooms/den/members/", {"username": "eve", "role": "owner"})
    assert response.status_code == 400
    assert role_of(eve, den) is None


def test_adding_nobody_keeps_the_name_and_says_so(den, ada, browser_of):
    response = browser_of(ada).post("/rooms/den/members/", {"username": "nobody", "role": "member"})
    assert response.status_code == 400
    assert 'value="nobody"' in response.content.decode()
    assert "nobody of this name" in response.content.decode()


def link_in(html: str) -> str:
    found = re.search(r'value="http://testserver(/invite/[^"]+)"', html)
    assert found
    return found[1]


def test_an_invitation_link_is_shown_once_and_lets_somebody_in(den, bob, eve, browser_of):
    client = browser_of(bob)
    link = link_in(client.post("/rooms/den/invitations/", {"role": "guest", "days": "7"}).content.decode())
    assert link not in client.get("/rooms/den/members/").content.decode()
    greeting = browser_of(eve).get(link).content.decode()
    assert "The den" in greeting
    assert browser_of(eve).post(link)["Location"] == "/rooms/den/"
    assert role_of(eve, den) == "guest"
    assert browser_of(eve).get(link)["Location"] == "/rooms/den/"


def test_an_invitation_is_kept_through_making_an_account(den, bob, browser_of, client):
    link = link_in(browser_of(bob).post("/rooms/den/invitations/", {"role": "member", "days": "7"}).content.decode())
    greeting = client.get(link).content.decode()
    (signup,) = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', greeting)
    form = {
        "username": "newcomer",
        "password1": "a very good password",
        "password2": "a very good password",
        "next": link,
    }
    assert client.post(signup, form)["Location"] == link
    client.post(link)
    assert role_of(User.objects.get(username="newcomer"), den) == "member"


def test_a_withdrawn_or_unknown_link_opens_nothing(den, bob, eve, browser_of):
    link = link_in(browser_of(bob).post("/rooms/den/invitations/", {"role": "member", "days": "7"}).content.decode())
    browser_of(bob).post(f"/rooms/den/invitations/{Invitation.objects.get().prefix}/revoke")
    for path in (link, "/invite/nonsense/"):
        response = browser_of(eve).get(path)
        assert response.status_code == 404
        assert "does not hold any more" in response.content.decode()
    assert browser_of(eve).post(link).status_code == 404
    assert role_of(eve, den) is None


def test_a_guest_makes_no_invitations(den, gus, browser_of):
    assert browser_of(gus).post("/rooms/den/invitations/", {"role": "guest", "days": "1"}).status_code == 403


def test_a_profile_is_changed_by_its_owner_and_nothing_else_with_it(ada, browser_of):
    browser_of(ada).post(
        "/profile/", {"display_name": "Ada L.", "about": "Engines", "kind": "system", "is_superuser": "on"}
    )
    ada.refresh_from_db()
    assert (ada.display_name, ada.about, ada.kind, ada.is_superuser) == ("Ada L.", "Engines", "human", False)


def test_a_token_is_shown_once_and_can_be_revoked(ada, eve, browser_of, client):
    mine = browser_of(ada)
    page = mine.post("/profile/tokens/", {"name": "Script", "scopes": ["read"], "days": "30"}).content.decode()
    found = re.search(r'id="secret" value="([^"]+)"', page)
    assert found
    secret = found[1]
    assert secret not in mine.get("/profile/").content.decode()
    assert client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}).json()["username"] == "ada"
    prefix = ApiToken.objects.get().prefix
    assert browser_of(eve).post(f"/profile/tokens/{prefix}/revoke").status_code == 404
    mine.post(f"/profile/tokens/{prefix}/revoke")
    assert client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_token_without_scopes_is_refused_with_its_name_kept(ada, browser_of):
    response = browser_of(ada).post("/profile/tokens/", {"name": "Half a token", "days": "30"})
    assert response.status_code == 400
    assert 'value="Half a token"' in response.content.decode()
    assert not ApiToken.objects.exists()


def test_signing_out_everywhere_ends_the_other_browsers_too(ada, browser_of):
    here, there = browser_of(ada), browser_of(ada)
    assert here.post("/profile/sign-out-everywhere")["Location"] == "/accounts/login/"
    for client in (here, there):
        assert client.get("/profile/").status_code == 302
    assert Revocation.objects.filter(user=ada, reason="signed_out_everywhere").exists()


def test_signing_in_returns_to_where_one_wanted_to_go(den, bob, client):
    response = client.post(
        "/accounts/login/?next=/rooms/den/", {"login": "bob", "password": PASSWORD, "next": "/rooms/den/"}
    )
    assert response["Location"] == "/rooms/den/"
    assert client.get("/rooms/den/").status_code == 200


def test_a_wrong_password_keeps_the_name_and_says_so(bob, client):
    page = client.post("/accounts/login/", {"login": "bob", "password": "wrong"}).content.decode()
    assert 'value="bob"' in page
    assert 'role="alert"' in page
    assert "wrong" not in re.findall(r'value="([^"]*)"', page)


@pytest.mark.parametrize(
    "path", ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/", "confirm-email/"]
)
def test_the_ways_in_are_drawn_in_our_own_hand(client, path):
    page = client.get(f"/accounts/{path}")
    assert page.status_code == 200
    assert 'class="entrance__card"' in page.content.decode()


@pytest.mark.parametrize("path", ["password/change/", "email/", "logout/"])
def test_the_account_pages_stand_in_the_frame(ada, browser_of, path):
    page = browser_of(ada).get(f"/accounts/{path}").content.decode()
    assert 'aria-label="Rooms"' in page


def test_a_forgotten_password_is_set_anew_by_mail(client, mailoutbox):
    user = person("forgetful", email="forgetful@example.org")
    client.post("/accounts/password/reset/", {"email": user.email})
    (link,) = re.findall(r"http://testserver(/accounts/password/reset/key/\S+)", mailoutbox[0].body)
    page = client.get(link, follow=True)
    form = {"password1": "an entirely new one", "password2": "an entirely new one"}
    client.post(page.redirect_chain[-1][0], form)
    assert Client().login(username="forgetful", password="an entirely new one")


def test_the_theme_is_in_the_first_paint_and_only_one_we_know(client):
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "data-theme=" not in client.get("/").content.decode()


def test_a_strange_time_zone_is_no_time_zone(den, bob, browser_of):
    client = browser_of(bob)
    for zone in ("Europe/Paris", "../../etc/passwd", "\x00", "x" * 5000, "Nowhere/At_All"):
        client.cookies["zone"] = zone
        assert client.get("/rooms/den/").status_code == 200


PAGES = ["/", "/accounts/login/", "/rooms/den/", "/rooms/den/members/", "/profile/", "/nowhere/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_private_strict_and_without_inline_code(den, ada, browser_of, path):
    response = browser_of(ada).get(path)
    assert response["Cache-Control"] == "no-store, private"
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    html = response.content.decode()
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    for tag in re.findall(r"<script[^>]*>", html):
        assert f'nonce="{nonce[1]}"' in tag
        assert " src=" in tag
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)


def test_a_form_without_its_token_is_refused_in_plain_words(den, bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    response = client.post("/rooms/den/messages/", {"body": "forged"})
    assert response.status_code == 403
    assert "too old to be sent" in response.content.decode()
