"""The form of an agent: reads and gives back what was typed; whether it is right, the services say."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from rooms.models import Room, User
from rooms.web.forms import explained

from ..models import Agent
from ..models.agent import BOUNDS
from ..registry.facts import LIMITS, ROUTED, VERSIONED, routes, snapshot_of
from ..tools import available_tools

VISIBILITIES = [
    (Agent.Visibility.PRIVATE, "Private", "Only you know that it is there."),
    (Agent.Visibility.SHARED, "Shared", "You, and those you name below."),
    (Agent.Visibility.PUBLIC, "Public", "Everybody with an account."),
]
HUES = [("", "By its name"), *((str(hue), name) for hue, name in (
    (0, "Rose"), (30, "Brick"), (60, "Amber"), (90, "Olive"), (120, "Moss"), (150, "Leaf"),
    (180, "Sea"), (210, "Lagoon"), (240, "Sky"), (270, "Iris"), (300, "Plum"), (330, "Berry"),
))]  # fmt: skip
LABELS = {
    "max_prompt_tokens": "Longest prompt, in tokens",
    "max_reply_tokens": "Longest answer, in tokens",
    "context_messages": "Messages it reads",
    "connect_seconds": "Seconds to connect",
    "first_token_seconds": "Seconds to the first word",
    "idle_seconds": "Seconds between words",
    "total_seconds": "Seconds in all",
}


class WordsField(forms.CharField):
    """A list, typed with commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [word for part in (super().to_python(value) or "").split(",") if (word := part.strip())]


class ParametersField(forms.JSONField):
    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2) if value else ""

    def clean(self, value: Any) -> Any:
        return super().clean(value) or {}


def area(rows: int, longest: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "maxlength": longest, **attrs})


class AgentForm(forms.Form):
    username = forms.CharField(
        max_length=32, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    display_name = forms.CharField(max_length=64, required=False, label="Name", help_text="Stands above its messages.")
    avatar = forms.CharField(max_length=16, required=False, label="Face", help_text="An emoji, or one or two letters.")
    hue = forms.ChoiceField(choices=HUES, required=False, widget=forms.RadioSelect, label="Colour")
    persona = forms.CharField(
        max_length=280,
        required=False,
        widget=area(2, 280),
        label="Who it is",
        help_text="In a sentence. Everybody may read it.",
    )
    system_prompt = forms.CharField(
        max_length=8_000,
        required=False,
        widget=area(9, 8_000),
        label="What it is told",
        help_text="How it is to go about its work. Only you and the staff read this.",
    )
    greeting = forms.CharField(
        max_length=500, required=False, widget=area(2, 500), help_text="What it says when it first comes into a room."
    )
    capabilities = WordsField(
        max_length=440, required=False, label="Good for", help_text="A few short words, with commas between."
    )
    tools = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="What it may use")
    route = forms.ChoiceField(required=False, label="Way to a model")
    route_tags = WordsField(max_length=440, required=False, label="Only deployments with these tags")
    model = forms.CharField(max_length=128, required=False, help_text="Empty for the model of the house.")
    visibility = forms.ChoiceField(choices=explained(VISIBILITIES), widget=forms.RadioSelect, label="Who may use it")
    shared_with = WordsField(
        max_length=3_300, required=False, label="Shared with", help_text="Usernames, with commas between."
    )
    shared_rooms = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Shared with rooms"
    )
    parameters = ParametersField(
        required=False, widget=area(3, 2_000, spellcheck="false"), help_text='JSON, such as {"temperature": 0.4}.'
    )
    policies = WordsField(max_length=800, required=False, help_text="Names, with commas between.")
    enabled = forms.BooleanField(
        required=False, initial=True, label="Switched on", help_text="Switched off, it answers nobody."
    )
    note = forms.CharField(max_length=280, required=False, label="What the change is for")

    def __init__(self, data: Any = None, *, user: User, agent: Agent | None) -> None:
        super().__init__(data, initial=beginning(agent))
        for name in LIMITS:
            self.fields[name] = number(name)
        self.fields["tools"].choices = explained(tool_choices())  # type: ignore[attr-defined]
        self.fields["shared_rooms"].choices = places(user, agent)  # type: ignore[attr-defined]
        self.leave_out(user, agent)

    def leave_out(self, user: User, agent: Agent | None) -> None:
        """What is not theirs to say, or has no meaning yet."""
        for name in ("route", "route_tags"):
            if name not in ROUTED:
                del self.fields[name]
        if "route" in self.fields:
            names = [(route.name, route.name) for route in routes()]
            self.fields["route"].choices = [("", "The way of the house"), *names]  # type: ignore[attr-defined]
        if not user.has_perm("agents.add_agent"):
            del self.fields["model"]
        for name in ("username",) if agent else ("note", "enabled"):
            del self.fields[name]

    def clean_hue(self) -> int | None:
        return int(self.cleaned_data["hue"]) if self.cleaned_data["hue"] else None

    @property
    def facts(self) -> dict[str, Any]:
        """What it says of what the agent is."""
        return {name: value for name, value in self.cleaned_data.items() if name in VERSIONED}

    @property
    def of_the_owner(self) -> dict[str, Any]:
        """The rest of what makes or changes it."""
        return {
            name: self.cleaned_data[name]
            for name in ("username", "visibility", "enabled", "note")
            if name in self.fields
        }

    @property
    def limits(self) -> list[forms.BoundField]:
        return [self[name] for name in LIMITS]

    @property
    def is_tuned_wrong(self) -> bool:
        """Something is wrong in what is folded away."""
        return any(name in self.errors for name in ("parameters", "policies", *LIMITS))

    @property
    def routed(self) -> list[forms.BoundField]:
        return [self[name] for name in (*ROUTED, "model") if name in self.fields]


def beginning(agent: Agent | None) -> dict[str, Any]:
    """What stands in the form at first: the agent as it is, or what every agent begins with."""
    if agent is None:
        return {**snapshot_of(Agent(user=User())), "visibility": Agent.Visibility.PRIVATE}
    return {
        **snapshot_of(agent),
        "visibility": agent.visibility,
        "enabled": agent.enabled,
        "shared_with": sorted(user.username for user in agent.shared_with.all()),
        "shared_rooms": sorted(room.slug for room in agent.shared_rooms.all()),
    }


def number(name: str) -> forms.Field:
    low, high = BOUNDS[name]
    label, help_text = LABELS[name], f"{low:g} to {high:g}"
    if name.endswith("_seconds"):
        return forms.FloatField(min_value=low, max_value=high, label=label, help_text=help_text)
    return forms.IntegerField(min_value=int(low), max_value=int(high), label=label, help_text=help_text)


def tool_choices() -> list[tuple[str, str, str]]:
    return [(tool.name, tool.name, tool.off() or tool.description) for tool in available_tools().values()]


def places(user: User, agent: Agent | None) -> list[tuple[str, str]]:
    """The rooms they are in, and those it is shared with already."""
    found = Room.objects.live().filter(memberships__user=user, kind=Room.Kind.ROOM)
    if agent is not None:
        found = found | Room.objects.live().filter(shared_agents=agent)
    return [(room.slug, room.name) for room in found.distinct().order_by("name")[:60]]
