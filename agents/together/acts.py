"""What agents say to each other: six kinds of acts, written as JSON in a fence at the end of a contribution.

A model that writes none, or something else, has said plain text: that is a share of it, and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar, get_type_hints

import orjson

MOST = 20
LONGEST = 600
FENCE = "```"
OPENING = re.compile(r"```(?:json)?[ \t]*\n")
BARE = re.compile(r"(?:\A|\n)(?=\{\s*\"acts\")")


class NotAnAct(ValueError):
    """Something a model wrote where an act should stand."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing said from agent to agent. Fields without a default have to be there."""

    act: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Share(Act):
    """A point the others should know."""

    act: ClassVar[str] = "share"
    point: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Delegate(Act):
    """A piece of work that another should do."""

    act: ClassVar[str] = "delegate"
    to: str
    instruction: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Ask(Act):
    """A question to another."""

    act: ClassVar[str] = "ask"
    to: str
    question: str


@dataclass(frozen=True, slots=True)
class Agree(Act):
    """A point, of `to` if it was somebody's, that holds."""

    act: ClassVar[str] = "agree"
    point: str
    to: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Disagree(Act):
    """A point that does not hold."""

    act: ClassVar[str] = "disagree"
    point: str
    to: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Review(Act):
    """How good another's work is, from 1 to 5, and what is to be done better."""

    act: ClassVar[str] = "review"
    to: str
    score: int
    points: tuple[str, ...] = field(default=())


VOCABULARY: dict[str, type[Act]] = {kind.act: kind for kind in (Share, Delegate, Ask, Agree, Disagree, Review)}


@dataclass(frozen=True, slots=True)
class Said:
    """A contribution read: its words without the fence, and its acts."""

    text: str
    acts: tuple[Act, ...] = ()

    def as_output(self) -> dict[str, Any]:
        """As a step keeps it."""
        return {"text": self.text, "acts": [facts_of(act) for act in self.acts]}


def read(text: str) -> Said:
    """Text and acts of what a model wrote."""
    words, json = parted(text)
    acts = acts_in(json)
    if not acts:
        return Said(text.strip(), (Share(one_line(text)),) if text.strip() else ())
    return Said(words.strip() or "\n\n".join(in_words(act) for act in acts), acts)


def parted(text: str) -> tuple[str, str]:
    """The words in front of the acts, and the JSON in which those are; without JSON, all of it and nothing."""
    if (place := fence_in(text)) is not None:
        return text[: place[0]], text[place[1] : place[2]]
    bare = BARE.search(text) if text.rstrip().endswith("}") else None
    return (text[: bare.end()], text[bare.end() :]) if bare else (text, "")


def json_of(text: str) -> str:
    """What stands in the fence at its end; all of it where there is none."""
    place = fence_in(text)
    return text.strip() if place is None else text[place[1] : place[2]]


def fence_in(text: str) -> tuple[int, int, int] | None:
    """Where the last fence begins that closes at the end, and where its content begins and ends.

    Found by hand: the expression that said this tried every blank and every fence against every other, a minute and
    a half for 32,000 characters, in the event loop of all answers.
    """
    end = len(text.rstrip()) - len(FENCE)
    if end < 0 or not text.startswith(FENCE, end):
        return None
    opening = None
    for found in OPENING.finditer(text, 0, end):
        opening = found
    return None if opening is None else (opening.start(), opening.end(), end)


def acts_in(json: str) -> tuple[Act, ...]:
    """Those that can be understood; what stands among them otherwise is left out."""
    written = object_of(json).get("acts")
    return tuple(understood(written))[:MOST] if isinstance(written, list) else ()


def object_of(json: str) -> dict[str, Any]:
    """A JSON object; an empty one where there is none."""
    try:
        found = orjson.loads(json)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def understood(written: list[Any]) -> Iterator[Act]:
    for one in written:
        try:
            yield act_of(one)
        except NotAnAct:
            continue


def act_of(written: Any) -> Act:
    """One act of its JSON. Raises NotAnAct. What it has besides the fields of its kind is ignored."""
    kind = VOCABULARY.get(str(written.get("act"))) if isinstance(written, Mapping) else None
    if kind is None:
        raise NotAnAct(written)
    types = get_type_hints(kind)
    return kind(**{one.name: value_of(written, one.name, types[one.name], one.default) for one in fields(kind)})


def value_of(written: Mapping[str, Any], name: str, type: Any, default: Any) -> Any:
    value = written.get(name, default)
    if value is MISSING:
        raise NotAnAct(name)
    if type is int:
        return score_of(value)
    if type is str:
        return name_of(value) if name == "to" else words_of(value, required=default is MISSING)
    return tuple(one_line(point) for point in value if isinstance(point, str))[:MOST] if isinstance(value, list) else ()


def score_of(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 5:
        raise NotAnAct(value)
    return round(value)


def words_of(value: Any, *, required: bool) -> str:
    words = one_line(value) if isinstance(value, str) else ""
    if required and not words:
        raise NotAnAct(value)
    return words


def name_of(value: Any) -> str:
    return str(value).strip().removeprefix("@").lower()[:32] if isinstance(value, str) else ""


def one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def facts_of(act: Act) -> dict[str, Any]:
    """As JSON: empty fields are left out."""
    facts = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(act).items()}
    return {"act": act.act, **{name: value for name, value in facts.items() if value}}


def in_words(act: Act) -> str:
    match act:
        case Share(point=point) | Agree(point=point):
            return point
        case Disagree(point=point):
            return f"Not so: {point}"
        case Ask(to=to, question=question):
            return f"To {to}: {question}"
        case Delegate(to=to, instruction=instruction):
            return f"For {to}: {instruction}"
        case Review(to=to, score=score):
            return f"{to}: {score} of 5"
    return ""


def schema() -> dict[str, Any]:
    """JSON schema of the fence, as the prompt and the documentation show it."""
    items = {"anyOf": [schema_of(kind) for kind in VOCABULARY.values()]}
    written = {"type": "array", "maxItems": MOST, "items": items}
    return {"type": "object", "required": ["acts"], "properties": {"acts": written}}


def schema_of(kind: type[Act]) -> dict[str, Any]:
    types = get_type_hints(kind)
    needed = ["act", *(one.name for one in fields(kind) if one.default is MISSING)]
    properties = {one.name: JSON_TYPES[types[one.name]] for one in fields(kind)}
    return {"type": "object", "required": needed, "properties": {"act": {"const": kind.act}, **properties}}


JSON_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string", "maxLength": LONGEST},
    int: {"type": "integer", "minimum": 1, "maximum": 5},
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
}
