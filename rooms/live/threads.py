"""Services and everything else that uses the ORM, called from an event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError

from .. import background, db

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """`background.in_thread`, with a database that does not answer told in the contract's words (Unavailable)."""
    try:
        return await background.in_thread(work, *args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        raise db.unavailable(error) from error
