"""One supervised process: started, listened to, started again when it falls, ended with everything below it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .console import say
from .leash import leashed

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY_AFTER = 0.5, 30.0, 60.0


@dataclass
class Child:
    name: str
    command: list[str]
    popen: dict[str, Any] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    log: Path | None = None  # where its words go; else they are shown
    process: asyncio.subprocess.Process | None = None
    stopping: bool = False

    async def start(self) -> None:
        command, extra = leashed(self.command, self.stop_signal)
        output = self.log.open("ab") if self.log else asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a group of its own: Ctrl-C reaches us alone, and we end the whole group
            **{**self.popen, **extra},
        )
        if self.log:
            output.close()  # type: ignore[union-attr]

    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def supervise(self) -> None:
        """Until we are told to stop: wait for its end, say how it ended, start it again a little later each time."""
        pause = FIRST_PAUSE
        while True:
            born = time.monotonic()
            code = await self.listen()
            if self.stopping:
                return
            pause = FIRST_PAUSE if time.monotonic() - born > HEALTHY_AFTER else pause
            say("up", f"{self.name} {ending(code)}; starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            await self.start()

    async def listen(self) -> int:
        if self.process is None:
            raise RuntimeError("not started")
        if self.process.stdout is not None:
            async for line in lines(self.process.stdout):
                say(self.name, line)
        return await self.process.wait()

    async def stop(self, patience: float) -> None:
        self.stopping = True
        if self.process is None:
            return
        self.signal(self.stop_signal)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), patience)
        self.kill()
        await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.alive():
            with suppress(ProcessLookupError):
                self.process.send_signal(number)  # type: ignore[union-attr]

    def kill(self) -> None:
        """The whole group, also when its leader has ended already."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


async def lines(stream: asyncio.StreamReader) -> Any:
    """Lines of any length; `readline` gives up on long ones."""
    rest = b""
    while block := await stream.read(65536):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")


def ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed (signal {-code})"
