"""An alarm reaches the webhook and the mail of the house, however often they break, and each of them once."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from agents.models import Account, Alarm, Delivery
from agents.money import alarms, anomalies
from rooms.models import Room, User
from tests.conftest import person

from .asking import Aside

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "T0K3N-in-the-address"
SECRET = "between us"


class Heard(BaseHTTPRequestHandler):
    """Does what stands in `moods`, one after the other: a status, or a word. Then all is well."""

    calls: list[tuple[dict[str, str], bytes]] = []
    moods: list[Any] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
        mood = self.moods.pop(0) if self.moods else 204
        if mood == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return self.connection.close()
        if mood == "drip":  # a byte of a header now and then: no time-out of a single read ever comes
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                while True:
                    self.wfile.write(b"X")
                    self.wfile.flush()
                    time.sleep(0.05)
            return None
        self.send_response(mood)
        if 300 <= mood < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(f"my secrets are {TOKEN}".encode() if mood != 204 else b"")

    def do_GET(self) -> None:
        self.calls.append(({"path": self.path}, b""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Quietly."""


@pytest.fixture
def webhook(settings: Any) -> Iterator[type[Heard]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.COST_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/costs/{TOKEN}"
    settings.COST_WEBHOOK_SECRET = SECRET
    Heard.calls, Heard.moods = [], []
    yield Heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    return client


def alarm(room: Room) -> Alarm:
    """The room has used up what it may spend for ever."""
    Account.objects.create(scope="room", key=str(room.pk), period="none", limit_micros=100, spent_micros=100)
    (found,) = anomalies.notice()
    return found


def tries(times: int = 1) -> None:
    """As if all pauses were over."""
    for _ in range(times):
        Delivery.objects.update(due_at=Now() - timedelta(seconds=1))
        alarms.deliver_alarms()


def test_a_webhook_hears_it_signed_and_admins_get_mail(
    den: Room, ada: User, webhook: type[Heard], settings: Any
) -> None:
    settings.ADMINS = [("", "house@example.org")]
    Account.objects.create(scope="room", key=str(den.pk), period="none", limit_micros=100, spent_micros=100)
    anomalies.watch_costs()
    ((headers, body),) = webhook.calls
    at = headers["x-chatroom-signature"].removeprefix("t=").partition(",")[0]
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-chatroom-signature"] == f"t={at},v1={expected}"
    assert headers["idempotency-key"] == str(Delivery.objects.get(channel="webhook").pk)
    told = json.loads(body)
    assert (told["type"], told["kind"], told["scope"], told["name"]) == ("cost.alarm", "budget_100", "room", "den")
    (letter,) = mail.outbox
    assert letter.to == ["house@example.org"]
    assert "Room den has spent $0.0001 of $0.0001 for ever." in letter.body
    assert str(Delivery.objects.get(channel="mail").pk) in letter.extra_headers["Message-ID"]
    anomalies.watch_costs()
    tries()
    assert (len(webhook.calls), len(mail.outbox)) == (1, 1)
    assert set(Delivery.objects.values_list("state", "attempts", "last_error")) == {("done", 1, "")}


def test_whatever_breaks_it_is_tried_again_until_it_is_heard(
    den: Room, webhook: type[Heard], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    moods = [500, 404, "reset", "drip", 302, 503]
    with caplog.at_level(logging.DEBUG):
        alarm(den)
        errors = []
        for mood in moods:
            webhook.moods = [mood]
            with monkeypatch.context() as patient:
                patient.setattr(alarms, "TRY", 0.3 if mood == "drip" else alarms.TRY)
                tries()
            errors.append(Delivery.objects.get().last_error)
        tries()
    assert errors[0] == "It answered 500."
    assert errors[2].startswith("It could not be reached: ")
    assert errors[3] == "It did not answer within 0 seconds."
    assert errors[4] == "It answered 302."
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("done", 7, "")
    assert len({headers["idempotency-key"] for headers, _ in webhook.calls}) == 1
    assert len({body for _, body in webhook.calls}) == 1
    tries()
    assert len(webhook.calls) == 7
    for secret in (TOKEN, SECRET):
        assert secret not in caplog.text + "".join(errors)


def test_a_house_that_is_not_there_is_waited_for(den: Room, settings: Any, webhook: type[Heard]) -> None:
    there = settings.COST_WEBHOOK_URL
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.COST_WEBHOOK_URL = f"http://127.0.0.1:{port}/costs"
    alarm(den)
    tries()
    assert Delivery.objects.get().last_error.startswith("It could not be reached: ")
    settings.COST_WEBHOOK_URL = there
    tries()
    assert Delivery.objects.get().state == "done"


def test_pauses_grow_to_a_bound_and_differ(den: Room, webhook: type[Heard]) -> None:
    alarm(den)
    pauses: dict[int, list[float]] = {}
    for attempts in (1, 2, 5, 11):
        for _ in range(10):
            Delivery.objects.update(due_at=alarms.due_after(attempts))
            wait = Delivery.objects.annotate(now=Now()).get()
            pauses.setdefault(attempts, []).append((wait.due_at - wait.now).total_seconds())
    for attempts, wanted in ((1, 30), (2, 60), (5, 480), (11, 6 * 3600)):
        assert all(wanted * 0.49 < pause < wanted * 1.51 for pause in pauses[attempts])
        assert len(set(pauses[attempts])) > 5
    Delivery.objects.update(due_at=Now() + timedelta(seconds=30))
    assert alarms.deliver_alarms() == 0


def test_what_is_given_up_is_shown_and_brought_back_by_staff_alone(
    den: Room, ada: User, webhook: type[Heard], console: Client
) -> None:
    webhook.moods = [500] * alarms.MOST
    told = alarm(den)
    tries(alarms.MOST + 3)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, len(webhook.calls)) == ("dead", alarms.MOST, alarms.MOST)
    page = console.get(reverse("admin:agents_delivery_changelist"), {"state__exact": "dead"}).content.decode()
    assert "given up" in page
    assert "It answered 500." in page
    assert "given up" in console.get(reverse("admin:agents_alarm_change", args=[told.pk])).content.decode()
    again = {"action": "try_again", "_selected_action": [delivery.pk]}
    url = reverse("admin:agents_delivery_changelist")
    outsider = Client()
    outsider.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert outsider.post(url, again).status_code == 302
    looker = Client()
    looker.force_login(may_look("looker"), "django.contrib.auth.backends.ModelBackend")
    looker.post(url, again)
    assert Delivery.objects.get().state == "dead"
    console.post(url, again)
    assert Delivery.objects.get().attempts == 0
    tries()
    assert webhook.calls[-1][0]["idempotency-key"] == str(delivery.pk)
    change = reverse("admin:agents_delivery_change", args=[delivery.pk])
    assert console.post(change, {"state": "dead"}).status_code == 403
    assert Delivery.objects.get().state == "done"


def may_look(name: str) -> User:
    from django.contrib.auth.models import Permission

    found = person(name, is_staff=True)
    found.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    return found


def test_many_who_deliver_at_once_make_one_try(den: Room, webhook: type[Heard]) -> None:
    alarm(den)
    with Aside(8) as aside:
        made = [aside.run(alarms.deliver_alarms) for _ in range(8)]
    assert sum(each.result(20) for each in made) == 1
    assert len(webhook.calls) == 1


def test_who_died_in_a_try_is_followed_under_the_same_key(den: Room, webhook: type[Heard]) -> None:
    """The other side has it, but nobody wrote that down: it hears it again, and knows it."""
    alarm(den)
    delivery = Delivery.objects.select_related("alarm").get()
    alarms.prepared.fetch(alarms.CLAIM, {"taken": alarms.TAKEN, "limit": 1})
    alarms.call_webhook(delivery)  # and now the process is killed
    assert alarms.deliver_alarms() == 0  # the row is still its own
    tries()
    assert len({headers["idempotency-key"] for headers, _ in webhook.calls}) == 1
    assert (len(webhook.calls), Delivery.objects.get().state) == (2, "done")


def test_a_try_that_took_too_long_changes_nothing_afterwards(den: Room, webhook: type[Heard]) -> None:
    alarm(den)
    alarms.prepared.fetch(alarms.CLAIM, {"taken": alarms.TAKEN, "limit": 1})
    slept = Delivery.objects.select_related("alarm").get()
    tries()
    webhook.moods = [500]
    alarms.attempt(slept)
    assert Delivery.objects.get().state == "done"


def test_an_alarm_that_was_not_kept_is_not_told(
    den: Room, webhook: type[Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both or neither: there is no alarm without its deliveries."""
    monkeypatch.setattr(alarms, "put_in_outbox", lambda alarm: 1 / 0)
    Account.objects.create(scope="room", key=str(den.pk), period="none", limit_micros=100, spent_micros=100)
    with pytest.raises(ZeroDivisionError):
        anomalies.notice()
    assert not Alarm.objects.exists()


def test_mail_is_tried_again_too_and_tells_nothing_of_the_server(
    den: Room, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ADMINS = [("", "house@example.org")]
    troubles: list[Exception] = [
        smtplib.SMTPAuthenticationError(535, f"no such password: {TOKEN}".encode()),
        ConnectionRefusedError(f"{TOKEN}:587"),
    ]
    send = mail.EmailMessage.send

    def broken(letter: Any, *args: Any, **kwargs: Any) -> int:
        if troubles:
            raise troubles.pop(0)
        return send(letter, *args, **kwargs)

    monkeypatch.setattr(mail.EmailMessage, "send", broken)
    alarm(den)
    tries()
    assert Delivery.objects.get().last_error == "The mail server answered 535."
    tries()
    assert Delivery.objects.get().last_error == "The mail server could not be used: ConnectionRefusedError."
    tries(2)
    assert Delivery.objects.get().state == "done"
    assert len(mail.outbox) == 1
    assert TOKEN not in caplog.text


def test_where_nobody_wants_to_hear_there_is_nothing_to_deliver(den: Room, settings: Any) -> None:
    settings.ADMINS, settings.COST_WEBHOOK_URL = [], ""
    alarm(den)
    assert not Delivery.objects.exists()
