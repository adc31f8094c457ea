"""A password cannot be tried out, however many try at once."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client, RequestFactory, override_settings

from rooms import guessing
from rooms.errors import RateLimited
from rooms.models import Attempt, User
from tests.conftest import PASSWORD
from tests.plugins.rest import Answer, Caller

pytestmark = pytest.mark.django_db(transaction=True)


def try_token(name: str, password: str) -> Answer:
    header = {"authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}
    return Caller().post("tokens/", {"name": "x"}, headers=header)


def test_after_ten_wrong_guesses_even_the_right_one_has_to_wait(bob: User) -> None:
    statuses = [try_token("bob", f"guess {n}").status for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    locked = try_token("BOB ", PASSWORD)
    assert (locked.status, locked["code"]) == (429, "rate_limited")
    assert 0 < int(locked.headers["Retry-After"]) <= 300


def test_right_guesses_are_not_counted(bob: User) -> None:
    assert {try_token("bob", PASSWORD).status for _ in range(12)} == {201}
    assert all(attempt.at == [] for attempt in Attempt.objects.all())


def test_a_name_that_nobody_has_answers_the_same(bob: User) -> None:
    known, unknown = try_token("bob", "wrong"), try_token("nobody", "wrong")
    assert (known.status, known.json) == (unknown.status, unknown.json) == (401, known.json)


def test_guesses_on_the_page_and_at_the_api_count_together(bob: User) -> None:
    page = Client()
    for number in range(5):
        page.post("/accounts/login/", {"login": "bob", "password": f"guess {number}"})
        assert try_token("bob", f"other guess {number}").status == 401
    answer = page.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    assert b"Too many failed login attempts" in answer.content
    assert try_token("bob", PASSWORD).status == 429


def test_somebody_who_knows_their_password_signs_in_as_often_as_they_like(bob: User) -> None:
    for _ in range(12):
        assert Client().post("/accounts/login/", {"login": "bob", "password": PASSWORD}).status_code == 302


def test_a_hundred_at_once_get_no_further_than_ten_in_a_row() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.1.2.3")

    def attempt(_: int) -> bool:
        try:
            guessing.count_attempt(request, "bob")
        except RateLimited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(100))) == guessing.PER_NAME


def test_many_names_from_one_address_are_limited_too() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8::1")
    for number in range(guessing.PER_ADDRESS):
        guessing.count_attempt(request, f"name{number}")
    neighbour = RequestFactory().get("/", REMOTE_ADDR="2001:db8::ffff")
    with pytest.raises(RateLimited):
        guessing.count_attempt(neighbour, "another")
    guessing.count_attempt(RequestFactory().get("/", REMOTE_ADDR="2001:db8:0:1::1"), "another")


def test_a_forwarded_address_is_not_believed(bob: User) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="6.6.6.6, 1.2.3.4")
    assert guessing.network_of(request) == "10.1.2.3"
    with override_settings(TRUSTED_PROXIES=1):
        assert guessing.network_of(request) == "1.2.3.4"
    with override_settings(TRUSTED_PROXIES=3):
        assert guessing.network_of(request) == "10.1.2.3"


def test_old_attempts_are_cleared_away(bob: User) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.1.2.3")
    guessing.count_attempt(request, "bob")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rooms_attempt SET at = ARRAY[now() - interval '10 minutes']")
    guessing.count_attempt(request, "eve")
    assert guessing.forget_old() == 1
    assert Attempt.objects.count() == 2
