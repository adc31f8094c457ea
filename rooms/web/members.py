"""Who is in a room, and how they come and go."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ..access import require, rights_in, room_for
from ..errors import NotFound, RoomsError
from ..models import Membership, Room, User
from ..roles import Role, outranks
from ..services.invitations import invitations_for
from ..services.memberships import add_member, change_role, join_room, leave_room, remove_member
from .doors import PageRequest, complain, page
from .forms import InvitationForm, MemberForm, RoleForm
from .panels import notes_of, panels_for

GIVEN = {"guest": "Guest", "member": "Member", "moderator": "Moderator", "owner": "Owner"}


@require_http_methods(["GET", "POST"])
@page
def index(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.see_members")
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        require(request.user, room, "rooms.add_member")
        try:
            user = somebody(form.cleaned_data["username"])
            add_member(room=room, user=user, role=form.cleaned_data["role"], by=request.user)
            notices.success(request, f"{user.name} is a member now.")
            return redirect("room_members", room.slug)
        except RoomsError as error:
            complain(form, error)
    return draw_members(request, room, member_form=form, status=400 if form.errors else 200)


def draw_members(request: PageRequest, room: Room, status: int = 200, **context: Any) -> HttpResponse:
    rights = rights_in(request.user, room)
    panels = panels_for(room, request.user)
    context = {
        "room": room,
        "rows": list(rows_of(room, request.user, rights.role, notes_of(panels))),
        "invitations": invitations_for(room, request.user) if rights.allow("invite_member") else [],
        "member_form": MemberForm(),
        "invitation_form": InvitationForm(),
        "may_add": rights.allow("add_member"),
        "may_invite": rights.allow("invite_member"),
        "may_change_role": rights.allow("change_role"),
        "may_remove": rights.allow("remove_member"),
        "panels": panels,
        **context,
    }
    return render(request, "rooms/members.html", context, status=status)


def rows_of(room: Room, viewer: User, role: str | None, notes: dict[str, str]) -> list[dict[str, Any]]:
    """Members, owners first, each with what this viewer's rank lets them do to them."""
    found = Membership.objects.filter(room=room).select_related("user")
    order = list(Role)
    return [
        {
            "user": member.user,
            "role": member.role,
            "role_name": GIVEN[member.role],
            "joined_at": member.joined_at,
            "note": notes.get(member.user.username, ""),
            "below": viewer.is_superuser or outranks(role, member.role),
            "roles": roles_open_to(member.user),
        }
        for member in sorted(found, key=lambda m: (order.index(Role(m.role)), m.user.username))
    ]


def roles_open_to(user: User) -> list[tuple[str, str]]:
    names = ["guest"] if user.kind == User.Kind.GUEST else ["guest", "member"] if user.is_machine else list(GIVEN)
    return [(name, GIVEN[name]) for name in names]


def somebody(username: str) -> User:
    """Agents are not added like people, as in the API."""
    found = User.objects.exclude(kind=User.Kind.AGENT).filter(username=username).first()
    if found is None:
        raise NotFound(fields={"username": ["There is nobody of this name."]})
    return found


def member_of(room: Room, username: str) -> User:
    found = User.objects.filter(username=username, memberships__room=room).first()
    if found is None:
        raise NotFound
    return found


@require_POST
@page
def role(request: PageRequest, slug: str, username: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.change_role")
    form = RoleForm(request.POST)
    user = member_of(room, username)
    if form.is_valid():
        attempt(request, lambda: change_role(room=room, user=user, role=form.cleaned_data["role"], by=request.user))
    return redirect("room_members", room.slug)


@require_POST
@page
def remove(request: PageRequest, slug: str, username: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.remove_member")
    user = member_of(room, username)
    attempt(request, lambda: remove_member(room=room, user=user, by=request.user))
    return redirect("room_members", room.slug)


@require_POST
@page
def join(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.join_room")
    join_room(room=room, user=request.user)
    return redirect(room)


@require_POST
@page
def leave(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    if not attempt(request, lambda: leave_room(room=room, user=request.user)):
        return redirect("room_settings", room.slug)
    notices.success(request, f"You have left {room.name}.")
    return redirect("directory")


def attempt(request: PageRequest, act: Any) -> bool:
    """Do it, or say above the page why not."""
    try:
        act()
    except RoomsError as error:
        sentences = [sentence for found in (error.fields or {}).values() for sentence in found]
        notices.error(request, " ".join(sentences) or error.detail)
        return False
    return True
