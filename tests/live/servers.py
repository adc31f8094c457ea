"""The application in a process of its own, behind a real server, and clients on real sockets."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect

from chatroom.parts import command
from tests.servers import spare_port
from tests.waiting import A_START, PATIENCE, until

SERVERS = ("uvicorn", "daphne")


@contextmanager
def serving(server: str, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = spare_port()
    origins = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "DJANGO_SETTINGS_MODULE": "chatroom.settings"}
    web = command("web", server=server, host="127.0.0.1", port=port)
    process = subprocess.Popen(web, env={**environment, **origins})
    try:
        wait_until_answering(process, port)
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_answering(process: subprocess.Popen[bytes], port: int) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the server ended"
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez", timeout=2)
        except httpx.TransportError:
            return False
        return True

    until(answers, A_START)


def reach(port: int, secret: str, **options: Any) -> connect:
    """A socket by token, to be used with `async with`."""
    return connect(
        f"ws://127.0.0.1:{port}/ws/",
        additional_headers={"Authorization": f"Bearer {secret}"},
        compression=None,
        **options,
    )


def reluctant_socket(port: int) -> socket.socket:
    """A connection whose kernel takes in hardly anything that its owner does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.setblocking(False)
    return made


async def ask(client: ClientConnection, type: str, **facts: Any) -> dict[str, Any]:
    """Say something and give the answer, passing over what else comes."""
    await client.send(orjson.dumps({"type": type, "ref": type, **facts}).decode())
    while True:
        frame = await hear(client)
        if frame.get("ref") == type:
            assert frame["type"] != "error", frame
            return frame


async def hear(client: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = orjson.loads(await asyncio.wait_for(client.recv(), PATIENCE))
    return frame
