"""What can go wrong, in the words of the public contract. Doors translate these and nothing else."""

from __future__ import annotations

from typing import Any


class RoomsError(Exception):
    """Base of every refusal. `detail` is a sentence a person understands; `as_dict()` is the wire form."""

    code = "error"
    status = 400
    default_detail = "Something is wrong with this request."

    def __init__(
        self,
        detail: str = "",
        *,
        fields: dict[str, list[str]] | None = None,
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        self.detail = detail or self.default_detail
        self.fields = fields
        self.retry_after = retry_after
        self.extra = extra
        super().__init__(self.detail)

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.fields:
            body["fields"] = self.fields
        return body | {key: value for key, value in self.extra.items() if value is not None}


class Invalid(RoomsError):
    code, status, default_detail = "invalid", 400, "This is not valid."


class NotAuthenticated(RoomsError):
    code, status, default_detail = "not_authenticated", 401, "Please sign in first."


class Forbidden(RoomsError):
    """For what one may see but not do."""

    code, status, default_detail = "forbidden", 403, "You may not do this here."


class NotFound(RoomsError):
    """For what one may not see: the same answer as for what does not exist."""

    code, status, default_detail = (
        "not_found",
        404,
        "There is nothing here, or it is not for you.",
    )


class Conflict(RoomsError):
    code, status, default_detail = (
        "conflict",
        409,
        "This does not fit what is already there.",
    )


class TooLarge(RoomsError):
    code, status, default_detail = "too_large", 413, "This is too large."


class Refused(RoomsError):
    """A gate said no. Carries `rule`, and where they apply `span`, `reason` and `appeal`."""

    code, status, default_detail = (
        "refused",
        422,
        "This was refused by a rule of the room.",
    )


class RateLimited(RoomsError):
    code, status, default_detail = (
        "rate_limited",
        429,
        "That was a little fast. Please wait a moment.",
    )


class QuotaExceeded(RoomsError):
    code, status, default_detail = (
        "quota_exceeded",
        429,
        "Today's allowance is used up.",
    )


class Unavailable(RoomsError):
    code, status, default_detail = (
        "unavailable",
        503,
        "This is not available right now. Please try again shortly.",
    )
