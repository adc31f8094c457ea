"""How agents behave together in a room: the form on its page of agents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from rooms.access import room_for
from rooms.errors import Invalid
from rooms.models import Room
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt

from .. import services
from ..models import Conduct, Coordination, Seat, conduct_of
from ..models.conduct import ENERGY

WAYS = [
    (Coordination.SEPARATE, "Each for itself"),
    (Coordination.SEQUENTIAL, "One after the other, the last speaks"),
    (Coordination.PARALLEL, "All at once, one speaks for them"),
    (Coordination.HIERARCHICAL, "The lead plans and hands out the work"),
    (Coordination.COLLABORATIVE, "In rounds, until they agree"),
    (Coordination.AUTO, "As fits the question"),
]
DOLLAR = 1_000_000


def bounded(name: str, label: str) -> forms.IntegerField:
    low, high = ENERGY[name]
    return forms.IntegerField(label=label, min_value=int(low), max_value=int(high))


class ConductForm(forms.Form):
    coordination = forms.ChoiceField(choices=WAYS, label="When several are asked, they answer")
    lead = forms.ChoiceField(required=False, label="The lead, who speaks for them")
    rounds = forms.IntegerField(min_value=1, max_value=6, label="Rounds, at most")
    approves_plans = forms.BooleanField(required=False, label="Plans wait until somebody approves them")
    reviews = forms.BooleanField(required=False, label="The lead judges what the others contribute")
    whole_review = forms.BooleanField(required=False, label="Answers are shown when they are whole")
    max_depth = bounded("max_depth", "How far agents may answer agents")
    max_turns = bounded("max_turns", "Turns for one question, at most")
    max_dollars = forms.DecimalField(min_value=0, max_value=100, decimal_places=6, label="Dollars for one question")
    max_seconds = bounded("max_seconds", "Seconds for one question")

    def __init__(self, room: Room, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seats = Seat.objects.filter(room=room).select_related("agent__user")
        lead = self.fields["lead"]
        assert isinstance(lead, forms.ChoiceField)  # noqa: S101
        lead.choices = [("", "Whoever was asked first"), *((s.agent.user.username, s.agent.user.name) for s in seats)]


def form_for(room: Room) -> ConductForm:
    return ConductForm(room, initial=facts_of(conduct_of(room)))


def facts_of(conduct: Conduct) -> dict[str, Any]:
    names = (
        "coordination",
        "rounds",
        "approves_plans",
        "reviews",
        "whole_review",
        "max_depth",
        "max_turns",
        "max_seconds",
    )
    facts = {name: getattr(conduct, name) for name in names}
    lead = conduct.lead.user.username if conduct.lead else ""
    return {**facts, "lead": lead, "max_dollars": f"{conduct.max_cost_micros / DOLLAR:.2f}"}


@require_POST
@page
def change(request: PageRequest, slug: str) -> HttpResponse:
    """What the form does not say stays as it is."""
    room = room_for(request.user, slug, "rooms.manage_seats")
    form = ConductForm(room, {**facts_of(conduct_of(room)), **unchecked(request), **request.POST.dict()})
    if form.is_valid():
        facts = dict(form.cleaned_data)
        facts["max_cost_micros"] = int(facts.pop("max_dollars") * DOLLAR)
        attempt(request, lambda: services.change_conduct(room=room, by=request.user, **facts))
    else:
        attempt(request, lambda: complain(form))
    return redirect("room_seats", slug)


def unchecked(request: PageRequest) -> dict[str, str]:
    """A box that is not ticked is not sent."""
    return dict.fromkeys(("approves_plans", "reviews", "whole_review"), "") if "form" in request.POST else {}


def complain(form: ConductForm) -> None:
    wrong = [f"{form.fields[name].label}: {' '.join(map(str, said))}" for name, said in form.errors.items()]
    raise Invalid(" ".join(wrong))
