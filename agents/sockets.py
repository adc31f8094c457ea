"""The commands agents add to the socket."""

from __future__ import annotations

from typing import Any

from rooms import access
from rooms.errors import Forbidden
from rooms.live.commands import FLAG, NAMES, POST, RUN_ID, SLUG, Command, Field
from rooms.live.commands import register as add
from rooms.live.errands import by_service, check_reach, person_of, room_of
from rooms.live.principal import Principal
from rooms.live.verbs import SPOKEN

from . import services
from .access import ASK, approval_for, check_decider, needed_to_cancel, run_for
from .approvals import needed_to_approve
from .models import Coordination

APPROVAL_ID = Field(lambda value: isinstance(value, str) and 0 < len(value) <= 64, "The id of an approval.")
WAY = Field(lambda value: value in Coordination.values, f"One of {', '.join(Coordination.values)}.")
WISH = {
    "coordination": WAY.optional,
    "agents": NAMES.optional,
    "reviewed": FLAG.optional,
    "approves_plans": FLAG.optional,
}
DECISION = Field(lambda value: value in ("approve", "deny"), "approve or deny.")
ONE_APPROVAL = {"approval": APPROVAL_ID, "decision": DECISION}


def cancel(principal: Principal, run: str, room: str = "") -> dict[str, Any]:
    user = person_of(principal)
    found = run_for(user, run)
    check_reach(principal, user, found.room, needed_to_cancel(user, found))
    if not principal.grant.has("write"):
        raise Forbidden("This token's scopes do not include that.")
    services.cancel_run(run=found, by=user)
    return {"run": run}


def decide(principal: Principal, approval: str, decision: str, room: str = "") -> dict[str, Any]:
    user = person_of(principal)
    found = approval_for(user, approval)
    check_reach(principal, user, found.step.task.room, access.READ)
    if not principal.grant.has("write"):
        raise Forbidden("This token's scopes do not include that.")
    check_decider(user, found)
    check_reach(principal, user, found.step.task.room, needed_to_approve(user, found.step.task))
    decided = services.decide_approval(approval=found, by=user, approve=decision == "approve")
    return {"approval": str(decided.pk), "state": decided.state}


def ask(principal: Principal, room: str, **said: Any) -> dict[str, Any]:
    """A message, and how its author wishes it to be answered. Acknowledged after the commit, like any other."""
    found = room_of(principal, room, POST)
    user = person_of(principal)
    check_reach(principal, user, found, ASK)
    if not said.get("attachments"):
        said.pop("attachments", None)
    given = {name: value for name, value in said.items() if value is not None}
    return services.ask(room=found, by=user, **{"body": "", **given}).message


def register() -> None:
    add("message.ask", Command({**SPOKEN, **WISH}, by_service(ask), POST))
    add("approval.decide", Command({**ONE_APPROVAL, "room": SLUG.optional}, by_service(decide), access.READ))
    add("run.cancel", Command({"run": RUN_ID, "room": SLUG.optional}, by_service(cancel), access.READ))
