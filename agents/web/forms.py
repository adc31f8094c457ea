from __future__ import annotations

from django import forms

from ..models import Seat

TRIGGERS = [
    (Seat.Trigger.MENTION, "When mentioned"),
    (Seat.Trigger.REPLY, "When mentioned or replied to"),
    (Seat.Trigger.ALWAYS, "After every message of a person"),
    (Seat.Trigger.OFF, "Never, for now"),
]


class TriggerForm(forms.Form):
    trigger = forms.ChoiceField(choices=TRIGGERS, initial=Seat.Trigger.MENTION, label="Answers")


class SeatForm(TriggerForm):
    agent = forms.CharField(max_length=32)
