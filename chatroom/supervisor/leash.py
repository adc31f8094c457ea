"""Children that end when their parent does, even if it was killed with -9.

Linux sends the signal itself (PR_SET_PDEATHSIG). Elsewhere a small process stands between and watches its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def leashed(command: list[str], stop_signal: signal.Signals = signal.SIGTERM) -> tuple[list[str], dict[str, Any]]:
    """The command and the `Popen` arguments that tie it to this process. Start it from the main thread."""
    if LIBC is None:
        return [sys.executable, __file__, str(os.getpid()), str(int(stop_signal)), *command], {}
    parent = os.getpid()

    def follow_parent() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return command, {"preexec_fn": follow_parent}


def follow(stop_signal: signal.Signals = signal.SIGTERM) -> None:
    """Tie this very process to its parent, where the system can."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal))


def watch(parent: int, stop_signal: int, command: list[str]) -> int:
    child = subprocess.Popen(command)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda got, _frame: child.send_signal(got))
    while (code := child.poll()) is None:
        if os.getppid() != parent:
            child.send_signal(stop_signal)
            return child.wait()
        time.sleep(0.2)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
