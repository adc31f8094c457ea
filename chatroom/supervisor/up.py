"""The one command: check, start the servers, prepare the database, start the children, and stay until told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from chatroom.env import SettingError
from chatroom.parts import BASE_DIR, command
from chatroom.services import ServiceError
from chatroom.services.process import Service

from . import leash
from .child import Child, ending
from .console import banner, say
from .plan import Plan, environment, is_own, make_plan

PATIENCE = 10.0


def main() -> int:
    if os.environ.get("MAKELEVEL"):
        leash.follow()  # whoever kills `make` means us
    try:
        return asyncio.run(Up(make_plan()).run())
    except (SettingError, ServiceError) as error:
        print(f"chatroom cannot start: {error}", file=sys.stderr)
        return 1


class Up:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.environment = environment(plan)
        self.servers: list[Child] = []
        self.children: list[Child] = []
        self.watched: list[asyncio.Task[None]] = []
        self.told_to_stop = asyncio.Event()

    async def run(self) -> int:
        self.listen_for_signals()
        start = asyncio.ensure_future(self.start())
        stop = asyncio.ensure_future(self.told_to_stop.wait())
        try:
            await asyncio.wait([start, stop], return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()  # raises what went wrong
            await stop
        finally:
            start.cancel()
            await self.end()
        return 0

    def listen_for_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.asked_to_stop)

    def asked_to_stop(self) -> None:
        if self.told_to_stop.is_set():  # asked twice: no more patience
            for child in self.children:
                child.kill()
        self.told_to_stop.set()

    async def start(self) -> None:
        if self.plan.postgres is not None:
            await self.start_server(self.plan.postgres)
            if remark := self.plan.postgres.remark:
                say("postgres", remark)
        if self.plan.redis is not None:
            await self.start_server(self.plan.redis)
        await self.prepare()
        await self.start_child("web")
        await self.first_answer()  # before the others take their share of the processor
        for part in ("worker", "relay", "beat"):
            await self.start_child(part)
        scripted = not self.environment.get("LLM_MODEL") and not self.environment.get("LLM_BACKEND")
        banner(self.plan.address, demo=self.plan.demo, scripted=scripted, reachable=not is_own(self.plan.host))

    async def start_server(self, service: Service) -> None:
        service.prepare()
        server = Child(service.name, service.command(), dict(service.popen()), service.stop_signal, service.log)
        self.servers.append(server)
        await server.start()
        await asyncio.to_thread(service.wait_until_ready, server.alive)
        self.watched.append(asyncio.ensure_future(server.supervise()))

    async def prepare(self) -> None:
        without = [] if self.plan.demo else ["--no-demo"]
        setup = Child("setup", [*command("prepare"), *without], self.popen(DB_STATEMENT_TIMEOUT_MS="0"))
        self.children.append(setup)
        await setup.start()
        code = await setup.listen()
        self.children.remove(setup)
        if code:
            raise ServiceError(f"preparing the database {ending(code)}; the lines above say why.")

    async def start_child(self, name: str) -> None:
        plan = self.plan
        child = Child(name, command(name, server=plan.server, host=plan.host, port=plan.port), self.popen())
        self.children.append(child)
        await child.start()
        self.watched.append(asyncio.ensure_future(child.supervise()))

    def popen(self, **more: str) -> dict[str, object]:
        return {"cwd": BASE_DIR, "env": {**self.environment, **more}}

    async def first_answer(self, patience: float = 60) -> None:
        """Until the web process answers, or long enough; if it cannot start, its lines have said why."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not await answers(self.plan.probe, self.plan.port):  # noqa: ASYNC110
                    await asyncio.sleep(0.03)

    async def end(self) -> None:
        say("up", "stopping")
        for group in (self.children, self.servers):  # the servers last: the children still write to them
            await asyncio.gather(*(child.stop(PATIENCE) for child in group))
        for task in self.watched:
            task.cancel()
        say("up", "stopped; nothing is left running")


async def answers(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/1.1 ")
    except OSError:
        return False
    finally:
        writer.close()
