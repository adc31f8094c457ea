"""HTTP and WebSocket clients that cost far less than the server they measure. Loopback only, no TLS."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from re import Pattern
from typing import Any

import orjson

Hear = Callable[[bytes], None]


class Refused(Exception):
    """The server answered, but not with what was asked for."""


class Http(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.headers = ""
        self.until: Pattern[bytes] | None = None
        self.buffer = b""
        self.answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def connect(cls, port: int, token: str = "") -> Http:
        loop = asyncio.get_running_loop()
        _, http = await loop.create_connection(cls, "127.0.0.1", port)
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        http.headers = f"Host: 127.0.0.1:{port}\r\n{bearer}Content-Type: application/json\r\n"
        return http

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(Refused(f"hung up: {error} {self.buffer[:200]!r}"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or self.answer is None or self.answer.done():
            return
        if self.until is not None:
            if self.until.search(self.buffer):
                self.answer.set_result(self.buffer)
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + size:
            return
        body, self.buffer = self.buffer[end + 4 : end + 4 + size], b""
        if head[9:10] == b"2":
            self.answer.set_result(body)
        else:
            self.answer.set_exception(Refused(f"{head[9:12].decode()}: {body[:300]!r}"))

    async def ask(self, method: str, path: str, body: bytes = b"", until: Pattern[bytes] | None = None) -> bytes:
        """The body; or what has come when it holds `until`."""
        self.until = until
        self.answer = asyncio.get_running_loop().create_future()
        head = f"{method} {path} HTTP/1.1\r\n{self.headers}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)
        return await self.answer

    def close(self) -> None:
        self.transport.close()


class Socket(asyncio.Protocol):
    """A WebSocket. Frames that answer a `ref` of ours resolve it; all others go to `hear`, unparsed."""

    def __init__(self, port: int, token: str, hear: Hear) -> None:
        self.port = port
        self.token = token
        self.hear = hear
        self.transport: Any = None
        self.buffer = bytearray()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self.last_ref = 0

    @classmethod
    async def connect(cls, port: int, token: str, hear: Hear = lambda frame: None) -> Socket:
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: cls(port, token, hear), "127.0.0.1", port)
        await asyncio.wait_for(socket.ready, 60)
        return socket

    async def say(self, type: str, **said: object) -> bytes:
        """Send a command; its answer, once it is an `ack`."""
        self.last_ref = ref = self.last_ref + 1
        self.waiting[ref] = answer = asyncio.get_running_loop().create_future()
        self.write(1, orjson.dumps({"type": type, "ref": ref, **said}))
        return await answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        )
        transport.write(head.encode())

    def connection_lost(self, error: Exception | None) -> None:
        waiting: list[asyncio.Future[Any]] = [self.ready, *self.waiting.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(Refused(f"the socket closed: {error} {bytes(self.buffer[:200])!r}"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.ready.done() and not self.shook_hands():
            return
        while (frame := self.next_frame()) is not None:
            self.take(*frame)

    def shook_hands(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if b" 101 " not in self.buffer[:20]:
            self.transport.close()
            return False
        del self.buffer[: end + 4]
        self.ready.set_result(None)
        return True

    def next_frame(self) -> tuple[int, bytes] | None:
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126 and len(buffer) >= 4:
            size, start = struct.unpack_from("!H", buffer, 2)[0], 4
        elif size == 127 and len(buffer) >= 10:
            size, start = struct.unpack_from("!Q", buffer, 2)[0], 10
        elif size > 125:
            return None
        if len(buffer) < start + size:
            return None
        frame = buffer[0] & 15, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def take(self, kind: int, payload: bytes) -> None:
        if kind == 9:
            self.write(10, payload)
        elif kind == 8:
            self.transport.close()
        elif payload.startswith((b'{"type":"ack","ref":', b'{"type":"error","ref":')):
            self.settle(payload)
        else:
            self.hear(payload)

    def settle(self, payload: bytes) -> None:
        ref = payload.split(b'"ref":', 1)[1].split(b",", 1)[0]
        answer = self.waiting.pop(int(ref), None) if ref.isdigit() else None
        if answer is None or answer.done():
            return
        if payload.startswith(b'{"type":"ack"'):
            answer.set_result(payload)
        else:
            answer.set_exception(Refused(payload.decode()))

    def write(self, kind: int, payload: bytes) -> None:
        """A mask of zeros is a valid one, and costs nothing."""
        size = len(payload)
        head = bytes([0x80 | kind]) + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size))
        self.transport.write(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        self.transport.close()
