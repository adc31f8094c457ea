"""What stands beneath answers and questions: thumbs, other answers, the same question in other words."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from rooms.access import as_uuid, message_for, require, rights_in, room_for
from rooms.errors import Invalid, RoomsError
from rooms.models import Message
from rooms.web.doors import PageRequest, complain, page

from .. import services
from ..access import ASK, agent_seated
from ..inside.beside import answering_run, answers_beside, feet_of
from ..inside.feedback import opinions_of
from ..models import FeedbackReason, Thumb

MOST = 200
JUDGE = "rooms.add_reaction"
POST = "rooms.post_message"


class FeedbackForm(forms.Form):
    thumb = forms.ChoiceField(choices=Thumb.choices, widget=forms.RadioSelect, label="This answer is")
    reasons = forms.MultipleChoiceField(
        choices=FeedbackReason.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Because"
    )
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea, label="In your words")


class BranchForm(forms.Form):
    body = forms.CharField(widget=forms.Textarea, strip=False, label="Your question in other words")


@require_GET
@page
def feet(request: PageRequest, slug: str) -> HttpResponse:
    """Pieces for the messages that are asked about, as this person sees them."""
    room = room_for(request.user, slug)
    ids = [as_uuid(id) for id in request.GET.get("m", "").split(",") if id]
    if len(ids) > MOST:
        raise Invalid(fields={"m": [f"At most {MOST} messages."]})
    rights = rights_in(request.user, room)
    context = {
        "room": room,
        "feet": feet_of(room, request.user, ids),
        "reasons": FeedbackReason.choices,
        "may_judge": rights.allow("add_reaction"),
        "may_ask": rights.allow("ask_agent"),
    }
    return render(request, "agents/_feet.html", context)


@require_http_methods(["GET", "POST"])
@page
def alternatives(request: PageRequest, message_id: UUID) -> HttpResponse:
    """All answers to the same question, side by side; posting asks for one more."""
    message = message_for(request.user, message_id)
    run = answering_run(message)
    if request.method == "POST":
        require(request.user, run.room, ASK)
        try:
            named = request.POST.get("agent", "")
            services.regenerate(run=run, by=request.user, agent=agent_seated(named, run.room) if named else None)
        except RoomsError as error:
            notices.error(request, error.detail)
        return redirect("message_alternatives", message.pk)
    context = {
        "room": run.room,
        "run": run,
        "message": message,
        "beside": answers_beside(run, request.user),
        "may_ask": request.user.has_perm(ASK, run.room),
    }
    return render(
        request, "agents/_alternatives.html" if "piece" in request.GET else "agents/alternatives.html", context
    )


@require_http_methods(["GET", "POST"])
@page
def feedback(request: PageRequest, message_id: UUID) -> HttpResponse:
    message = message_for(request.user, message_id, JUDGE)
    run = answering_run(message)
    mine = opinions_of(message, request.user).mine
    first = {"thumb": mine.thumb, "reasons": mine.reasons, "note": mine.note} if mine else {}
    form = FeedbackForm(request.POST or None, initial=first)
    if request.method == "POST":
        if "take_back" in request.POST:
            services.take_back_feedback(message=message, by=request.user)
            return redirect("message", run.room.slug, message.pk)
        if form.is_valid() and gave(request, message, form):
            return redirect("message", run.room.slug, message.pk)
    context = {"form": form, "message": message, "room": run.room, "agent": run.agent.user, "mine": mine}
    return render(request, "agents/feedback.html", context, status=400 if form.errors else 200)


def gave(request: PageRequest, message: Message, form: FeedbackForm) -> bool:
    try:
        services.give_feedback(message=message, by=request.user, **form.cleaned_data)
    except RoomsError as error:
        complain(form, error)
        return False
    return True


@require_http_methods(["GET", "POST"])
@page
def branch(request: PageRequest, message_id: UUID) -> HttpResponse:
    """The form for one's question in other words. Without scripts; with them it comes as a piece."""
    message = message_for(request.user, message_id, POST)
    form = BranchForm(request.POST or None, initial={"body": message.body})
    if request.method == "POST" and form.is_valid():
        try:
            posted = services.branch(message=message, by=request.user, body=form.cleaned_data["body"])
            return redirect("message", message.room.slug, posted.message["id"])
        except RoomsError as error:
            complain(form, error)
    context = {"form": form, "message": message, "room": message.room, "is_mine": message.author_id == request.user.pk}
    template = "agents/_branch.html" if "piece" in request.GET else "agents/branch.html"
    return render(request, template, context, status=400 if form.errors else 200)
