"""Starting a server, seeing that it answers, and ending it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from chatroom.supervisor.leash import leashed

from .errors import ServiceError


class Service(Protocol):
    """What the supervisor and the tests need to know of an embedded server."""

    @property
    def name(self) -> str: ...
    @property
    def log(self) -> Path: ...
    @property
    def stop_signal(self) -> signal.Signals: ...
    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def popen(self) -> dict[str, object]: ...
    def wait_until_ready(self, alive: Callable[[], bool]) -> None: ...


S = TypeVar("S", bound=Service)


class Running(Generic[S]):
    """A prepared, started and answering server; `stop()` ends it. It ends with us too, even after a `kill -9`."""

    def __init__(self, service: S) -> None:
        self.service = service
        service.prepare()
        self.process = self.start()
        try:
            service.wait_until_ready(lambda: self.process.poll() is None)
        except BaseException:
            self.stop()
            raise

    def start(self) -> subprocess.Popen[bytes]:
        command, extra = leashed(self.service.command(), self.service.stop_signal)
        with self.service.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **{**extra, **self.service.popen()},
            )

    def stop(self, patience: float = 15) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.service.stop_signal)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def wait_for(
    answers: Callable[[], bool], alive: Callable[[], bool], what: str, log: Path, patience: float = 60
) -> None:
    """Until the server answers. Raises ServiceError with the end of its log when it died or stays silent."""
    deadline = time.monotonic() + patience
    while not answers():
        if not alive() or time.monotonic() > deadline:
            raise ServiceError(f"{what} did not start; its log {log} ends with: {tail(log)}")
        time.sleep(0.02)


def tail(log: Path, lines: int = 3) -> str:
    try:
        return " / ".join(log.read_text(errors="replace").strip().splitlines()[-lines:]) or "(nothing)"
    except OSError as error:
        return str(error)


def spare_port(wanted: int = 0, host: str = "127.0.0.1") -> int:
    """The wanted port if it is free, else another."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError(f"There is no free port on {host}.")
