from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from rooms.web.links import MessageLink

GONE = ("redacted", "withdrawn")


def why(message: Mapping[str, Any]) -> MessageLink | None:
    """Why an agent said it, for `MESSAGE_LINKS`."""
    if not message["run"] or message["state"] in GONE:
        return None
    return MessageLink("Why did it say this?", "why", reverse("message_why", args=[message["id"]]))


def run(message: Mapping[str, Any]) -> MessageLink | None:
    """What was done for it, step by step, for `MESSAGE_LINKS`."""
    if not message["run"]:
        return None
    return MessageLink("What was done for this?", "steps", reverse("run", args=[message["run"]]))


def alternatives(message: Mapping[str, Any]) -> MessageLink | None:
    """Other answers to the same question, to be asked for and looked at side by side, for `MESSAGE_LINKS`."""
    if not message["run"] or message["state"] in (*GONE, "writing"):
        return None
    return MessageLink("Other answers", "alternatives", reverse("message_alternatives", args=[message["id"]]))
