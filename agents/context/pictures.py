"""Files among what an agent is told: in words for every model, and pictures as such for one that can see.

The words stand inside the JSON object of their message, so that no name of a file can end it. What a model is shown was
drawn when the picture was uploaded, so that a prompt that is built again is made of the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from django.template.defaultfilters import filesizeformat

from rooms.models import Attachment
from rooms.pictures import SEEN

from ..llm.port import Image, image_tokens
from ..routing.routes import Sight

log = logging.getLogger(__name__)

Files = dict[UUID, list[Attachment]]
"""By the message that carries them, in their order."""

MIME = "image/jpeg"
MOST = 8
MOST_BYTES = 3 * 1024 * 1024
"""Pictures in one prompt, and all of them together."""
SHARE = 2
"""One part of so many of what may be told is for pictures: the conversation is not crowded out by them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that went into a prompt; `sha256` is that of the bytes the model was sent."""

    attachment: UUID
    message: UUID
    sha256: str

    @classmethod
    def read(cls, facts: dict[str, str]) -> Shown:
        return cls(UUID(facts["attachment"]), UUID(facts["message"]), facts["sha256"])

    def as_facts(self) -> dict[str, str]:
        return {"attachment": str(self.attachment), "message": str(self.message), "sha256": self.sha256}


def files_of(messages: Collection[UUID]) -> Files:
    """One query, and none when no message has any."""
    found: Files = {}
    if messages:
        for file in Attachment.objects.filter(message__in=messages).order_by("message_id", "place"):
            found.setdefault(file.message_id, []).append(file)  # type: ignore[arg-type]
    return found


def in_words(files: Iterable[Attachment]) -> list[str]:
    return [worded(file) for file in files]


def worded(file: Attachment) -> str:
    """`[image: cat.png, 640×480, A cat asleep]`"""
    measure = f"{file.width}×{file.height}" if file.is_image else filesizeformat(file.size).replace("\xa0", " ")
    return f"[{', '.join(filter(None, (f'{file.kind}: {file.name}', measure, file.alt)))}]"


@dataclass(slots=True)
class Space:
    """How many pictures one prompt has room for, taken from the newest message on. `tokens` are left."""

    sight: Sight
    tokens: int
    taken: int = 0

    def tokens_of(self, file: Attachment, free: int) -> int:
        """What a model is told by it, with `free` tokens left for the prompt; 0 where it is not shown."""
        if not self.sight.sees or not file.is_image or self.taken >= MOST:
            return 0
        tokens = max(image_tokens(*view_of(file)), self.sight.tokens)
        return tokens if tokens <= min(free, self.tokens) else 0

    def fill(self, tokens: int) -> None:
        self.tokens -= tokens
        self.taken += 1


@dataclass(slots=True)
class Album(Space):
    """The pictures of one prompt themselves."""

    bytes: int = MOST_BYTES
    shown: list[Shown] = field(default_factory=list)

    def take(self, files: Sequence[Attachment], free: int) -> tuple[Image, ...]:
        """Those of a message that fit, with `free` tokens left for the prompt."""
        taken: list[Image] = []
        for file in files:
            image = self.one(file, free - sum(one.tokens for one in taken))
            if image is not None:
                taken.append(image)
        return tuple(taken)

    def one(self, file: Attachment, free: int) -> Image | None:
        tokens = self.tokens_of(file, free)
        if not tokens or file.message_id is None:
            return None
        image = opened(file, tokens)
        if image is None or len(image.data) > self.bytes:
            return None
        self.fill(tokens)
        self.bytes -= len(image.data)
        self.shown.append(Shown(file.pk, file.message_id, sha256(image.data).hexdigest()))
        return image


def view_of(file: Attachment) -> tuple[int, int]:
    """How large a model is shown it."""
    width, height = file.width or 1, file.height or 1
    scale = min(1, SEEN / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def opened(file: Attachment, tokens: int) -> Image | None:
    """None when the storage has lost it: then its words have to do."""
    try:
        with file.view.open("rb") as view:
            return Image(MIME, view.read(), tokens)
    except OSError:
        log.warning("the picture %s cannot be read", file.pk)
        return None


def shown_again(recorded: Iterable[Shown], message: UUID, files: Sequence[Attachment]) -> tuple[Image, ...]:
    """The pictures of a message that once went into a prompt, as far as they are still there."""
    there = {file.pk: file for file in files}
    wanted = (there.get(one.attachment) for one in recorded if one.message == message)
    found = (opened(file, image_tokens(*view_of(file))) for file in wanted if file is not None)
    return tuple(image for image in found if image is not None)


def is_there(one: Shown, files: Files) -> bool:
    """Whether a model would be shown the same bytes again."""
    image = next((opened(file, 0) for file in files.get(one.message, ()) if file.pk == one.attachment), None)
    return image is not None and sha256(image.data).hexdigest() == one.sha256
