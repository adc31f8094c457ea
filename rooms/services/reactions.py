from __future__ import annotations

import re
import unicodedata

from django.db import transaction

from ..errors import Conflict, Forbidden, Invalid, NotFound
from ..events import record
from ..models import Membership, Message, Reaction, Report, Room, User

MAX_EMOJI = 16
MAX_KINDS = 20
SYMBOLS = re.compile("[0-9#*]\ufe0f?\u20e3|[‼⁉ℹ〰〽↔▫▪◼◻◾◽]")
"""Emoji that Unicode does not count as symbols by themselves: keycaps, and a few signs."""
IN_EMOJI = {"So", "Sk", "Mn", "Me", "Cf"}


def add_reaction(*, message: Message, user: User, emoji: str) -> bool:
    """Put a mark on a message. False when it was there already. Raises Invalid, or Conflict on a recalled message."""
    check_emoji(emoji)
    with transaction.atomic():
        message = standing(message)
        kinds = set(message.reactions.values_list("emoji", flat=True))
        if emoji not in kinds and len(kinds) >= MAX_KINDS:
            raise Conflict(f"A message carries at most {MAX_KINDS} kinds of marks.")
        _, created = Reaction.objects.get_or_create(message=message, user=user, emoji=emoji)
        if created:
            tell(message, "reaction.added", user, emoji)
    return created


def remove_reaction(*, message: Message, user: User, emoji: str) -> bool:
    """Take one's mark away. False when there was none."""
    with transaction.atomic():
        message = standing(message)
        removed, _ = Reaction.objects.filter(message=message, user=user, emoji=emoji).delete()
        if removed:
            tell(message, "reaction.removed", user, emoji)
    return bool(removed)


def report_message(*, message: Message, reporter: User, reason: str = "") -> Report:
    """Ask the moderators to look. A second report of the same person changes nothing."""
    if message.author_id == reporter.pk:
        raise Forbidden("You cannot report your own message; you can delete it.")
    if len(reason) > 500 or "\x00" in reason:
        raise Invalid(fields={"reason": ["At most 500 characters."]})
    report, _ = Report.objects.get_or_create(message=message, reporter=reporter, defaults={"reason": reason})
    return report


def mark_read(*, room: Room, user: User, seq: int) -> int:
    """Move the read mark forward, never back and never past the end. Raises NotFound for those who are not members."""
    with transaction.atomic():
        membership = Membership.objects.select_for_update().filter(room=room, user=user).first()
        if membership is None:
            raise NotFound
        last = Room.objects.values_list("last_seq", flat=True).get(pk=room.pk)
        mark = min(max(seq, membership.read_seq), last)
        if mark != membership.read_seq:
            Membership.objects.filter(pk=membership.pk).update(read_seq=mark)
    return mark


def check_emoji(emoji: str) -> None:
    """An emoji or a few, not words: at least one symbol, and nothing but symbols and what joins or colours them."""
    categories = {unicodedata.category(character) for character in SYMBOLS.sub("⬛", emoji)}
    if len(emoji) > MAX_EMOJI or "\ufffd" in emoji or "So" not in categories or not categories <= IN_EMOJI:
        raise Invalid(fields={"emoji": ["Use an emoji."]})


def standing(message: Message) -> Message:
    found = Message.objects.select_for_update(of=("self",), no_key=True).select_related("room").get(pk=message.pk)
    if found.is_recalled:
        raise Conflict("This message is gone.")
    return found


def tell(message: Message, type: str, by: User, emoji: str) -> None:
    data = {"emoji": emoji, "user": by.username}
    record(
        message.room,
        type,
        actor=by,
        message=message,
        data=data,
        visible_to=message.visible_to,
    )
