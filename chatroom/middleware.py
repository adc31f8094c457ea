"""Django's middleware without its thread hops, and five short ones of our own.

Under ASGI Django moves each `process_…` of its own middleware to a thread and back, a dozen hops a request. None of
them waits for anything, save the session when it has to be written, so here they run inside the event loop.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import sync_to_async
from auditlog.context import set_extra_data
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin

from rooms.api.errors import NOT_KEPT, bad_request

from . import logs

log = logging.getLogger(__name__)

Response = HttpResponseBase
GetResponse = Callable[[HttpRequest], Any]


class InLoop(MiddlewareMixin):
    """The same middleware with its hooks called where they are. Put it before a class of Django's."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        if self.async_mode and hasattr(self, "process_view"):
            self.__dict__["process_view"] = in_loop(self.process_view)

    async def __acall__(self, request: HttpRequest) -> Response:
        early = self.process_request(request) if hasattr(self, "process_request") else None
        response = early or await self.inner(request)
        return await self.finish(request, response)

    async def inner(self, request: HttpRequest) -> Any:
        return await cast(Awaitable[Response], self.get_response(request))

    async def finish(self, request: HttpRequest, response: Any) -> Response:
        return self.process_response(request, response) if hasattr(self, "process_response") else response


def in_loop(hook: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return hook(*args, **kwargs)

    return call


class Security(InLoop, SecurityMiddleware):
    pass


class Common(InLoop, CommonMiddleware):
    pass


class Csrf(InLoop, CsrfViewMiddleware):
    pass


class Authentication(InLoop, AuthenticationMiddleware):
    pass


class Session(InLoop, SessionMiddleware):
    async def finish(self, request: HttpRequest, response: Any) -> Response:
        if request.session.modified:  # only then is there something to write
            return await sync_to_async(self.process_response, thread_sensitive=True)(request, response)
        return self.process_response(request, response)


class Messages(InLoop, MessageMiddleware):
    pass


class Frames(InLoop, XFrameOptionsMiddleware):
    """For browsers that do not know `frame-ancestors`."""


class RequestId(InLoop):
    """A name for each request, in the answer and in every log line it caused. A proxy's name is kept."""

    GOOD = re.compile(r"[A-Za-z0-9_.-]{8,64}")

    def process_request(self, request: HttpRequest) -> None:
        given = request.headers.get("X-Request-ID", "")
        logs.request_id.set(given if self.GOOD.fullmatch(given) else secrets.token_hex(8))

    def process_response(self, request: HttpRequest, response: Response) -> Response:
        response.headers["X-Request-ID"] = logs.request_id.get()
        return response


class BrowserPolicy(InLoop):
    """Pages may run our own files and scripts that carry this answer's nonce, `{{ request.csp_nonce }}`."""

    def process_request(self, request: HttpRequest) -> None:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: Response) -> Response:
        # A file that somebody has uploaded brings a stricter one.
        response.headers.setdefault("Content-Security-Policy", policy(request.csp_nonce))  # type: ignore[attr-defined]
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        return response


def policy(nonce: str) -> str:
    # An IPv6 address cannot be written in a policy; there 'self' has to do, which browsers extend to sockets by now.
    named = [origin for origin in settings.ALLOWED_ORIGINS if "[" not in origin]
    sockets = " ".join(origin.replace("http", "ws", 1) for origin in named)
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self' {sockets}; manifest-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


class NoStore(InLoop):
    """What Django draws is for one reader. Files that may be kept are served before Django is asked."""

    def process_response(self, request: HttpRequest, response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store, private"
        return response


class AdminDiffs(InLoop):
    """Tells auditlog who changed a field in the admin. Its own middleware is sync and loads every reader's row."""

    def __call__(self, request: HttpRequest) -> Any:
        if self.async_mode or not in_admin(request):
            return super().__call__(request)
        with set_extra_data({"actor": request.user}):
            return self.get_response(request)

    async def __acall__(self, request: HttpRequest) -> Response:
        if not in_admin(request):
            return await self.inner(request)
        with set_extra_data({"actor": await request.auser()}):
            return await self.inner(request)


class Mistakes(InLoop):
    """What can be neither stored nor looked up is a mistake of whoever asks, on pages and at the console too: 400. In
    the log it stands all the same, should it have been ours. REST says so by itself."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> Response | None:
        if not isinstance(exception, mistakes_of(request)):
            return None
        log.warning("%s was asked what cannot be", request.path_info, exc_info=exception)
        return bad_request(request, exception)


def mistakes_of(request: HttpRequest) -> tuple[type[Exception], ...]:
    """The console hands filters, chosen rows and what stands in a field to the database as they came: a date of no
    calendar, an id that is none."""
    return (*NOT_KEPT, ValueError, ValidationError) if in_admin(request) else NOT_KEPT


def in_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")
