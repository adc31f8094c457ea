"""How a run ends: one reason of a closed list, the text that was shown, and a sentence for the people in the room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from uuid import UUID

from rooms.gates import Verdict
from rooms.spans import in_words as span_in_words

from .llm.port import Finish, LLMError, ToolCall, Usage
from .models import Reason, Status
from .speaking.tapes import Recording

SENTENCES: dict[Reason, str] = {
    Reason.ANSWERED: "",
    Reason.LENGTH: "The answer reached its longest allowed length.",
    Reason.FILTERED: "The model's provider stopped this answer.",
    Reason.TOO_LARGE: "The answer grew too long and was cut.",
    Reason.UNAVAILABLE: "The model is not answering right now. You can ask again later.",
    Reason.CANCELLED: "The answer was stopped.",
    Reason.RECALLED: "What this would have answered was taken back.",
    Reason.UNSEATED: "The agent has left the room or was switched off.",
    Reason.DEPARTED: "Who asked is not in this room any more.",
    Reason.LIMITED: "This question was more than the agent may take on.",
    Reason.WITHHELD: "The rest of this answer was withheld by a rule of the room.",
    Reason.SILENT: "",
    Reason.MERGED: "Answered together with what was said after it.",
    Reason.PAUSED: "Agents are switched off here for now.",
    Reason.QUOTA: "Who asked has used up what they may ask for now.",
    Reason.BUDGET: "The money set aside for this is used up.",
    Reason.ENERGY: "This chain of agents has reached its bound.",
    Reason.DENIED: "What the agent wanted to do was not approved.",
    Reason.EXPIRED: "Nobody was free to answer in time. You can ask again.",
    Reason.WORKER_LOST: "The answer broke off because the process writing it stopped. You can ask for it again.",
    Reason.ERROR: "Something went wrong on our side. You can ask for it again.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` is what was released, all of it checked by the gates; `usage` is None when nothing can be charged.

    Of a step that is not the last of its run: `calls` the model made, and `output` to be kept with the step, with the
    messages a tool has `read`; `unsaid` is what it said and the gates have not let go before they see what follows.
    `tapes` are what the provider sent. Unless `aloud`, no message is begun only to say why there is no answer.
    """

    reason: Reason
    text: str = ""
    notice: str = ""
    usage: Usage | None = None
    error: str = ""
    calls: tuple[ToolCall, ...] = ()
    output: dict[str, Any] = field(default_factory=dict)
    read: tuple[UUID, ...] = ()
    unsaid: str = ""
    aloud: bool = True
    tapes: tuple[Recording, ...] = ()

    @property
    def status(self) -> Status:
        match self.reason:
            case Reason.ANSWERED | Reason.SILENT | Reason.MERGED:
                return Status.DONE
            case Reason.CANCELLED:
                return Status.CANCELLED
            case Reason.WORKER_LOST:
                return Status.INTERRUPTED
        return Status.INTERRUPTED if self.text else Status.FAILED

    @property
    def model(self) -> str:
        """The one that was called last; nothing when none was."""
        return str(self.last_call.get("model", ""))

    @property
    def deployment(self) -> str:
        """Where that was; nothing where there is no route."""
        return str(self.last_call.get("deployment", ""))

    @property
    def last_call(self) -> Mapping[str, Any]:
        """Of those that were made: a place that was passed over has not been called."""
        calls = self.output.get("calls") or ()
        return next((call for call in reversed(calls) if call.get("result") not in ("full", "resting")), {})

    @property
    def sentence(self) -> str:
        return (self.notice or SENTENCES.get(self.reason, ""))[:280]


def finished(finish: Finish, text: str, usage: Usage | None) -> Outcome:
    """The model came to an end by itself: an answer, unless it says otherwise or said nothing."""
    match finish.reason:
        case "length":
            return Outcome(Reason.LENGTH, text, usage=usage)
        case "content_filter":
            return Outcome(Reason.FILTERED, text, usage=usage)
        case "tool_calls":
            return broken(LLMError("protocol", detail="a tool call where none may be made"), text, usage)
    if not text.strip():
        return broken(LLMError("empty"), "", usage)
    return Outcome(Reason.ANSWERED, text, usage=usage)


def broken(error: LLMError, text: str, usage: Usage | None) -> Outcome:
    """The call ended badly; the kinds of errors are reasons of the same names."""
    kind = f"{error.kind}.{error.deadline}" if error.deadline else error.kind
    return Outcome(Reason(error.kind), text, error.message, usage, kind)


def refused_by(verdict: Verdict, text: str, usage: Usage | None) -> Outcome:
    """A reply gate ended it; the one on size has a reason of its own."""
    reason = Reason.TOO_LARGE if verdict.rule == "size" else Reason.WITHHELD
    notice = verdict.reason or "The rest of this answer was withheld by a rule of the room."
    return Outcome(reason, text, notice, usage, f"gate.{verdict.rule}"[:32])


OF_GATES = frozenset({Reason.QUOTA, Reason.BUDGET, Reason.PAUSED, Reason.ENERGY})
"""Rules of step gates that are reasons of their own; all others are limits."""


def held_back_by(verdict: Verdict, said: str) -> Outcome:
    """A step gate let the step not begin; what earlier ones have said stays."""
    reason = Reason(verdict.rule) if verdict.rule in OF_GATES else Reason.LIMITED
    return Outcome(reason, said, verdict.reason, error=f"gate.{verdict.rule}"[:32])


def not_answering(name: str, retry_in: float) -> Outcome:
    """The circuit breaker is open: said at once instead of letting people wait."""
    return Outcome(
        Reason.UNAVAILABLE, notice=f"{name} is not answering right now; trying again in {in_words(retry_in)}."
    )


def spent(resets_in: float) -> Outcome:
    """All places of the agent's route have used up their money."""
    again = f"There will be some again in {span_in_words(resets_in)}, at midnight UTC."
    return Outcome(Reason.BUDGET, notice=f"What the house spends on this model today is used up. {again}")


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, ceil(seconds))} seconds" if seconds > 1 else "a moment"
    return f"{ceil(seconds / 60)} minutes"
