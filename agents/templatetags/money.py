from __future__ import annotations

from django import template

from ..money.words import dollars

register = template.Library()


@register.filter(name="dollars")
def as_dollars(micros: int) -> str:
    """Millionths of a dollar as people read them."""
    return dollars(micros)


@register.filter
def thousands(number: int) -> str:
    return f"{number:,}"


@register.filter
def share(part: int, whole: int) -> int:
    """Per cent."""
    return round(100 * part / whole) if whole else 0
