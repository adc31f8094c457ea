"""People and an agent talk in the terminal, on servers of their own."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from chatroom.demo.show import main


class Command(BaseCommand):
    help = (
        "A demonstration in the terminal: a room, people, an agent that answers, history and event log. Ends by itself."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Usually not reached: `manage.py demo` begins before there are settings, see chatroom/command_line.py."""
        sys.exit(main())
