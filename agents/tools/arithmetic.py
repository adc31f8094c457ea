"""A calculator over Python's syntax tree: nothing is evaluated that is not in the tables here."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from .context import ToolError

Number = int | float

LARGEST_BITS = 4_096
"""Of a whole number on the way: about 1,200 digits, and no multiplication that anybody would notice."""


def rounded(value: Number, digits: int = 0) -> Number:
    """Python's own would work out ten to the power of any number of digits."""
    if abs(digits) > 100:
        raise ValueError(digits)
    return round(value, digits) if digits else round(value)


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in ("sqrt", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: getattr(math, name) for name in ("log", "log2", "log10", "floor", "ceil", "hypot", "degrees", "radians")},
    "abs": abs,
    "round": rounded,
    "min": min,
    "max": max,
}
CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}


def calculate(expression: str) -> str:
    """The value as text. Raises ToolError for whatever cannot be worked out, in no time and no memory."""
    try:
        return str(value_of(ast.parse(expression.strip(), mode="eval").body))
    except ZeroDivisionError:
        raise ToolError("That divides by zero.") from None
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        raise ToolError("That cannot be worked out.") from None


def value_of(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return bounded(value)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return combined(op, value_of(left), value_of(right))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            return bounded(UNARY[type(op)](value_of(operand)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return bounded(FUNCTIONS[name](*map(value_of, args)))
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
    raise ToolError("Only numbers, + - * / // % ** and the functions named can be worked out.")


def combined(op: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(op, ast.Pow) and is_endless(left, right):
        raise ToolError("That number is too large.")
    return bounded(BINARY[type(op)](left, right))


def is_endless(left: Number, right: Number) -> bool:
    return isinstance(left, int) and isinstance(right, int) and abs(right) * left.bit_length() > LARGEST_BITS


def bounded(value: Any) -> Number:
    """Roots of negative numbers are complex and not for here."""
    if isinstance(value, int) and value.bit_length() <= LARGEST_BITS:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ToolError("That number is too large." if isinstance(value, int | float) else "That is no real number.")
