"""What templates need besides HTML: icons, faces, fields and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from django import template
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.templatetags.static import static
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..models import User

register = template.Library()

TINTS = 7  # as in static/css/parts.css
HUES = (
    30  # degrees from one colour of static/css/faces.css to the next: the policy for browsers allows no styles inline
)

SHOWN_WIDTH, SHOWN_HEIGHT = 320, 320


@register.simple_tag
def icon(name: str) -> SafeString:
    """One drawing of `static/img/icons.svg`, in the colour of the text around it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("img/icons.svg"), name)


@register.simple_tag
def face(person: User | Mapping[str, Any], size: str = "") -> SafeString:
    """The round of a person or the square of an agent, with their sign or the first letter of their name."""
    username, name, kind, avatar, hue = person_facts(person)
    classes = f"face tint-{crc32(username.encode()) % TINTS}" + (f" face--{size}" if size else "")
    if kind in ("agent", "system"):
        classes += f" face--{kind}"
    if hue is not None:
        classes += f" hue-{round(hue / HUES) % (360 // HUES) * HUES}"
    if avatar and not avatar.isalnum():
        classes += " face--emoji"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, avatar or initials(name))


def person_facts(person: User | Mapping[str, Any]) -> tuple[str, str, str, str, int | None]:
    if isinstance(person, User):
        return person.username, person.name, person.kind, person.avatar, person.hue
    return person["username"], person["display_name"], person["kind"], person.get("avatar", ""), person.get("hue")


def initials(name: str) -> str:
    """Two letters for two names, one for one."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)) or name[:1]


@register.filter
def measures(attachment: Mapping[str, Any]) -> SafeString:
    """How large a picture of a message is shown, so that its place is there before it is."""
    width, height = attachment["width"], attachment["height"]
    scale = min(1, SHOWN_WIDTH / width, SHOWN_HEIGHT / height)
    return format_html('width="{}" height="{}"', max(1, round(width * scale)), max(1, round(height * scale)))


@register.filter
def moment(value: str | datetime) -> datetime | None:
    """A time of the public contract as a datetime."""
    return parse_datetime(value) if isinstance(value, str) else value


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """A label, its field, what went wrong with it and what helps."""
    widget = bound.field.widget
    widget.attrs.pop("placeholder", None)  # allauth repeats the label there
    return {
        "field": bound,
        "label": str(bound.label).removesuffix(" (optional)"),  # which the template says of every such field
        "hint": hint or bound.help_text,
        "is_checkbox": isinstance(widget, CheckboxInput),
        "is_choice": isinstance(widget, RadioSelect | CheckboxSelectMultiple),
    }
