"""What the relay process does: it looks for what was left, and sends it."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F
from django.utils.module_loading import import_string

from .. import handlers, relaying
from ..models import Room


def send_what_was_left() -> int:
    """Announce rooms whose last event no hub may know of, queue pending handlers. Returns how many of both.

    Hubs fill holes by themselves, so announcing a room's last event is enough for all that came before it. Two relays
    at once repeat each other's words, which listeners drop by number and handlers bear.
    """
    return announce_behind() + handlers.dispatch_leftovers()


def do_chores() -> None:
    """What floors above leave to the relay, by name: `settings.RELAY_CHORES`, functions without arguments."""
    for name in settings.RELAY_CHORES:
        import_string(name)()


def announce_behind() -> int:
    """Stops at the first that cannot be announced: then Redis is away, and the others wait too."""
    behind = Room.objects.filter(relayed_seq__lt=F("last_seq"), deleted_at=None).values_list("pk", "last_seq")[:500]
    announced = 0
    for room_id, seq in list(behind):
        if not relaying.announce(room_id, seq):
            break
        announced += 1
    return announced
