"""Running a program of a stranger's in a bubblewrap sandbox: no network, no files of ours, little time and memory.

Inside are only the interpreter, read-only, and an empty directory in memory. The limits are set by the first lines that
run inside, as hard limits, which nobody without capabilities can raise. Started as root it runs as *nobody*: the limit
on processes does not hold for root.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE
from typing import Any

from rooms import background

NOBODY = 65534
WALL = 8.0
LARGEST_OUTPUT = 16_384
MEMORY = 256 * 1024 * 1024
DISK = 4 * 1024 * 1024
LIMITS = {"CPU": 5, "AS": MEMORY, "FSIZE": 1024 * 1024, "NPROC": 4, "NOFILE": 64, "CORE": 0}

FIRST_LINES = f"""
import resource, sys
for name, most in {LIMITS!r}.items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
program = sys.stdin.buffer.read().decode("utf-8", "replace")
del resource, name, most
exec(compile(program, "<program>", "exec"), {{"__name__": "__main__"}})
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `status` is that of the process; None when it was stopped for its time or its output."""

    output: str
    status: int | None
    cut: str = ""


@cache
def off() -> str:
    """Why programs cannot be run here; nothing when they can. Found out by running one, once for each process."""
    if shutil.which("bwrap") is None:
        return "Programs cannot be run here: bubblewrap (bwrap) is not installed."
    return "" if interpreter() else "Programs cannot be run here: bubblewrap cannot make a sandbox on this machine."


@cache
def interpreter() -> tuple[str, str] | None:
    """(directory, interpreter in it) of a Python that runs inside; ours may lie where *nobody* may not go."""
    for prefix, python in candidates():
        with suppress(Exception):
            ran = background.run(_run((prefix, python), "print(6 * 7)"), timeout=WALL + 5)
            if ran.output.strip() == "42":
                return prefix, python
    return None


def candidates() -> Iterator[tuple[str, str]]:
    yield sys.base_prefix, str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    yield "/usr", "/usr/bin/python3"


async def run(program: str) -> Ran:
    """Run a program to its end, or to the end of our patience. Only where `off()` says nothing."""
    found = await asyncio.to_thread(interpreter)
    if found is None:
        raise RuntimeError("there is no sandbox")
    return await _run(found, program)


async def _run(python: tuple[str, str], program: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *command(*python), stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, env={}, cwd="/", **as_nobody()
    )
    output = bytearray()
    cut = ""
    try:
        async with asyncio.timeout(WALL):
            feeding = asyncio.create_task(feed(process, program.encode("utf-8", "replace")))
            cut = await gather(process, output)
            await feeding
            if not cut:
                await process.wait()
    except TimeoutError:
        cut = f"stopped after {WALL:g} seconds"
    finally:
        await end(process)
    text = bytes(output[:LARGEST_OUTPUT]).decode("utf-8", "replace")
    return Ran(text, None if cut else process.returncode, cut)


def command(prefix: str, python: str) -> list[str]:
    return [
        *(shutil.which("bwrap") or "bwrap", "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"),
        *("--uid", str(NOBODY), "--gid", str(NOBODY)),
        *libraries(),
        *([] if prefix == "/usr" else ["--ro-bind", prefix, prefix]),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(DISK), "--tmpfs", "/tmp"),  # noqa: S108  # its own
        *("--setenv", "LANG", "C.UTF-8", "--setenv", "PATH", "/nowhere", "--setenv", "HOME", "/tmp"),  # noqa: S108
        *("--remount-ro", "/", "--chdir", "/tmp"),  # noqa: S108
        *(python, "-I", "-S", "-B", "-u", "-X", "utf8", "-c", FIRST_LINES),
    ]


def libraries() -> Iterator[str]:
    """What any program needs to start: /usr, and the old names of its parts where they are no links."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("lib", "lib64", "lib32"):
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", os.readlink(place), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))


def as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


async def feed(process: asyncio.subprocess.Process, program: bytes) -> None:
    if process.stdin is not None:
        with suppress(ConnectionError, BrokenPipeError):
            process.stdin.write(program)
            await process.stdin.drain()
        process.stdin.close()


async def gather(process: asyncio.subprocess.Process, output: bytearray) -> str:
    """All it says, or why it was cut off."""
    if process.stdout is not None:
        while chunk := await process.stdout.read(4096):
            output += chunk
            if len(output) > LARGEST_OUTPUT:
                return "stopped: it wrote too much"
    return ""


async def end(process: asyncio.subprocess.Process) -> None:
    """Killing bubblewrap ends everything in it: its children die with it, and their process space with them."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
