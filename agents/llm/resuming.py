"""An answer that broke off goes on at another place: from exactly where people stopped reading.

Where the provider continues a last turn of the assistant, what comes is the rest. Everybody else is asked to begin with
the last words that were shown, the *anchor*; what comes is held back until it has either said the anchor, or all that
was shown from its beginning. That much is swallowed, and the seam is proven. Anything else is not shown at all.
"""

from __future__ import annotations

from dataclasses import replace

from .candidates import Candidate
from .errors import LLMError
from .port import Request, Turn, count_tokens

ANCHOR = 80
"""Characters of the anchor, about: as many as a model repeats without a slip."""

GO_ON = (
    "Your answer above broke off. Write on from exactly where it ends. Begin by repeating its last words, precisely "
    "these and without quotation marks, and then go on at once, in the same sentence if it is unfinished. Say nothing "
    "about having been interrupted.\n\n"
)

IN_BODY = {"continue_final_message": True, "add_generation_prompt": False}
"""How vLLM is told to go on with the last turn."""


class Diverged(LLMError):
    """It said something else than what people have read. Nobody's fault, and nothing of it was shown."""

    def __init__(self) -> None:
        super().__init__("truncated", detail="another model did not go on from what was shown")


def resumed(candidate: Candidate, said: str) -> tuple[Request, Joint]:
    """The request that asks for the rest, and what the rest has to pass."""
    request, text = candidate.request, said.rstrip()
    if candidate.continues:
        turn = Turn("assistant", text, prefix=candidate.continues == "prefix")
        more = {"extra_body": IN_BODY} if candidate.continues == "vllm" else {}
        return asking(request, said, turn, **more), Joint(said)
    anchor = anchor_of(text)
    return asking(request, said, Turn("assistant", text), Turn("user", GO_ON + anchor)), Joint(said, anchor)


def asking(request: Request, said: str, *turns: Turn, **more: object) -> Request:
    params = {**request.params, **more}
    if "max_tokens" in params:
        params["max_tokens"] = max(16, params["max_tokens"] - count_tokens(request.model, said))
    return replace(request, turns=(*request.turns, *turns), params=params)


def anchor_of(text: str) -> str:
    """The end of a text from the beginning of a word on; more of it as long as the text begins in the same way."""
    length, whole = ANCHOR, squeezed(text)
    while length < len(text):
        anchor = text[-length:]
        if not text[-length - 1].isspace():
            anchor = anchor.partition(" ")[2] or anchor
        if not whole.startswith(squeezed(anchor)):
            return anchor.lstrip()
        length *= 2
    return text


class Joint:
    """What of the second text may be shown after the first. Without an `anchor` the second is the rest by itself.

    Blanks do not count when texts are compared, since models set them as they please.
    """

    def __init__(self, said: str, anchor: str | None = None) -> None:
        self.known = [squeezed(said)] if anchor is None else [squeezed(said), squeezed(anchor)]
        self.is_asked = anchor is not None
        self.blanks = said[len(said.rstrip()) :]
        self.held = self.squeezed = ""
        self.open = False

    def take(self, text: str) -> str:
        """What may be shown now. Raises Diverged."""
        if self.open:
            return text
        self.held += text
        self.squeezed += squeezed(text)
        return self.opened(ended=False)

    def end(self) -> str:
        """The second text has come to its end. Raises Diverged when it never met the first."""
        return "" if self.open else self.opened(ended=True)

    def opened(self, *, ended: bool) -> str:
        for known in self.known:
            if self.squeezed.startswith(known):
                return self.go_on(after(self.held, len(known)), ended)
            if not ended and known.startswith(self.squeezed):
                return ""  # it may be saying that, and is not done yet
        if self.is_asked:
            raise Diverged
        return self.go_on(0, ended)

    def go_on(self, at: int, ended: bool) -> str:
        """The rest of what was held, without the blanks that the first text ended with."""
        rest = self.held[at:]
        if self.blanks and not rest.strip() and not ended:
            return ""  # the blanks are not all there yet
        self.open, self.held = True, ""
        return rest.removeprefix(self.blanks)


def squeezed(text: str) -> str:
    return "".join(text.split())


def after(text: str, count: int) -> int:
    """Where a text goes on after so many characters that are no blanks."""
    for at, character in enumerate(text):
        if not count:
            return at
        count -= not character.isspace()
    return len(text)
