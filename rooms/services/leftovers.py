"""Files that nobody wants any more: those that were never sent, those of a room that goes, those whose row is gone, and
the files of a row."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from ..models import Attachment, Room
from ..models.attachment import FOLDER, SHARD

log = logging.getLogger(__name__)

KEPT_UNPOSTED = timedelta(days=1)
NEVER_MIND_YOUNGER = timedelta(hours=1)
"""A file is there before its row is."""


def forget_unposted() -> int:
    """Those that no message has carried for a day. What is being posted in this moment is passed over."""
    old = Attachment.objects.filter(message=None, created_at__lt=Now() - KEPT_UNPOSTED)
    with transaction.atomic():
        found = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1000])
        return Attachment.objects.filter(pk__in=found).delete()[0]


def forget_attachments(room: Room) -> None:
    """All of a room's files. Wants the transaction in which the room is deleted."""
    if room.attachments.all().delete()[0]:
        room.messages.filter(attached__gt=0).update(attached=0)


def forget_orphans(hour: int | None = None) -> int:
    """Delete files that belong to no row. Each hour looks through some of the folders, and a day through all."""
    hour = timezone.now().hour if hour is None else hour
    shards = [f"{number:0{SHARD}x}" for number in range(16**SHARD) if number % 24 == hour]
    orphans = [path for shard in shards for path in orphans_in(f"{FOLDER}/{shard}")]
    remove_files(orphans)
    return len(orphans)


def orphans_in(folder: str) -> Iterator[str]:
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    for start in range(0, len(names), 1000):
        some = names[start : start + 1000]
        known = set(Attachment.objects.filter(key__in={key_of(name) for name in some}).values_list("key", flat=True))
        lost = (f"{folder}/{name}" for name in some if key_of(name) not in known)
        yield from (path for path in lost if is_old(path))


def key_of(name: str) -> str:
    return name.partition(".")[0]


def is_old(path: str) -> bool:
    try:
        return default_storage.get_modified_time(path) < timezone.now() - NEVER_MIND_YOUNGER
    except FileNotFoundError:
        return False


def remove_files(paths: Sequence[str]) -> None:
    """What cannot be deleted now is an orphan, and deleted later."""
    for path in paths:
        try:
            default_storage.delete(path)
        except OSError:
            log.exception("a file could not be deleted")
