"""What browsers are told with every answer, from the threads of tests and from the event loop alike."""

from __future__ import annotations

import re

import pytest
from asgiref.sync import SyncToAsync, async_to_sync
from django.test import AsyncClient, Client

from tests.conftest import PASSWORD

PAGES = ["/accounts/login/", "/accounts/signup/", "/admin/login/", "/livez", "/nowhere/", "/api/v1/me/"]


def nonce_of(answer) -> str:
    found = re.search(r"script-src 'self' 'nonce-([A-Za-z0-9_-]{22})'", answer["Content-Security-Policy"])
    assert found
    return found[1]


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_is_private_and_allows_nothing_foreign(db, client, address):
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "connect-src 'self' ws://testserver;" in policy
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "microphone=()" in answer["Permissions-Policy"]
    assert re.fullmatch(r"[0-9a-f]{16}", answer["X-Request-ID"])


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/admin/login/"]
)
def test_no_page_has_a_script_or_style_that_the_policy_would_stop(db, client, address):
    answer = client.get(address)
    page = answer.content.decode()
    for tag in re.findall(r"<script\b[^>]*>", page):
        assert ' src="/' in tag or f'nonce="{nonce_of(answer)}"' in tag or 'type="application/json"' in tag, tag
    assert "<style" not in page
    assert not re.search(r"\s(style|on[a-z]+)=\"", page)
    assert "javascript:" not in page


def test_no_two_answers_share_a_nonce(client):
    assert nonce_of(client.get("/livez")) != nonce_of(client.get("/livez"))


def test_a_request_keeps_the_name_its_proxy_gave_it_unless_it_is_nonsense(client):
    assert client.get("/livez", headers={"X-Request-ID": "edge-1234.abcd"})["X-Request-ID"] == "edge-1234.abcd"
    assert client.get("/livez", headers={"X-Request-ID": "a b\x1b[31m"})["X-Request-ID"] != "a b\x1b[31m"


def test_an_unknown_host_is_refused_and_still_gets_the_policy(client):
    answer = client.get("/livez", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_a_form_without_its_token_is_refused_by_every_path_into_django(db, client_class):
    client = client_class(enforce_csrf_checks=True)
    post = client.post if client_class is Client else sync_post(client)
    assert post("/accounts/login/", {"login": "ada", "password": "x"}).status_code == 403


def sync_post(client: AsyncClient):
    return async_to_sync(client.post)


async def test_signing_in_and_out_works_inside_the_event_loop(own_pool, transactional_db, async_client, ada):
    answer = await async_client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 302
    assert "sessionid" in async_client.cookies
    assert (await async_client.get("/accounts/login/")).status_code == 302, "signed in already"
    await async_client.post("/accounts/logout/")
    assert (await async_client.get("/accounts/login/")).status_code == 200


async def test_no_middleware_leaves_the_event_loop_for_a_plain_request(async_client, monkeypatch):
    """Each hop to a thread and back costs about as much as a query; Django's own middleware would make a dozen."""
    hops: list[str] = []
    called = SyncToAsync.__call__

    async def counting(self, *args, **kwargs):
        hops.append(getattr(self.func, "__qualname__", repr(self.func)))
        return await called(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counting)
    assert (await async_client.get("/livez", headers={"Cookie": "sessionid=abc"})).status_code == 200
    assert [hop for hop in hops if "process_" in hop or "middleware" in hop.lower()] == []


def test_the_icon_is_found_where_pages_that_name_none_look_for_it(client):
    assert client.get("/favicon.ico")["Location"].endswith("favicon.svg")


def test_probes_answer_without_a_redirect_in_production(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/livez").status_code == 200
    assert Client().get("/accounts/login/").status_code == 301
