"""Files that people send: good ones, and some that nobody should."""

from __future__ import annotations

import zlib
from io import BytesIO
from struct import pack
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from rooms.models import Attachment, Room, User
from rooms.services.attachments import attach_file

WHERE = b"50.0875 N, 14.4213 E"
"""What no picture that leaves the house says any more."""
TURN_RIGHT = 6
SCRIPT = b"<script>alert(document.domain)</script>"


def picture(format: str = "PNG", size: tuple[int, int] = (64, 48), colour: str = "teal", **options: Any) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, colour).save(target, format, **options)
    return target.getvalue()


def taken_somewhere(size: tuple[int, int] = (64, 48)) -> bytes:
    """A photograph held upright, with place and maker in its Exif."""
    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    exif[0x010F] = WHERE.decode()
    exif.get_ifd(0x8825)[0x001B] = WHERE
    return picture("JPEG", size, exif=exif)


def film(format: str = "GIF", frames: int = 4) -> bytes:
    target = BytesIO()
    first, *rest = (Image.new("RGB", (24, 24), (40 * number, 0, 90)) for number in range(frames))
    first.save(target, format, save_all=True, append_images=rest, duration=80, loop=0)
    return target.getvalue()


def polyglot() -> bytes:
    """A picture that is also a page: what follows its end is nobody's business but a sniffing browser's."""
    return picture("GIF") + b"<html>" + SCRIPT


def bomb(side: int = 60_000) -> bytes:
    """A PNG of some hundred bytes that says it has 3,600 million pixels."""
    head = pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 4000)), (b"IEND", b""))
    written = (pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def file(name: str = "cat.png", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if content is None else content)


def attached(room: Room, by: User, name: str = "cat.png", content: bytes | None = None, alt: str = "") -> Attachment:
    """A file of theirs that waits for a message."""
    return attach_file(room=room, by=by, file=file(name, content), alt=alt)
