"""The ways a call to a model ends badly, each with a sentence for the people in the room."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agents.llm.port import Usage

Kind = Literal["busy", "down", "refused", "timeout", "protocol", "truncated", "empty", "too_large", "cancelled"]
Deadline = Literal["connect", "first_token", "idle", "total"]

SENTENCES: dict[str, str] = {
    "busy": "The model has too much to do right now.",
    "down": "The model's provider is out of order.",
    "refused": "The model's provider refuses the request. An administrator has to look at the model's settings.",
    "timeout": "The model took too long.",
    "protocol": "The model's provider sent something that is not an answer.",
    "truncated": "The answer broke off before its end.",
    "empty": "The model answered with nothing.",
    "too_large": "The answer grew too long and was cut.",
    "cancelled": "The answer was stopped.",
}
DEADLINE_SENTENCES: dict[str, str] = {
    "connect": "The model's provider could not be reached in time.",
    "first_token": "The model took too long to begin.",
    "idle": "The model fell silent in mid-answer.",
    "total": "The model took too long to finish.",
}


class LLMError(Exception):
    """`message` is for people in the room; `detail` is for the log and never holds a key. What was yielded stays.

    `usage` is what the broken call took as far as known: providers bill answers that nobody received.
    """

    def __init__(
        self,
        kind: Kind,
        message: str = "",
        *,
        detail: str = "",
        deadline: Deadline | None = None,
        retry_after: float | None = None,
        usage: "Usage | None" = None,
    ) -> None:
        self.kind: Kind = kind
        self.message = message or DEADLINE_SENTENCES.get(deadline or "") or SENTENCES[kind]
        self.detail = detail
        self.deadline: Deadline | None = deadline
        self.retry_after = retry_after
        self.usage = usage
        super().__init__(self.message)

    def __str__(self) -> str:
        """The log's line: what happened in short, then the provider's own words."""
        named = f"{self.kind} ({self.deadline})" if self.deadline else self.kind
        return f"{named}: {self.detail or self.message}"
