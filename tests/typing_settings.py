"""For mypy's Django plugin, which has to load settings outside of any environment."""

import os

os.environ.setdefault("DEBUG", "1")

from chatroom.settings import *  # noqa: F403
