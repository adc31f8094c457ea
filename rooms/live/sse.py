"""The door for EventSource: a feed as `text/event-stream`, each event's id its number."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse

from .feeds import closed_text, resync_text
from .hub import hub
from .mailbox import Mailbox, seq_of
from .principal import Principal, still_signed_in
from .rights import Place

HEARTBEAT = 15.0
COME_BACK_MS = 2000


def stream(principal: Principal, place: Place, after: int | None, draw: bool) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        events(principal, place, after, draw),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store, private", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"},
    )


async def events(principal: Principal, place: Place, after: int | None, draw: bool) -> AsyncIterator[bytes]:
    """Until the reader goes, is too slow or loses the right to read. What ends it comes last.

    The first words give the place to come back to, for a stream that breaks before its first event.
    """
    start = place.last_seq if after is None else after
    yield b"retry: %d\nid: %d\n\n" % (COME_BACK_MS, start)
    mailbox = Mailbox(principal)
    hub().register(mailbox)
    feed = await hub().open(place, mailbox, after=after, draw=draw)
    try:
        if feed is None:
            yield event(resync_text(place.slug, place.last_seq))
            return
        feed.start()
        while not mailbox.ended:
            frames = await mailbox.fetch(min(HEARTBEAT, max(principal.seconds_left(), 1)))
            yield b"".join(map(event, frames)) or b": still here\n\n"
            if feed.closed:
                return
            if principal.seconds_left() < 0 and not await still_signed_in(principal):
                mailbox.sign_out("expired")
        if mailbox.ended == "signed_out":
            yield event(closed_text(place.slug, "signed_out"))
    finally:
        mailbox.end("gone")
        if feed is not None:
            feed.leave()
        hub().unregister(mailbox)


def event(text: str) -> bytes:
    """One event. PostgreSQL breaks lines between the elements of an array, which here would end the field."""
    seq = seq_of(text)
    number = b"" if seq is None else b"id: %d\n" % seq
    return number + b"data: " + text.replace("\n", " ").encode() + b"\n\n"
