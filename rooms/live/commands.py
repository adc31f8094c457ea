"""What a client may say over its socket: one table. Floors above add their own commands with `register`.

A command reads its fields strictly, as REST does, and is answered with an `ack` or an `error` that carries its `ref`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Invalid

if TYPE_CHECKING:
    from .consumer import Socket

Said = dict[str, Any]
Ref = str | int | None
Handler = Callable[["Socket", Said, Ref], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `is_right` judges its value, `sentence` says what would have been right."""

    is_right: Callable[[Any], bool]
    sentence: str
    required: bool = True

    @property
    def optional(self) -> Field:
        return Field(lambda value: value is None or self.is_right(value), self.sentence, required=False)


@dataclass(frozen=True, slots=True)
class Command:
    """`needs` is the permission it asks for: the permission table of the tests reads it."""

    fields: Mapping[str, Field]
    handle: Handler
    needs: str = ""

    def read(self, said: Said) -> Said:
        """The fields without `type` and `ref`. Raises Invalid with a sentence for each that is wrong."""
        said = self.named(said)
        wrong: dict[str, list[str]] = {}
        for name, value in said.items():
            field = self.fields.get(name)
            if field is None and name not in ("type", "ref"):
                wrong[name[:64]] = ["There is no such field."]
            elif field is not None and not field.is_right(value):
                wrong[name] = [field.sentence]
        for name, field in self.fields.items():
            if field.required and name not in said:
                wrong[name] = ["This field is required."]
        if wrong:
            raise Invalid(fields=wrong)
        return {name: value for name, value in said.items() if name in self.fields}

    def named(self, said: Said) -> Said:
        """A message may be named by `id` too, as it is in the message itself."""
        if "message" not in self.fields or "message" in said or "id" not in said:
            return said
        return {"message" if name == "id" else name: value for name, value in said.items()}


COMMANDS: dict[str, Command] = {}


def register(type: str, command: Command) -> None:
    """Add a command, e.g. from the `ready()` of an app above. A name is given once."""
    if type in COMMANDS:
        raise ValueError(f"there is a command {type} already")
    COMMANDS[type] = command


def command_for(said: Said) -> Command:
    """The command somebody named. Raises Invalid for one that does not exist."""
    type = said.get("type")
    command = COMMANDS.get(type) if isinstance(type, str) else None
    if command is None:
        raise Invalid(fields={"type": ["There is no such command."]})
    return command


def is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and "\x00" not in value


POST = "rooms.post_message"

SLUG = Field(
    lambda value: is_text(value, 64) and value.isascii() and value.replace("-", "").replace("_", "").isalnum(),
    "The address of a room.",
)
MESSAGE_ID = Field(lambda value: is_text(value, 64) and bool(value), "The id of a message.")
RUN_ID = Field(lambda value: is_text(value, 64) and bool(value), "The id of a run.")
NUMBER = Field(lambda value: type(value) is int and 0 <= value < 2**62, "A whole number, not negative.")
FLAG = Field(lambda value: isinstance(value, bool), "true or false.")
BODY = Field(lambda value: isinstance(value, str), "A message is a text.")
EMOJI = Field(lambda value: is_text(value, 64), "An emoji.")
REASON = Field(lambda value: is_text(value, 280), "At most 280 characters.")
CLIENT_ID = Field(lambda value: is_text(value, 64), "A text of at most 64 characters.")
NAMES = Field(
    lambda value: isinstance(value, list) and len(value) <= 100 and all(is_text(name, 64) for name in value),
    "A list of at most 100 usernames.",
)
IDS = Field(
    lambda value: isinstance(value, list) and len(value) <= 10 and all(is_text(id, 64) for id in value),
    "A list of at most 10 ids of files you have uploaded here.",
)
