"""What a person says of themselves, and the keys they give to programs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notices
from django.contrib.auth import logout
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ..errors import NotFound, RoomsError
from ..models import ApiToken, User
from ..services.tokens import create_token, revoke_token, sign_out_everywhere
from .doors import PageRequest, complain, page
from .forms import ProfileForm, TokenForm


@require_http_methods(["GET", "POST"])
@page
def show(request: PageRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        notices.success(request, "Saved.")
        return redirect("profile")
    return draw_profile(request, profile_form=form, status=400 if form.errors else 200)


def draw_profile(request: PageRequest, status: int = 200, **context: Any) -> HttpResponse:
    keys = ApiToken.objects.filter(user=request.user, revoked_at=None)
    context = {
        "profile_form": ProfileForm(instance=request.user),
        "token_form": TokenForm(),
        "keys": keys.filter(Q(expires_at=None) | Q(expires_at__gt=Now())).prefetch_related("rooms"),
        **context,
    }
    return render(request, "rooms/profile.html", context, status=status)


@require_POST
@page
def create_key(request: PageRequest) -> HttpResponse:
    """The answer is the page itself, not a redirect: it is the only time the token can be shown."""
    form = TokenForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            token, secret = create_token(
                user=request.user, name=said["name"], scopes=said["scopes"], expires_in=said["days"]
            )
            return draw_profile(request, new_token=token, secret=secret)
        except RoomsError as error:
            complain(form, error)
    return draw_profile(request, token_form=form, status=400)


@require_POST
@page
def revoke_key(request: PageRequest, prefix: str) -> HttpResponse:
    found = ApiToken.objects.filter(user=request.user, prefix=prefix, revoked_at=None).first()
    if found is None:
        raise NotFound
    revoke_token(token=found)
    notices.success(request, f"«{found.name}» opens nothing any more.")
    return redirect("profile")


@require_POST
@page
def sign_out(request: PageRequest) -> HttpResponse:
    """On every device, this one too."""
    user = request.user
    logout(request)
    sign_out_everywhere(user, "signed_out_everywhere")
    return redirect("account_login")
