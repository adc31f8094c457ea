"""The server: raw asyncio, so that a behaviour may send half a chunk, say nothing or pull the plug.

    POST /v1/chat/completions   the model's name chooses the behaviour, see behaviours.py
    POST /openai/deployments/MODEL/chat/completions?api-version=…   the same, as Azure has it
    POST /v1/messages           Anthropic's protocol, see anthropic.py
    GET  /v1/models             their names
    GET  /_calls                what was asked so far, as JSON;  DELETE forgets it

Run it alone with `python -m tests.upstream.server 9100`.
"""

import asyncio
import json
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.upstream import counting as _counting  # noqa: F401
from tests.upstream import faults as _faults  # noqa: F401  registers its behaviours
from tests.upstream import resuming as _resuming  # noqa: F401
from tests.upstream.anthropic import anthropic
from tests.upstream.behaviours import BEHAVIOURS, Pace, behaviour_of
from tests.waiting import PATIENCE

AZURE = re.compile(r"/openai/deployments/([^/]+)/")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


@dataclass
class Call:
    """One request as it arrived; `outcome` is open, done, or dropped when the client hung up before the end."""

    model: str
    body: dict[str, Any]
    headers: dict[str, str]
    outcome: str = "open"
    chunks: int = 0
    at: float = field(default_factory=time.time)
    path: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", []))

    @property
    def prompt(self) -> str:
        return "\n".join(f"{m['role']}: {m.get('content')}" for m in self.messages)


class Connection(asyncio.Protocol):
    """One client's connection; the behaviours write through its `start`, `send`, `end`, `answer` and `reset`."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None
        self.call: Call | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # asyncio does this itself only for sockets it made: without it answers wait 40 ms for the client's kernel.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.writable.set()
        if self.call and self.call.outcome == "open":
            self.call.outcome = "dropped"
        if self.task:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = int(found[1]) if (found := LENGTH.search(head)) else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.route(head.decode("latin-1"), body)

    def route(self, head: str, body: bytes) -> None:
        method, path, _ = head.split(" ", 2)
        if path.partition("?")[0].endswith(("/chat/completions", "/messages")):
            return self.complete(path, head, body)
        if path.endswith("/models"):
            return self.answer({"object": "list", "data": [{"id": name, "object": "model"} for name in BEHAVIOURS]})
        if path == "/_calls" and method == "DELETE":
            self.calls.clear()
        if path == "/_calls":
            return self.answer({"calls": [asdict(call) for call in self.calls]})
        self.answer({"error": {"message": f"no such path: {path}"}}, status="404 Not Found")

    def complete(self, path: str, head: str, body: bytes) -> None:
        asked = json.loads(body)
        pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        azure = AZURE.search(path)
        model = azure[1] if azure else asked.get("model", "")
        self.call = Call(model, asked, {name.lower(): value for name, value in pairs}, path=path)
        self.calls.append(self.call)
        self.task = asyncio.ensure_future(self.perform(self.call))

    async def perform(self, call: Call) -> None:
        act, pace = behaviour_of(call.model)
        if call.path.endswith("/messages") and call.model not in BEHAVIOURS:
            act, pace = anthropic, Pace()
        await act(self, call, pace)
        if call.outcome == "open":
            call.outcome = "done"

    def start(self, kind: str = "text/event-stream") -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self.transport.write(head.encode())

    async def send(self, data: bytes) -> None:
        if not self.writable.is_set():
            await self.writable.wait()
        self.transport.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        self.transport.write(b"0\r\n\r\n")

    def answer(
        self, data: dict[str, Any] | str, status: str = "200 OK", kind: str = "application/json", extra: str = ""
    ) -> None:
        body = (data if isinstance(data, str) else json.dumps(data)).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)

    def reset(self) -> None:
        """Pull the plug: the client's kernel sees RST, not FIN."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Upstream:
    """The server in a thread of its own, with a look at what it was asked."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.loop = asyncio.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    @property
    def base(self) -> str:
        """What goes into a client's base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def params(self, **more: Any) -> dict[str, Any]:
        """Parameters of an agent or request that lead here through LiteLLM."""
        return {"api_base": self.base, "api_key": "sk-test-key", **more}

    def start(self) -> "Upstream":
        self.thread.start()
        return self

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def settled(self, timeout: float = PATIENCE) -> list[str]:
        """Every call's outcome, once none is open any more or time is up."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and any(call.outcome == "open" for call in self.calls):
            time.sleep(0.01)
        return [call.outcome for call in self.calls]

    async def asettled(self, timeout: float = PATIENCE) -> list[str]:
        """The same, while the loop lives that has to hang up."""
        return await asyncio.to_thread(self.settled, timeout)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.loop.create_server(lambda: Connection(self.calls), sock=self.listener))
        self.loop.run_forever()


if __name__ == "__main__":
    upstream = Upstream(int(sys.argv[1]) if len(sys.argv) > 1 else 9100).start()
    print(f"OpenAI protocol on {upstream.base}", flush=True)
    upstream.thread.join()
