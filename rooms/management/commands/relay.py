from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from ... import background
from ...services.relay import send_what_was_left

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Sends what could not be relayed at once: frames of rooms whose listeners may not know, handlers still pending."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        pause = 0.5
        while not stop.wait(pause):
            pause = self.turn()

    def turn(self) -> float:
        """One round; how long to wait until the next. A server that is away is met again with patience, not a crash."""
        try:
            background.with_connection(send_what_was_left)
        except (
            Exception
        ) as error:  # broker and database clients raise many kinds; nothing is lost, the rows stay marked
            log.warning("not everything could be sent: %s", error)
            return 2.0
        return 0.5
