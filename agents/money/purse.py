"""What an answer may still say for what was set aside for it, counted as it streams."""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Purse:
    """`tokens` may be written. `reduced`: fewer than the agent's own limit, since the money did not reach for more;
    then `sentence` says so. `another` call costs as much as so many tokens more, unless it is the `spare` one.

    The provider is told the limit too; this is for those that do not mind it. A piece is a token at least, four bytes
    are about one: whichever counts more.
    """

    tokens: int
    reduced: bool = False
    sentence: str = ""
    another: float = 0
    spare: bool = False
    empty: bool = False
    pieces: int = 0
    bytes: int = 0

    def pays_for(self, text: str) -> bool:
        """Whether this may be said too. Once it may not, nothing may."""
        self.pieces += 1
        self.bytes += len(text.encode("utf-8", "replace"))
        self.empty = self.empty or self.used > self.tokens
        return not self.empty

    def pays_for_another(self) -> bool:
        """Whether the conversation can be told once more, with what was said of the answer, and something is left."""
        price = 0 if self.spare else self.another + self.used
        if self.empty or self.tokens - self.used < price:
            return False
        self.spare = False
        self.tokens -= int(price)
        return True

    @property
    def used(self) -> int:
        return max(self.pieces, -(-self.bytes // BYTES_PER_TOKEN))
