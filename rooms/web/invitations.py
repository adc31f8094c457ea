"""Links into a room: made, shown once, followed, withdrawn."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from ..access import room_for
from ..errors import NotFound, RoomsError
from ..models import Invitation, Membership, User
from ..services.invitations import (
    accept_invitation,
    create_invitation,
    invitation_for,
    invitations_for,
    revoke_invitation,
)
from .doors import PageRequest, complain, page
from .forms import InvitationForm
from .members import draw_members


@require_POST
@page
def create(request: PageRequest, slug: str) -> HttpResponse:
    """The answer is the page itself, not a redirect: it is the only time the link can be shown."""
    room = room_for(request.user, slug, "rooms.invite_member")
    form = InvitationForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            _, secret = create_invitation(
                room=room, by=request.user, role=said["role"], expires_in=said["days"], max_uses=said["max_uses"]
            )
            link = request.build_absolute_uri(reverse("invitation", args=[secret]))
            return draw_members(request, room, invitation_link=link)
        except RoomsError as error:
            complain(form, error)
    return draw_members(request, room, invitation_form=form, status=400)


@require_POST
@page
def revoke(request: PageRequest, slug: str, prefix: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.invite_member")
    found = invitations_for(room, request.user).filter(prefix=prefix).first()
    if found is None:
        raise NotFound
    revoke_invitation(invitation=found)
    notices.success(request, "That link opens nothing any more.")
    return redirect("room_members", room.slug)


@require_http_methods(["GET", "POST"])
def landing(request: HttpRequest, secret: str) -> HttpResponse:
    """Where a link leads: to a person's question «do you want to come in?», also before they have an account."""
    if request.method == "POST":
        return enter(request, secret)
    return greet(request, secret)


@page
def enter(request: PageRequest, secret: str) -> HttpResponse:
    return redirect(accept_invitation(user=request.user, secret=secret))


def greet(request: HttpRequest, secret: str) -> HttpResponse:
    try:
        invitation = invitation_for(secret)
    except RoomsError as error:
        return render(request, "rooms/invitation_over.html", {"error": error}, status=error.status)
    if is_inside(request, invitation):
        return redirect(invitation.room)
    context = {"invitation": invitation, "room": invitation.room, "secret": secret, "hide_side": True}
    return render(request, "rooms/invitation.html", context)


def is_inside(request: HttpRequest, invitation: Invitation) -> bool:
    user = request.user
    return isinstance(user, User) and Membership.objects.filter(room=invitation.room, user=user).exists()
