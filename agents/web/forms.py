from __future__ import annotations

from typing import Any

from django import forms

from ..models import Seat

TRIGGERS = [
    (Seat.Trigger.MENTION, "When mentioned"),
    (Seat.Trigger.REPLY, "When mentioned or replied to"),
    (Seat.Trigger.KEYWORD, "When a keyword is said"),
    (Seat.Trigger.ALWAYS, "After every message of a person"),
    (Seat.Trigger.USEFUL, "When it has something useful to add"),
    (Seat.Trigger.SCHEDULE, "By a schedule"),
    (Seat.Trigger.OFF, "Never, for now"),
]


class Words(forms.CharField):
    """Keywords, between commas or on lines of their own."""

    def to_python(self, value: object) -> list[str]:  # type: ignore[override]
        text = super().to_python(value) or ""
        return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


class TriggerForm(forms.Form):
    """What the request does not name stays as it is: the short form names the trigger alone."""

    trigger = forms.ChoiceField(choices=TRIGGERS, initial=Seat.Trigger.MENTION, label="Answers")
    keywords = Words(required=False)
    schedule = forms.CharField(max_length=64, required=False)
    instruction = forms.CharField(max_length=2_000, required=False)

    @property
    def said(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}


class SeatForm(TriggerForm):
    agent = forms.CharField(max_length=32)
