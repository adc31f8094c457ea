"""The processes the house consists of, by name: `python -m chatroom.parts web|worker|relay|beat|prepare`.

`make up` supervises them on one machine; systemd or containers do elsewhere. Several webs and workers may run, one beat
(a second only repeats what is harmless to repeat), one or more relays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SOCKET_BYTES = str(4 * 1024 * 1024)  # beyond 64 KiB the application answers with an error; this only bounds memory

UVICORN = [
    *("--ws", "websockets-sansio"),  # quicker than the older implementation by more than half
    *("--ws-per-message-deflate", "false"),  # half the memory of a socket, twice the deliveries
    *("--ws-max-size", SOCKET_BYTES),
    *("--timeout-graceful-shutdown", "5"),
    *("--log-level", "warning"),
    "--no-access-log",
    "--no-server-header",
    "--no-proxy-headers",  # chatroom/doorstep.py does that, and counts the proxies
]
DAPHNE = [
    *("--websocket-max-message-size", SOCKET_BYTES),
    *("--websocket-max-frame-size", SOCKET_BYTES),
    *("--application-close-timeout", "5"),
    *("--http-timeout", "120"),
    *("--verbosity", "0"),
    "--no-server-name",
]
WORKER = [
    *("-P", "threads"),  # a run lives on the process's one event loop; a thread only waits for it
    *("-Q", "agent,default"),
    *("-l", "WARNING"),
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
]
BEAT = ["-l", "WARNING", "--pidfile=", "-S", "celery.beat.Scheduler"]  # in memory: a file would only go bad in a crash


def command(part: str, *, server: str = "uvicorn", host: str = "0.0.0.0", port: int = 8000) -> list[str]:  # noqa: S104
    """The command of one part, to be run in BASE_DIR. `server` says which of the two serves the web."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-q", "-A", "chatroom"]
    manage = [sys.executable, str(BASE_DIR / "manage.py")]
    webs = {
        "uvicorn": [*python, "uvicorn", "chatroom.asgi:application", "--host", host, "--port", str(port), *UVICORN],
        "daphne": [*python, "daphne", "chatroom.asgi:application", "-b", host, "-p", str(port), *DAPHNE],
    }
    commands = {
        "web": webs[server],
        "worker": [*celery, "worker", *WORKER, "-c", os.environ.get("WORKER_THREADS") or "64"],
        "relay": [*manage, "relay"],
        "beat": [*celery, "beat", *BEAT],
        "prepare": [*manage, "prepare"],
    }
    return commands[part]


def main() -> None:
    parts = ("web", "worker", "relay", "beat", "prepare")
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(f"usage: python -m chatroom.parts {'|'.join(parts)}")
    host, port = os.environ.get("HOST") or "0.0.0.0", int(os.environ.get("PORT") or 8000)  # noqa: S104
    run = command(sys.argv[1], server=os.environ.get("SERVER") or "uvicorn", host=host, port=port)
    os.chdir(BASE_DIR)
    os.execv(run[0], [*run, *sys.argv[2:]])  # noqa: S606


if __name__ == "__main__":
    main()
