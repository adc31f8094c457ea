"""What is particular to our Celery workers. Apart from celery.py because the web process needs nothing of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer


class PatientConsumer(Consumer):
    """Asks for Redis every second or two while it is away. Celery's own pauses grow to half a minute."""

    def ensure_connected(self, connection: Any) -> Any:
        connection.ensure_connection = partial(
            connection.ensure_connection, interval_start=0.5, interval_step=0.5, interval_max=2
        )
        return super().ensure_connected(connection)
