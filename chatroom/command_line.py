"""`manage.py`, but what stops a start is said in one sentence instead of a traceback."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from .env import SettingError


def run(argv: list[str]) -> None:
    try:
        execute_from_command_line(argv)
    except SettingError as error:
        sys.exit(f"chatroom cannot start: {error}")
