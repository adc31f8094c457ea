"""Start everything this machine needs and stay until Ctrl-C."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from chatroom.supervisor.up import main


class Command(BaseCommand):
    help = "Start PostgreSQL and Redis where no address is given, prepare the database, run everything. Ctrl-C ends it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Usually not reached: `manage.py up` begins before there are settings, see chatroom/command_line.py."""
        sys.exit(main())
