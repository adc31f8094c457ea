#!/usr/bin/env python
"""Django's command line. `manage.py up` starts everything."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  (before any import: older Pythons cannot even read the rest)
    sys.exit("chatroom needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031


def main():
    # type: () -> None
    from chatroom import command_line

    command_line.run(sys.argv)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatroom.settings")
    main()
