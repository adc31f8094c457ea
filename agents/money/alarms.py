"""Telling of an alarm: a row for each channel in the transaction that makes the alarm, then tries with growing pauses
until the other side has said that it has it, or it is given up and people look after it.

Whoever delivers takes the row for so long as a try may last, so that two workers never try at once; one that died in
the midst is followed by another. The other side may then hear it a second time, under the same `Idempotency-Key`.

The webhook's address stands in the environment, where only whoever runs the house can write: it may lead into one's own
network, where alarm systems live. What it redirects to is nobody's word, so redirects are not followed; what it answers
is not read. Neither the address nor what the other side says is kept or logged: both may hold secrets.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import random
import smtplib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models.functions import Now

from rooms import background, prepared

from ..models import Alarm, Delivery

log = logging.getLogger(__name__)

MOST = 12
"""Tries, over about a day and a half."""
FIRST, LONGEST = 30.0, 6 * 3600.0
"""Seconds until the second try, and the longest pause between two."""
TRY = 15.0
"""Seconds a try may take, all in all."""
TAKEN = 60.0
"""Seconds for which a try has the row to itself."""
AT_ONCE = 20
SUBJECT = "What agents cost"

CLAIM = """
    UPDATE agents_delivery d
       SET attempts = d.attempts + 1, tried_at = now(), due_at = now() + make_interval(secs => %(taken)s)
     WHERE d.id IN (SELECT id FROM agents_delivery WHERE state = 'waiting' AND due_at <= now()
                     ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING d.id
"""


class Undelivered(Exception):
    """In words that may be kept and shown: no address, no key, nothing the other side has said."""


def channels() -> list[Delivery.Channel]:
    """Those that are set up."""
    given = {Delivery.Channel.WEBHOOK: settings.COST_WEBHOOK_URL, Delivery.Channel.MAIL: settings.ADMINS}
    return [channel for channel, there in given.items() if there]


def put_in_outbox(alarm: Alarm) -> None:
    """Wants the transaction that makes the alarm."""
    Delivery.objects.bulk_create(Delivery(alarm=alarm, channel=channel) for channel in channels())


@shared_task(name="agents.deliver_alarms")
def deliver_alarms() -> int:
    """Beat calls this each half minute, and so does whoever has put something in. How many tries were made."""
    due = [row[0] for row in prepared.fetch(CLAIM, {"taken": TAKEN, "limit": AT_ONCE})]
    for delivery in Delivery.objects.select_related("alarm").filter(pk__in=due):
        attempt(delivery)
    return len(due)


def attempt(delivery: Delivery) -> None:
    """One try of a row that was claimed, and what comes of it."""
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=Delivery.State.WAITING)
    try:
        WAYS[delivery.channel](delivery)
    except Undelivered as error:
        is_last = delivery.attempts >= MOST
        log.warning("alarm %s could not be told by %s: %s", delivery.alarm_id, delivery.channel, error)
        facts: dict[str, Any] = {"state": Delivery.State.DEAD} if is_last else {"due_at": due_after(delivery.attempts)}
        mine.update(last_error=str(error)[:120], **facts)
    else:
        mine.update(state=Delivery.State.DONE, done_at=Now(), last_error="")


def due_after(attempts: int) -> Any:
    """Twice as long as before, and by up to a half less or more, so that what broke together does not come together."""
    pause = min(LONGEST, FIRST * 2 ** (attempts - 1)) * random.uniform(0.5, 1.5)  # noqa: S311  # only a jitter
    return Now() + timedelta(seconds=pause)


def write_mail(delivery: Delivery) -> None:
    """One letter to all admins. A repetition has the same id, which mail programs show once."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    letter = EmailMessage(
        f"{settings.EMAIL_SUBJECT_PREFIX}{SUBJECT}",
        delivery.alarm.sentence,
        settings.SERVER_EMAIL,
        [address for _, address in settings.ADMINS],
        headers={"Message-ID": f"<alarm-{delivery.pk}@{host}>"},
    )
    if not letter.to:
        raise Undelivered("ADMINS names nobody any more.")
    try:
        letter.send()
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"The mail server answered {error.smtp_code}.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"The mail server could not be used: {type(error).__name__}.") from None


def call_webhook(delivery: Delivery) -> None:
    """A POST of one JSON object. Its signature is the HMAC-SHA256 of the time, a dot and the body."""
    if not settings.COST_WEBHOOK_URL:
        raise Undelivered("COST_WEBHOOK_URL is not set any more.")
    body = orjson.dumps(as_facts(delivery.alarm))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(delivery.pk),
        "X-Chatroom-Signature": signature(body, int(time.time())),
    }
    try:
        status = background.run(post(settings.COST_WEBHOOK_URL, body, headers), 2 * TRY)
    except TimeoutError:
        raise Undelivered(f"It did not answer within {TRY:.0f} seconds.") from None
    except Exception as error:  # its words may hold the address
        raise Undelivered(f"It could not be reached: {type(error).__name__}.") from None
    if not 200 <= status < 300:
        raise Undelivered(f"It answered {status}.")


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status alone, within `TRY` seconds whatever the other side does."""
    from aiohttp import ClientSession, ClientTimeout  # only where something is to be told

    async with (
        asyncio.timeout(TRY),
        ClientSession(timeout=ClientTimeout(total=TRY)) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status


def signature(body: bytes, at: int) -> str:
    signed = hmac.new(settings.COST_WEBHOOK_SECRET.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def as_facts(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.pk,
        "type": "cost.alarm",
        "kind": alarm.kind,
        "scope": alarm.scope,
        "name": alarm.name,
        "window": alarm.window,
        "spent_micros": alarm.spent_micros,
        "sentence": alarm.sentence,
    }


WAYS: dict[str, Callable[[Delivery], None]] = {
    Delivery.Channel.WEBHOOK: call_webhook,
    Delivery.Channel.MAIL: write_mail,
}
