"""The web process for production: `python -m chatroom.serve`, uvicorn with the options that were measured to matter.

uvicorn tells live sockets to come back (1012) when it stops, and carries two to three times daphne's fan-out; `make up`
uses daphne unless told otherwise.
"""

from __future__ import annotations

import os
import sys

SOCKET_BYTES = str(4 * 1024 * 1024)  # beyond 64 KiB the application answers with an error; this only bounds memory

OPTIONS = [
    *("--ws", "websockets-sansio"),  # quicker than the older implementation by more than half
    *("--ws-per-message-deflate", "false"),  # half the memory of a socket, twice the deliveries
    *("--ws-max-size", SOCKET_BYTES),
    *("--timeout-graceful-shutdown", "5"),
    *("--log-level", "warning"),
    "--no-access-log",
    "--no-server-header",
    "--no-proxy-headers",  # chatroom/doorstep.py does that, and counts the proxies
]


def command(host: str, port: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "chatroom.asgi:application", "--host", host, "--port", port, *OPTIONS]


def main() -> None:
    run = command(os.environ.get("HOST") or "0.0.0.0", os.environ.get("PORT") or "8000")  # noqa: S104
    os.execv(run[0], run)  # noqa: S606


if __name__ == "__main__":
    main()
