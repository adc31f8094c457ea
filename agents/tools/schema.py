"""From a function's annotations to the JSON schema a model is told, and from what a model wrote back to arguments.

Known are `str`, `int`, `float`, `bool`, `Literal` of texts, `list` of these and `… | None`; `Annotated` adds a sentence
for the model and bounds. Whatever a model writes, reading it raises nothing but `BadArguments`, whose sentences are
told to the model.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from ..speaking.voice import showable

LONGEST_ARGUMENTS = 16_000
LONGEST_TEXT = 1_000
LONGEST_LIST = 50
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number, both allowed."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Longest:
    """The most characters of a text. Without it a text has at most 1,000."""

    characters: int


class BadArguments(Exception):
    """What is wrong with the arguments of a call, in sentences."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    schema: dict[str, Any]
    required: bool
    nullable: bool

    def read(self, value: Any) -> Any:
        """The value as the function takes it. Raises BadArguments."""
        if value is None and self.nullable:
            return None
        problem = problem_with(value, self.schema)
        if problem:
            raise BadArguments(f"«{self.name}» {problem}.")
        return cleaned(value, self.schema)


@dataclass(frozen=True, slots=True)
class Parameters:
    """All that a tool takes, beside its context."""

    known: tuple[Parameter, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in self.known},
            "required": [parameter.name for parameter in self.known if parameter.required],
            "additionalProperties": False,
        }

    def read(self, text: str) -> dict[str, Any]:
        """The arguments of a call. Raises BadArguments with all that is wrong with them."""
        given = object_in(text)
        problems = [f"There is no argument «{showable(name)[:40]}»." for name in given.keys() - self.names]
        values: dict[str, Any] = {}
        for parameter in self.known:
            if parameter.name not in given:
                problems += [f"«{parameter.name}» is missing."] if parameter.required else []
                continue
            try:
                values[parameter.name] = parameter.read(given[parameter.name])
            except BadArguments as bad:
                problems += bad.problems
        if problems:
            raise BadArguments(*sorted(problems)[:10])
        return values

    @property
    def names(self) -> set[str]:
        return {parameter.name for parameter in self.known}


def object_in(text: str) -> Mapping[str, Any]:
    """No text at all is no arguments: some models say nothing where nothing is to be said."""
    if len(text) > LONGEST_ARGUMENTS:
        raise BadArguments("The arguments are too long.")
    try:
        given = json.loads(text, parse_constant=not_a_number) if text.strip() else {}
    except (ValueError, RecursionError):
        raise BadArguments("The arguments are no JSON object.") from None
    if not isinstance(given, dict):
        raise BadArguments("The arguments are no JSON object.")
    return given


def not_a_number(name: str) -> Any:
    raise ValueError(name)


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Read a function's signature, leaving out its first parameter, the context. Raises TypeError for what it cannot
    be told to a model."""
    hints = get_type_hints(function, include_extras=True)
    found = list(inspect.signature(function).parameters.values())
    if not found:
        raise TypeError(f"{function.__name__} has to take a ToolContext first.")
    return Parameters(tuple(parameter_of(one, hints.get(one.name)) for one in found[1:]))


def parameter_of(found: inspect.Parameter, hint: Any) -> Parameter:
    if hint is None or found.kind not in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY):
        raise TypeError(f"«{found.name}» needs a plain parameter with an annotation.")
    hint, extras = without_extras(hint)
    plain, nullable = without_none(hint)
    plain, inner = without_extras(plain)
    schema = schema_of(plain, found.name)
    for extra in (*extras, *inner):
        add(extra, schema)
    return Parameter(found.name, schema, required=found.default is found.empty, nullable=nullable)


def without_extras(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, UnionType) or NoneType not in get_args(hint):
        return hint, False
    rest = [one for one in get_args(hint) if one is not NoneType]
    return (rest[0] if len(rest) == 1 else hint), True


def schema_of(hint: Any, name: str) -> dict[str, Any]:
    if hint in NAMES:
        return {"type": NAMES[hint]} | ({"maxLength": LONGEST_TEXT} if hint is str else {})
    if get_origin(hint) is Literal and all(isinstance(word, str) for word in get_args(hint)):
        return {"type": "string", "enum": list(get_args(hint))}
    if get_origin(hint) is list and len(get_args(hint)) == 1:
        return {"type": "array", "items": schema_of(get_args(hint)[0], name), "maxItems": LONGEST_LIST}
    raise TypeError(f"«{name}» is annotated with {hint}, which no model can be told of.")


def add(extra: Any, schema: dict[str, Any]) -> None:
    match extra:
        case str():
            schema["description"] = extra
        case Between(low=low, high=high):
            schema |= {"minimum": low, "maximum": high}
        case Longest(characters=characters):
            schema["maxLength"] = characters


def problem_with(value: Any, schema: dict[str, Any]) -> str:
    """What is wrong with a value, as the end of a sentence; nothing when it is right."""
    kind = schema["type"]
    if not is_a(value, kind):
        return f"has to be of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"has to be one of {', '.join(schema['enum'])}"
    if "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        return f"has to lie between {schema['minimum']} and {schema['maximum']}"
    if len(value) > schema.get("maxLength", LONGEST_ARGUMENTS) if kind == "string" else False:
        return f"may have at most {schema['maxLength']} characters"
    if kind == "array":
        return problem_with_list(value, schema)
    return ""


def problem_with_list(values: list[Any], schema: dict[str, Any]) -> str:
    if len(values) > schema["maxItems"]:
        return f"may have at most {schema['maxItems']} entries"
    return next(
        (f"has an entry that {problem}" for one in values if (problem := problem_with(one, schema["items"]))), ""
    )


def is_a(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
    return False


def cleaned(value: Any, schema: dict[str, Any]) -> Any:
    """Texts without what no database and no message can hold; whole numbers as floats where a float is wanted."""
    match schema["type"]:
        case "string":
            return showable(value)
        case "array":
            return [cleaned(one, schema["items"]) for one in value]
        case "number":
            return as_float(value)
    return value


def as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise BadArguments("A number is too large.") from None
