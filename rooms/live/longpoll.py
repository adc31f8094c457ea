"""The door for programs that can only ask: what came after a number, at once or as soon as something does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from django.http import HttpResponse

from .. import reading
from ..errors import NotAuthenticated
from .channels import with_article
from .feeds import resync_text, too_far
from .frames import skip
from .hub import hub
from .mailbox import Mailbox, seq_of
from .principal import Principal
from .rights import Place

GATHER = 0.03
"""Frames seldom come alone; this long the first one waits for its company."""


async def answer(principal: Principal, place: Place, after: int | None, wait: float, draw: bool) -> HttpResponse:
    start = place.last_seq if after is None else after
    if too_far(start, place.last_seq):
        return body([resync_text(place.slug, place.last_seq)], place.last_seq)
    frames = await already_there(place, start, draw) if start < place.last_seq else []
    if not frames and wait:
        frames = await wait_for(principal, place, start, wait, draw)
    return body(frames, max([start, *(seq_of(text) or 0 for text in frames)]))


async def already_there(place: Place, after: int, draw: bool) -> list[str]:
    """From the log; up to the number for which the right to read is known, since it may end with the next."""
    replay = await reading.aread_events(place.room_id, place.reader, after)
    if replay.resync:
        return [resync_text(place.slug, replay.last_seq)]
    known = [(frame, readable) for frame, readable in replay.frames if (frame.seq or 0) <= place.last_seq]
    return [
        (with_article(frame) if draw else frame.text) if readable else skip(place.slug, frame.seq or 0)
        for frame, readable in known
    ]


async def wait_for(principal: Principal, place: Place, after: int, wait: float, draw: bool) -> list[str]:
    mailbox = Mailbox(principal)
    hub().register(mailbox)
    feed = await hub().open(place, mailbox, after=after, draw=draw)
    try:
        if feed is None:
            return [resync_text(place.slug, place.last_seq)]
        feed.start()
        await mailbox.wait_for_news(wait)
        await asyncio.sleep(GATHER)
        if mailbox.ended == "signed_out":
            raise NotAuthenticated
        return await mailbox.fetch(0)
    finally:
        mailbox.end("gone")
        if feed is not None:
            feed.leave()
        hub().unregister(mailbox)


def body(frames: Sequence[str], last_seq: int) -> HttpResponse:
    """`last_seq` is how far this answer reaches: what to ask after next time."""
    text = f'{{"results":[{",".join(frames)}],"last_seq":{last_seq}}}'
    return HttpResponse(text, content_type="application/json", headers={"Cache-Control": "no-store, private"})
