from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from .. import guessing
from ..errors import RateLimited


class Adapter(DefaultAccountAdapter):
    """Signing in counts guesses exactly, together with those at the API: allauth's own count is read, then written."""

    counted: list[str] = []

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        name = credentials.get("username") or credentials.get("email") or ""
        try:
            self.counted = guessing.count_attempt(request, name)
        except RateLimited:
            raise self.validation_error("too_many_login_attempts") from None

    def _rollback_login_failed_rl_usage(self) -> None:
        guessing.give_back(self.counted)
