"""`manage.py`, but what stops a start is said in one sentence instead of a traceback."""

from __future__ import annotations

import sys

from .env import SettingError


def run(argv: list[str]) -> None:
    if argv[1:] == ["up"]:  # it makes what the settings ask for, so it begins without them
        from .supervisor.up import main

        sys.exit(main())
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(argv)
    except SettingError as error:
        sys.exit(f"chatroom cannot start: {error}")
