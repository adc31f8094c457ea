"""`manage.py`, but what stops a start is said in one sentence instead of a traceback."""

from __future__ import annotations

import sys
from importlib import import_module

from .env import SettingError

BEFORE_SETTINGS = {"up": "chatroom.supervisor.up", "demo": "chatroom.demo.show"}
"""These make what the settings ask for, so they begin without them."""


def run(argv: list[str]) -> None:
    if len(argv) == 2 and argv[1] in BEFORE_SETTINGS:
        sys.exit(import_module(BEFORE_SETTINGS[argv[1]]).main())
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(argv)
    except SettingError as error:
        sys.exit(f"chatroom cannot start: {error}")
