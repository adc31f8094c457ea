"""The files of a message once more, for another message of the same author. Each copy has a row and files of its own:
it is seen with its own message and goes with it, whatever becomes of the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from ..allowances import count_upload
from ..errors import Conflict
from ..models import Attachment, Message, User
from .attachments import Contents, keep

KNOWN = ("name", "alt", "kind", "content_type", "size", "sha256", "width", "height")
STORED = ("file", "thumbnail", "view")


@contextmanager
def copies_of(message: Message, by: User) -> Iterator[list[UUID]]:
    """Copies that wait for a message; those that none carries in the end are deleted. The caller has asked whether this
    person may read the one they come from. Raises like an upload, for each counts as one."""
    copies: list[UUID] = []
    try:
        for attachment in message.attachments.order_by("place"):
            copy = copy_attachment(attachment, by)
            copies.append(copy.pk)
        yield copies
    finally:
        if copies:
            Attachment.objects.filter(pk__in=copies, message=None).delete()


def copy_attachment(attachment: Attachment, by: User) -> Attachment:
    """As it is kept: a picture was drawn anew when it came. Raises Conflict when the storage has lost it."""
    count_upload(by)
    known = {name: getattr(attachment, name) for name in KNOWN}
    with ExitStack() as opened:
        contents = contents_of(attachment, opened)
        return keep(Attachment(room_id=attachment.room_id, uploader=by, **known), contents)


def contents_of(attachment: Attachment, opened: ExitStack) -> Contents:
    stored = [(name, getattr(attachment, name)) for name in STORED if getattr(attachment, name)]
    try:
        return {name: (ending_of(file.name), opened.enter_context(file.open("rb"))) for name, file in stored}
    except FileNotFoundError:
        raise Conflict(f"«{attachment.name}» is not there any more.") from None


def ending_of(path: str) -> str:
    """What stands behind its key: `thumbnail.webp`."""
    return path.partition(".")[2]
