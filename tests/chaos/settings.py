"""The project's settings, and a gate that lets nobody hear one word."""

from chatroom.settings import *  # noqa: F403
from chatroom.settings import REPLY_GATES as OWN_GATES

REPLY_GATES = ["tests.chaos.gate.forbidden", *OWN_GATES]
