"""What every page does before and after its one call: who asks, and what to say when the answer is no."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from ..errors import NotAuthenticated, RoomsError
from ..models import User
from .clock import zone_of


class PageRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponse]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For signed-in people only, in their time zone; a refusal becomes a page that says why."""

    @wraps(view)
    def door(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        try:
            with timezone.override(zone_of(request)):
                return view(cast(PageRequest, request), *args, **kwargs)
        except NotAuthenticated:
            return redirect_to_login(request.get_full_path())
        except RoomsError as error:
            return refused(request, error)

    return door


def refused(request: HttpRequest, error: RoomsError) -> HttpResponse:
    template = "404.html" if error.status == 404 else "refused.html"
    return with_patience(render(request, template, {"error": error}, status=error.status), error)


def with_patience(response: HttpResponse, error: RoomsError) -> HttpResponse:
    """Says when to come back, where that is known."""
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def complain(form: Form, error: RoomsError) -> None:
    """Put a service's refusal where the person is looking: at the field it names, or above the form."""
    if not error.fields:
        form.add_error(None, error.detail)
    for name, sentences in (error.fields or {}).items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
