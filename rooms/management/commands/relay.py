from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from ... import background
from ...services.relay import do_chores, send_what_was_left

log = logging.getLogger(__name__)

CHORES_EVERY = 5.0


class Command(BaseCommand):
    help = (
        "Sends what could not be relayed at once: frames of rooms whose listeners may not know, handlers still pending."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        pause, chores_due = 0.5, time.monotonic() + CHORES_EVERY
        while not stop.wait(pause):
            pause = 0.5 if self.succeeds(send_what_was_left) else 2.0
            if time.monotonic() >= chores_due:
                self.succeeds(do_chores)
                chores_due = time.monotonic() + CHORES_EVERY

    def succeeds(self, work: Callable[[], object]) -> bool:
        """One round. A server that is away is met again with patience, not a crash."""
        try:
            background.with_connection(work)
        except Exception as error:  # broker and database clients raise many kinds; the rows stay marked
            log.warning("not everything could be done: %s", error)
            return False
        return True
