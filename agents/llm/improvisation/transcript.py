"""A prompt read back into a scene: who I am, what was said before, and what I am asked."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import log

from agents.llm.improvisation.common_words import COMMON
from agents.llm.port import Request, Turn

IDENTITY = re.compile(r"You are (?P<name>[^\n(.,]+?)(?: \(@(?P<username>[\w.-]+)\))?[,.\n]")
ATTRIBUTED = re.compile(r"(?P<who>[a-z0-9][a-z0-9_.-]*): (?P<text>.*)", re.DOTALL)
CODE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
LEADING = re.compile(r"^\s*(?:[-*+>#]+|\d+[.)])\s+")
MARKS = re.compile(r"[*_`~|#<>\[\]]|(?<!\w)@(?=\w)|https?://\S+")
SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
WORD = re.compile(r"[^\W\d_][\w'-]+")
SUFFIX = re.compile(r"(?:'s|ings?|edly|ed|ies|es|s|ly)$")
LONGEST_QUOTE = 180


@dataclass(frozen=True)
class Said:
    """One sentence of somebody's, fit to be quoted. `place` is the number of its message, oldest first."""

    who: str
    text: str
    place: int

    @cached_property
    def words(self) -> frozenset[str]:
        return keywords(self.text)

    @property
    def asks(self) -> bool:
        return self.text.endswith("?")


@dataclass(frozen=True)
class Scene:
    """Everything but the question is in `before`; my own words are left out, or I would quote myself."""

    name: str
    username: str
    instructions: str
    asker: str
    question: str
    before: tuple[Said, ...]
    messages: int
    code: str

    @cached_property
    def speakers(self) -> list[str]:
        return [who for who, _ in Counter(said.who for said in self.before).most_common()]

    @cached_property
    def weights(self) -> dict[str, float]:
        """How telling a word is here: rare among the sentences counts more."""
        seen = Counter(word for said in self.before for word in said.words)
        return {word: log(1 + len(self.before) / count) for word, count in seen.items()}

    @cached_property
    def topics(self) -> list[str]:
        """What most people talked about, and most often, as it was written."""
        said_by: dict[str, list[str]] = {}
        spelled: dict[str, str] = {}
        for said in self.before:
            for word in said.words:
                said_by.setdefault(word, []).append(said.who)
            spelled |= {stem(word): word for word in telling(said.text)}
        shared = {word: (len(set(who)), len(who)) for word, who in said_by.items() if len(word) > 3}
        return [spelled[word] for word in sorted(shared, key=lambda word: (shared[word], word), reverse=True)[:3]]


def scene_of(request: Request) -> Scene:
    instructions = "\n".join(turn.content for turn in request.turns if turn.role == "system")
    found = IDENTITY.search(instructions)
    name = found["name"] if found else "the assistant"
    heard = [heard_in(turn) for turn in request.turns if turn.role == "user"]
    asker, question = heard[-1] if heard else ("", "")
    return Scene(
        name=name,
        username=(found["username"] if found else "") or name.lower(),
        instructions=instructions.lower(),
        asker=asker,
        question=question,
        before=tuple(said for place, (who, text) in enumerate(heard[:-1]) for said in sentences(who, text, place)),
        messages=len(heard) - 1,
        code=next((code[1] for _, text in reversed(heard) if (code := CODE.search(text))), ""),
    )


def heard_in(turn: Turn) -> tuple[str, str]:
    """Who said what: turns come as `{"from": who, "text": what}` or as `who: what`."""
    if turn.content.startswith("{"):
        try:
            said = json.loads(turn.content)
            return str(said["from"]), str(said["text"])
        except (ValueError, KeyError, TypeError):
            pass
    found = ATTRIBUTED.match(turn.content)
    if found and turn.name in ("", found["who"]):
        return found["who"], found["text"]
    return turn.name, turn.content


def sentences(who: str, text: str, place: int) -> list[Said]:
    lines = [line for line in CODE.sub("", text).splitlines() if not line.lstrip().startswith("|")]
    plain = "\n".join(LEADING.sub("", line) for line in lines)
    parts = (quotable(part) for part in SENTENCE.split(plain))
    return [Said(who, part, place) for part in parts if len(part.split()) >= 3]


def quotable(text: str) -> str:
    """Plain words on one line: no markup that a quotation would leave open, no mention that would ring somebody."""
    text = " ".join(MARKS.sub("", text).split())
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"


def telling(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower().replace("’", "'")) if word not in COMMON and len(word) > 2]


def stem(word: str) -> str:
    short = SUFFIX.sub("", word)
    return short if len(short) >= 3 else word


def keywords(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in telling(text))
