"""Files in rooms: taken in, described, and removed. A message takes them along in `posting`."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import connection, transaction
from django.db.models import F

from .. import pictures
from ..allowances import count_upload
from ..errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from ..legible import is_one_line
from ..models import Attachment, Message, Room, User
from ..spans import counted
from .drafting import attached, not_attachable
from .leftovers import remove_files
from .messages import STANDING, locked, redact_message, tell

MOST_WAITING = 30
"""Files of one person that are in no message yet, in all rooms together."""
UNKNOWN = "application/octet-stream"
LONGEST_NAME = 120
LONGEST_ENDING = 16
NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Contents = dict[str, tuple[str, File]]
"""What is stored for a field: the ending of its name, and the file."""


def attach_file(*, room: Room, by: User, file: File, alt: str = "") -> Attachment:
    """Take in a file that one of their messages here may carry within a day. The caller has asked for `post_message`.

    Raises Invalid, TooLarge, RateLimited, or Conflict when too many wait already. A file that turns out to be no good
    has counted: looking at it is what costs.
    """
    attachment = Attachment(room=room, uploader=by, name=clean_name(file.name or ""), alt=checked_alt(alt))
    check_size(file)
    check_waiting(by)
    count_upload(by)
    lend_connection()
    return keep(attachment, contents_of(attachment, file))


def lend_connection() -> None:
    """Looking at a picture takes seconds, and others wait for a connection."""
    if not connection.in_atomic_block:
        connection.close()


def clean_name(given: str) -> str:
    """The last part of it, without what is not shown or turns what is: it stands beside words of ours."""
    last = PurePosixPath(unicodedata.normalize("NFC", given).replace("\\", "/")).name
    seen = "".join(one for one in last.replace("\t", " ") if unicodedata.category(one) not in NOT_SHOWN)
    name = PurePosixPath(" ".join(seen.split()).strip(". ") or "file")
    ending = name.suffix if len(name.suffix) <= LONGEST_ENDING else ""
    return name.name.removesuffix(ending)[: LONGEST_NAME - len(ending)] + ending


def checked_alt(alt: str) -> str:
    alt = alt.strip()
    if len(alt) > 280 or not is_one_line(alt):
        raise Invalid(fields={"alt": ["A description of at most 280 characters, in one line."]})
    return alt


def check_size(file: File) -> None:
    if not file.size:
        raise Invalid(fields={"file": ["This file is empty."]})
    if file.size > settings.ATTACHMENT_MAX_BYTES:
        most = megabytes(settings.ATTACHMENT_MAX_BYTES)
        raise TooLarge(f"A file may have {most} at most; this one has {megabytes(file.size)}.")


def megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"


def check_waiting(by: User) -> None:
    if Attachment.objects.filter(uploader=by, message=None).count() >= MOST_WAITING:
        waiting = counted(MOST_WAITING, "file")
        raise Conflict(f"You have {waiting} that you have not sent. Send or remove some of them first.")


def contents_of(attachment: Attachment, file: File) -> Contents:
    """Set what is known of the file, and give what is to be stored of it."""
    file.seek(0)
    format = pictures.format_of(file.read(pictures.HEAD))
    return picture(attachment, file, format) if format else download(attachment, file)


def picture(attachment: Attachment, file: File, format: str) -> Contents:
    drawn = pictures.redraw(file, format)
    attachment.kind, attachment.content_type = Attachment.Kind.IMAGE, drawn.content_type
    attachment.width, attachment.height = drawn.width, drawn.height
    attachment.size, attachment.sha256 = len(drawn.content), sha256(drawn.content).hexdigest()
    return {
        "file": (format.lower(), ContentFile(drawn.content)),
        "thumbnail": ("thumbnail.webp", ContentFile(drawn.thumbnail)),
        "view": ("view.jpeg", ContentFile(drawn.view)),
    }


def download(attachment: Attachment, file: File) -> Contents:
    """Kept as it came. What it is, only its name says, and nobody believes that."""
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    attachment.kind, attachment.content_type = Attachment.Kind.FILE, UNKNOWN
    attachment.size, attachment.sha256 = file.size, digest.hexdigest()
    file.seek(0)
    return {"file": ("bin", file)}


def keep(attachment: Attachment, contents: Contents) -> Attachment:
    """Files first, then the row: what is left of a failure between the two is swept up."""
    try:
        for field, (ending, content) in contents.items():
            getattr(attachment, field).save(ending, content, save=False)
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=attachment.uploader_id)
            check_waiting(attachment.uploader)
            attachment.save(force_insert=True)
    except BaseException:
        remove_files(attachment.paths)
        raise
    return attachment


def waiting_files(*, room: Room, by: User, ids: Sequence[str | UUID]) -> list[Attachment]:
    """Those of theirs that a message here might carry, in this order. Raises Invalid as posting does."""
    wanted = attached(ids)
    found = Attachment.objects.filter(room=room, uploader=by, message=None).in_bulk(wanted)
    if len(found) < len(wanted):
        raise not_attachable()
    return [found[id] for id in wanted]


def describe_attachment(*, attachment: Attachment, by: User, alt: str) -> Attachment:
    """What a picture of theirs shows, said after it was uploaded and before it is sent."""
    with transaction.atomic():
        found = own_unposted(attachment, by)
        found.alt = checked_alt(alt)
        found.save(update_fields=["alt"])
    return found


# --- removing


def remove_attachment(*, attachment: Attachment, by: User) -> None:
    """Their own, before it is in a message; of somebody's message, by a moderator (the caller has asked).

    A message of which nothing would be left is redacted.
    """
    message = attachment.message
    if message is None:
        remove_unposted(attachment, by)
    elif not message.body and message.attached == 1:
        redact_message(message=message, by=by)
    else:
        take_out(attachment, message, by)


def take_out(attachment: Attachment, message: Message, by: User) -> None:
    with transaction.atomic():
        message = locked(message, STANDING)
        if not Attachment.objects.filter(pk=attachment.pk).delete()[0]:
            raise NotFound
        Message.objects.filter(pk=message.pk).update(attached=F("attached") - 1)
        tell(message, "message.edited", by, is_news=False, attachment=str(attachment.pk))


def remove_unposted(attachment: Attachment, by: User) -> None:
    with transaction.atomic():
        own_unposted(attachment, by).delete()


def own_unposted(attachment: Attachment, by: User) -> Attachment:
    """As it is now, its row locked."""
    if attachment.uploader_id != by.pk:
        raise Forbidden
    found = Attachment.objects.select_for_update().filter(pk=attachment.pk).first()
    if found is None:
        raise NotFound
    if found.message_id is not None:
        raise Conflict("It is in a message by now.")
    return found
