"""The commands agents add to the socket."""

from __future__ import annotations

from typing import Any

from rooms import access
from rooms.errors import Forbidden
from rooms.live.commands import RUN_ID, SLUG, Command
from rooms.live.commands import register as add
from rooms.live.errands import by_service, check_reach, person_of
from rooms.live.principal import Principal

from . import services
from .access import needed_to_cancel, run_for


def cancel(principal: Principal, run: str, room: str = "") -> dict[str, Any]:
    user = person_of(principal)
    found = run_for(user, run)
    check_reach(principal, user, found.room, needed_to_cancel(user, found))
    if not principal.grant.has("write"):
        raise Forbidden("This token's scopes do not include that.")
    services.cancel_run(run=found, by=user)
    return {"run": run}


def register() -> None:
    add("run.cancel", Command({"run": RUN_ID, "room": SLUG.optional}, by_service(cancel), access.READ))
