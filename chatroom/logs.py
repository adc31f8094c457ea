"""Lines a person can read: time, level where it matters, who speaks, what, and which request it belongs to."""

from __future__ import annotations

import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class Line(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        line = super().formatMessage(record)
        if record.levelno >= logging.WARNING:
            line = line.replace(f" {record.name}:", f" {record.levelname} {record.name}:", 1)
        caused_by = getattr(record, "request_id", "")
        return f"{line} [{caused_by}]" if caused_by else line
