"""The words of the scripted model: what it recognises in a question, and how it frames what it found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


def words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


GREETING = words(r"^(?:hi|hello|hey|good (?:morning|evening|day)|welcome|moin|hallo)\b[\s\w,]{0,20}[!.]*$|^$")
THANKS = words(r"^(?:many |a lot of )?(?:thanks|thank you|thx|cheers|merci)\b.{0,40}$")
WHO_ARE_YOU = words(r"\b(?:who are you|what are you|what can you do|how can you help|introduce yourself)\b")
ASKS_MINUTES = words(
    r"\b(?:minutes|who does what|who (?:has )?t(?:ook|aken) (?:what|on)|to-?dos?|tasks?|decisions?|decided)\b"
)
ASKS_SUMMARY = words(
    r"\b(?:summar\w+|recap|catch me up|overview|tl;?dr|what did i miss|what (?:have|did) (?:we|you all))\b"
)
ASKS_CODE = words(r"```|\b(?:code|snippet|python|javascript|sql|regex|program|write a (?:script|function))\b")
ASKS_LIST = words(r"\b(?:list|bullets?|enumerate|name (?:all|the)|which ones|what options|table)\b")
ASKING = words(
    r"(?:who|what|when|where|why|how|which|is|are|was|were|do|does|did|can|could|should|would|will|has|have|tell)\b"
)
WHO = words(r"who(?:'s|se|m)?\b")
REVIEW = words(r"```|\b(?:review|look (?:at|over)|wrong|check|read|remarks?|think of)\b")
PROMISE = words(r"\b(?:i'll|i will|i can (?:bring|do|take|make|ask|get|lend)|i'd take|i bring|i(?:'m| am) going to)\b")
DECIDED = words(r"\b(?:agreed|decided|it is settled|settled|then we|let's|we go with|done deal|we take)\b")


@dataclass(frozen=True)
class Tone:
    """How somebody of this persona begins and ends; `quotes` is how many voices it cites at most."""

    greetings: Sequence[str]
    openings: Sequence[str]
    closings: Sequence[str]
    quotes: int = 2


PLAIN = Tone(
    greetings=("Hello {at}!", "Hi {at}, good to see you.", "Good day, {at}."),
    openings=("{at}, here is what I have.", "Let me see, {at}.", "Good question, {at}."),
    closings=(
        "That is what I find in {count}.",
        "Beyond that, nobody has said anything about it here.",
        "If somebody knows more, now is the time to say so.",
    ),
)
BRISK = Tone(
    greetings=("{at}.", "Hello {at}."),
    openings=("{at}:", "In short, {at}:"),
    closings=("No more than that in {count}.", "That is all."),
    quotes=1,
)
WARM = Tone(
    greetings=("Hello {at}, how nice that you are here!", "Hi {at}! Come in.", "Ah, {at}! Good to read you."),
    openings=("Happy to help, {at}!", "I had a look, {at}.", "Glad you ask, {at}."),
    closings=("I hope that helps!", "Shall I look for more?", "That is what stayed with me from {count}."),
)
CAREFUL = Tone(
    greetings=("Hello {at}.", "Good day, {at}."),
    openings=("I went through it once more, {at}.", "To be exact, {at}:", "As far as it was said here, {at}:"),
    closings=(
        "I would check that with whoever said it before relying on it.",
        "{count} say no more than that.",
        "Whether it is still so, nobody has said.",
    ),
    quotes=3,
)
TONES: tuple[tuple[re.Pattern[str], Tone], ...] = (
    (words(r"\b(?:terse|laconic|curt|minutes|as short as)\b"), BRISK),
    (words(r"\b(?:careful|precise|review\w*|critic\w*|scepti\w*|skepti\w*|librarian|archivist|formal)\b"), CAREFUL),
    (words(r"\b(?:friendly|warm|cheerful|kind|welcoming|enthusias\w*|unhurried|host)\b"), WARM),
)

LATELY = (
    "Lately this room has talked about {topics}.",
    "The talk here is mostly of {topics}.",
    "Going by {count}, {topics} is what occupies people here.",
)
QUIET = (
    "Nobody has said anything here yet, so there is nothing I could look up.",
    "It is quiet here so far: ask me again once people have talked.",
)
WELCOME = ("You're welcome, {at}!", "Gladly, {at}.", "Any time, {at}.")
INTRODUCTION = (
    "I am {name}, {at}. I read {count} here and can find who said what, sum up, list who does what, or look over a "
    "piece of code. I speak from a script, without a model behind me, so I only know what was said in this room."
)
MINUTES = ("Here is what I have from {count}.", "The minutes so far, {at}:")
LISTED = ("These are the ones that were named here:", "This is what people said, in order:")
NOTED = (
    "Noted, {at}. Nobody has spoken of that here before.",
    "I have read it, {at}. Ask me when you want it back.",
    "Thank you, {at}. The talk so far was of {topics}; this is new.",
)
NOT_SAID = (
    "Nobody has said anything about THAT in {count}, and I would rather not invent it.",
    "About THAT I find nothing in {count}.",
    "I looked through {count}: no word about THAT.",
)
PROGRAM = (
    "I speak from a script, {at}, so I can't write just any program. This one works on what was said here:",
    "Here is a small one about this very room, {at}; without a model behind me I know no other:",
)
PROGRAM_CODE = """

```python
said = {counts}

for name, count in sorted(said.items(), key=lambda pair: -pair[1]):
    print(f"{{name:<12}} {{'█' * count}} {{count}}")
```

It draws a bar for each of us, as long as the number of sentences I have read."""


def tone_of(instructions: str) -> Tone:
    """By the first half of the instructions, where an agent is described; the rest is house rules, the same for all."""
    described = instructions.split("\nthe room\n", 1)[0]
    return next((tone for pattern, tone in TONES if pattern.search(described)), PLAIN)


def messages(count: int) -> str:
    if count == 0:
        return "the messages so far"
    return "the one message before" if count == 1 else f"the last {count} messages"


def joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
