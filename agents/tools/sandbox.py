"""Running a program of a stranger's in a bubblewrap sandbox: no network, no files of ours, little time and memory.

Inside are only the interpreter, read-only, and an empty directory in memory. The limits are set by the first lines that
run inside, as hard limits, which nobody without capabilities can raise. Started as root it runs as *nobody*: the limit
on processes does not hold for root.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from select import POLLIN, poll
from subprocess import PIPE, STDOUT
from typing import Any

NOBODY = 65534
AT_ONCE = 4
WALL = 8.0
TOO_LONG = f"stopped after {WALL:g} seconds"
LARGEST_OUTPUT = 16_384
LARGEST_PROGRAM = 60_000
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
            ran = run_by((prefix, python), "print(6 * 7)")
            if ran.output.strip() == "42":
                return prefix, python
    return None


def candidates() -> Iterator[tuple[str, str]]:
    yield sys.base_prefix, str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    yield "/usr", "/usr/bin/python3"


async def run(program: str) -> Ran:
    """Run a program to its end, or to the end of our patience. Only where `off()` says nothing.

    In a thread: not every event loop can start a process as somebody else. In one of a few of its own: programs that
    sleep must not take the loop's threads, in which names of providers are looked up.
    """
    return await asyncio.get_running_loop().run_in_executor(pool(), run_here, program)


@cache
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sandbox")


def run_here(program: str) -> Ran:
    found = interpreter()
    if found is None:
        raise RuntimeError("there is no sandbox")
    return run_by(found, program)


def run_by(python: tuple[str, str], program: str) -> Ran:
    """Killing bubblewrap ends everything in it: its children die with it, and their process space with them."""
    process = subprocess.Popen(
        command(*python), stdin=PIPE, stdout=PIPE, stderr=STDOUT, env={}, cwd="/", bufsize=0, **as_nobody()
    )
    with process:
        try:
            feed(process, program.encode("utf-8", "replace"))
            until = time.monotonic() + WALL
            output, cut = gather(process, until)
            cut = cut or awaited(process, until)
        finally:
            process.kill()
    return Ran(output[:LARGEST_OUTPUT].decode("utf-8", "replace"), None if cut else process.returncode, cut)


def command(prefix: str, python: str) -> list[str]:
    return [
        *(shutil.which("bwrap") or "bwrap", "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"),
        *("--uid", str(NOBODY), "--gid", str(NOBODY)),
        *libraries(),
        *([] if prefix == "/usr" else ["--ro-bind", prefix, prefix]),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(DISK), "--tmpfs", "/tmp"),  # noqa: S108  # its own
        *("--setenv", "LANG", "C.UTF-8", "--setenv", "PATH", "/nowhere", "--setenv", "HOME", "/tmp"),  # noqa: S108
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"),  # noqa: S108  # /dev/shm has no size
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


def feed(process: subprocess.Popen[bytes], program: bytes) -> None:
    """A pipe takes 64 KiB without anybody reading, and no program we take is longer."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(program[:LARGEST_PROGRAM])
        process.stdin.close()


def awaited(process: subprocess.Popen[bytes], until: float) -> str:
    """A program may close its mouth and go on."""
    try:
        process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return TOO_LONG
    return ""


def gather(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, str]:
    """What it says, and why it was cut off if it was."""
    output = b""
    if process.stdout is None:
        return output, ""
    waiting = poll()
    waiting.register(process.stdout, POLLIN)
    while True:
        if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
            return output, TOO_LONG
        chunk = process.stdout.read(4096)
        if not chunk:
            return output, ""
        output += chunk
        if len(output) > LARGEST_OUTPUT:
            return output, "stopped: it wrote too much"
