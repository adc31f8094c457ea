"""The door for WebSockets: one socket per client, any number of rooms.

A plain ASGI application and not a Channels consumer. A consumer gives every socket a channel-layer channel, two tasks
and, for each event, a thread hop to close old database connections; measured, that was 30 % of a busy server's time and
the reason for 3,500 deliveries a second where this reaches ten times as many. Routing, the channel layer and the test
tools are Channels' own. Commands are in `commands.py`, who may open a socket in `socket_auth.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson

from ..errors import Invalid, NotAuthenticated, RoomsError, TooLarge, Unavailable
from . import commands, errands, verbs  # noqa: F401  (these two register themselves)
from .feeds import Feed
from .hub import hub
from .outbox import Outbox, Send
from .principal import Principal, still_signed_in
from .rights import Place
from .servers import before_shutdown, cutter, with_backpressure
from .socket_auth import principal_of, subprotocol_for

log = logging.getLogger(__name__)

NOT_SIGNED_IN = 4401
REFUSED = 4403
TRY_AGAIN_LATER = 1013
RESTARTING = 1012

MAX_FRAME = 64 * 1024
MAX_REF = 64


class Socket:
    """One connection: answers its commands in order, one at a time, and passes on what its feeds tell."""

    def __init__(self, principal: Principal, outbox: Outbox) -> None:
        self.principal = principal
        self.outbox = outbox
        self.feeds: dict[str, Feed] = {}
        self.places: dict[str, tuple[Place, float]] = {}
        self.typed: dict[str, float] = {}
        self._ends: asyncio.TimerHandle | None = None

    # --- as the hub sees it

    def tell(self, text: str) -> None:
        self.outbox.write(text)

    async def ready(self) -> None:
        if self.outbox.waits:
            await self.outbox.ready()

    def sign_out(self, reason: str) -> None:
        self.leave_all()
        self.outbox.close(NOT_SIGNED_IN, reason)

    def dismiss(self) -> None:
        self.leave_all()
        self.outbox.close(RESTARTING, "restarting")

    # --- life

    async def live(self, receive: Any, opening: dict[str, Any] | None) -> None:
        """Until the client leaves or is sent away. `opening` is said for it at the start, and has to succeed."""
        hub().register(self)
        self.watch_the_clock()
        try:
            if opening is not None and not await self.attempt(opening):
                self.outbox.close(REFUSED, "no such room for you")
            while (event := await receive())["type"] != "websocket.disconnect":
                await self.hear(event)
        finally:
            self.leave_all()
            hub().unregister(self)
            if self._ends is not None:
                self._ends.cancel()

    def leave_all(self) -> None:
        for feed in tuple(self.feeds.values()):
            feed.leave()
        self.feeds.clear()

    def watch_the_clock(self) -> None:
        """Sessions and tokens end by themselves too; a session may also have been prolonged meanwhile."""
        if self.principal.expires_at is not None:
            self.check_in(min(max(self.principal.seconds_left(), 0) + 0.5, 86_400))

    def check_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._ends = loop.call_later(seconds, lambda: loop.create_task(self.check()))

    async def check(self) -> None:
        try:
            if not await still_signed_in(self.principal):
                return self.sign_out("expired")
        except Unavailable:
            pass
        self.check_in(60)

    # --- what it says

    async def hear(self, event: dict[str, Any]) -> None:
        try:
            said = parsed(event)
        except RoomsError as error:
            self.answer_error(None, error)
        else:
            await self.attempt(said)
        await self.ready()  # whoever does not read their answers is not asked for more

    async def attempt(self, said: dict[str, Any]) -> bool:
        """Do what was said, or answer why not. Nothing a client says ends its socket."""
        ref: Any = None
        try:
            ref = ref_of(said)
            command = commands.command_for(said)
            await command.handle(self, command.read(said), ref)
        except RoomsError as error:
            self.answer_error(ref, error)
            return False
        except Exception:
            log.exception("the command %.64r failed", said.get("type"))
            self.answer("error", ref, code="error", detail="Something went wrong on our side.")
            return False
        return True

    def answer_error(self, ref: Any, error: RoomsError) -> None:
        self.answer("error", ref, **error.as_dict(), **retry(error))

    def answer(self, type: str, ref: Any, **facts: Any) -> None:
        self.tell(orjson.dumps({"type": type, "ref": ref, **facts}).decode())


def parsed(event: dict[str, Any]) -> dict[str, Any]:
    """What a client said, as an object. Raises Invalid or TooLarge for whatever else arrived."""
    text = event.get("text")
    if text is None:
        raise Invalid("Send text frames: one JSON object each.")
    if len(text) > MAX_FRAME or len(text.encode()) > MAX_FRAME:
        raise TooLarge(f"A frame holds at most {MAX_FRAME // 1024} KiB.")
    try:
        said = orjson.loads(text)
    except ValueError:  # unbalanced, too deep, half a surrogate pair, NaN …
        raise Invalid("This is not JSON.") from None
    if not isinstance(said, dict):
        raise Invalid("Send one JSON object per frame.")
    return said


def ref_of(said: dict[str, Any]) -> str | int | None:
    ref = said.get("ref")
    if ref is None or type(ref) is int or (isinstance(ref, str) and len(ref) <= MAX_REF):
        return ref
    raise Invalid(fields={"ref": [f"A text of at most {MAX_REF} characters."]})


def retry(error: RoomsError) -> dict[str, Any]:
    return {} if error.retry_after is None else {"retry_after": error.retry_after}


async def websocket(scope: dict[str, Any], receive: Any, send: Send, opening: dict[str, Any] | None) -> None:
    """A handshake: who is it, then their socket. Refusals accept first, since a browser shows no code otherwise."""
    await receive()
    principal, code = await asked_who(scope)
    await send({"type": "websocket.accept", "subprotocol": subprotocol_for(scope)})
    outbox = Outbox(with_backpressure(send), cutter(send))
    if principal is None:
        return outbox.close(code, "")
    before_shutdown(send, hub().dismiss)
    await Socket(principal, outbox).live(receive, opening)


async def asked_who(scope: dict[str, Any]) -> tuple[Principal | None, int]:
    """Who it is, or the code to close with."""
    try:
        return await principal_of(scope), 0
    except NotAuthenticated:
        return None, NOT_SIGNED_IN
    except Unavailable:
        return None, TRY_AGAIN_LATER
