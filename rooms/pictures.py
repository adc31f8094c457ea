"""Pictures as people may be shown them: known by their content, decoded within bounds, and drawn anew.

What leaves here was written by us: nothing of the file that came is kept but what can be seen in it. So there is no
place in it where it was taken, no other file in its tail, and no trick for whoever decodes it next.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from PIL import Image, ImageCms, ImageOps

from .errors import Invalid, TooLarge, Unavailable

log = logging.getLogger(__name__)

Size = tuple[int, int]

BEGINNINGS = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "GIF": b"GIF8"}
HEAD = 16
"""Bytes that tell what a file is."""

LARGEST = 4096
"""Pixels on the longer side of what is kept; a larger picture is made smaller."""
SEEN = 1024
"""… of what a model is shown: no provider looks at more without cutting it up or shrinking it itself."""
SHOWN = 640
"""… of what stands in the conversation, at twice the size it has there."""
MOST_FRAMES = 400
PATIENCE = 20.0
"""Seconds to wait for one's turn."""

KEPT_AS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 6},
    "JPEG": {"quality": 90, "optimize": True},
    "GIF": {"optimize": False, "disposal": 2},
    "WEBP": {"quality": 88, "method": 3},
}

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

_one_at_a_time = threading.BoundedSemaphore(1)


@dataclass(frozen=True, slots=True)
class Picture:
    """`content` in its own format, a `thumbnail` as WebP, and the `view` of it for models, a JPEG."""

    content: bytes
    format: str
    width: int
    height: int
    thumbnail: bytes
    view: bytes

    @property
    def content_type(self) -> str:
        return f"image/{self.format.lower()}"


def format_of(head: bytes) -> str | None:
    """Which of the four kinds of picture a file that begins like this claims to be; its name is not asked."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((format for format, start in BEGINNINGS.items() if head.startswith(start)), None)


def redraw(file: IO[bytes], format: str) -> Picture:
    """The picture in this file. Raises TooLarge for more pixels than the house decodes, Invalid when it is damaged,
    Unavailable when others are in front for long.

    One at a time in each process: a decoded picture takes up to four bytes a pixel, a few times over.
    """
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise Unavailable("Many pictures are being looked at just now. Please try again shortly.", retry_after=5)
    try:
        return drawn(file, format)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels() from None
    except (Invalid, TooLarge, MemoryError):
        raise
    except Exception as error:  # what decoders raise at hostile bytes is of every kind
        log.info("a picture could not be decoded: %s", type(error).__name__)
        raise Invalid(fields={"file": ["This picture is damaged, or cut off before its end."]}) from error
    finally:
        _one_at_a_time.release()


def drawn(file: IO[bytes], format: str) -> Picture:
    file.seek(0)
    with Image.open(file, formats=[format]) as image:
        check_size(image.size)
        if image.mode != "CMYK":
            image.draft("RGB", (LARGEST, LARGEST))  # a JPEG need not be decoded larger than it is kept
        frames, durations = frames_of(image)
        loop = int(image.info.get("loop", 0))
    first = frames[0]
    still = format == "JPEG"
    content = written([flat(frame) if still else frame for frame in frames], format, durations, loop)
    return Picture(
        content=content,
        format=format,
        width=first.width,
        height=first.height,
        thumbnail=written([within(first, SHOWN)], "WEBP"),
        view=written([flat(within(first, SEEN))], "JPEG"),
    )


def check_size(size: Size, frames: int = 1) -> None:
    if size[0] * size[1] * frames > settings.ATTACHMENT_MAX_PIXELS:
        raise too_many_pixels()


def too_many_pixels() -> TooLarge:
    most = settings.ATTACHMENT_MAX_PIXELS // 1_000_000
    return TooLarge(f"A picture may have {most} million pixels at most, all frames of an animation together.")


def frames_of(image: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """Each frame by itself, upright and without anything that is not seen, and for how many milliseconds it stands."""
    frames, durations = [plain(image)], [duration_of(image)]
    if image.format in ("JPEG", "MPO") or not getattr(image, "is_animated", False):
        return frames, durations
    size = image.size
    while len(frames) <= MOST_FRAMES:
        check_size(size, len(frames) + 1)
        try:
            image.seek(len(frames))
        except EOFError:
            return frames, durations
        frames.append(plain(image))
        durations.append(duration_of(image))
    raise TooLarge(f"An animation may have {MOST_FRAMES} frames at most.")


def duration_of(image: Image.Image) -> int:
    return min(10_000, max(20, int(image.info.get("duration", 100))))


def plain(image: Image.Image) -> Image.Image:
    """A copy that is pixels alone, in the colours of screens."""
    upright = ImageOps.exif_transpose(image)
    coloured = in_srgb(upright)
    found = coloured.convert("RGBA" if has_alpha(upright) else "RGB")
    found = within(found.copy() if found is image else found, LARGEST)
    found.info = {}
    return found


def has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def in_srgb(image: Image.Image) -> Image.Image:
    """Cameras and printers have colours of their own; once their profile is gone, nobody knows what they meant."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        found = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(BytesIO(profile)), SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image
    return found if found is not None else image


def within(image: Image.Image, side: int) -> Image.Image:
    """No longer than this on either side; never made larger."""
    if max(image.size) <= side:
        return image
    smaller = image.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return smaller


def flat(image: Image.Image) -> Image.Image:
    """On white, where it can be seen through."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def written(frames: list[Image.Image], format: str, durations: list[int] | None = None, loop: int = 0) -> bytes:
    target = BytesIO()
    options = dict(KEPT_AS[format])
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": loop}
    elif format == "GIF":
        options.pop("disposal")
    frames[0].save(target, format, **options)
    return target.getvalue()
