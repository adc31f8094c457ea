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
