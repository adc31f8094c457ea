"""What an agent is, as names and values: what may be changed, what a version keeps, what an export says.

Nothing here tells whose it is or who may use it: that is no part of what gives an answer, and does not travel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from rooms.errors import Invalid

from ..models import Agent
from ..models.agent import BOUNDS

Facts = dict[str, Any]

LIMITS = tuple(BOUNDS)
OF_USER = ("display_name", "about", "avatar", "hue")
FIELDS: dict[str, Any] = {field.name: field for field in Agent._meta.get_fields()}
ROUTED = tuple(name for name in ("route", "route_tags") if name in FIELDS)
"""How it comes to a model, in a house that has named routes to them."""
TOLD = ("persona", "system_prompt", "greeting", "capabilities")
TUNED = (*ROUTED, "model", "parameters", "tools", "policies", *LIMITS)
VERSIONED = (*OF_USER, *TOLD, *TUNED)
"""What makes a version when it is changed, in the order it is shown in."""

KEPT_APART = ("enabled", "visibility")
CHANGEABLE = (*VERSIONED, *KEPT_APART)

FOR_ITS_EDITORS = ("system_prompt", "parameters")
"""What only those who may change it are shown."""


def snapshot_of(agent: Agent) -> Facts:
    """All of what it is, ready for JSON: without keys and without ids."""
    return {name: value_of(agent, name) for name in VERSIONED}


def value_of(agent: Agent, name: str) -> Any:
    if name == "route":
        return named(getattr(agent, "route", None))
    return getattr(agent.user if name in OF_USER else agent, name)


def named(route: Any) -> str:
    return route.name if route is not None else ""


def differing(agent: Agent, facts: Mapping[str, Any]) -> list[str]:
    """The names among the facts whose value is another one."""
    return [name for name in CHANGEABLE if name in facts and value_of(agent, name) != facts[name]]


def set_facts(agent: Agent, facts: Mapping[str, Any]) -> None:
    """Put them into the rows, unsaved. Raises Invalid with sentences for each field that will not do."""
    for name, value in facts.items():
        if name not in CHANGEABLE:
            raise TypeError(name)
        put(agent, name, value)
    wrong = problems(agent.user, {"email", "password"}) | problems(agent, {"user", "owner"})
    if wrong:
        raise Invalid(fields=wrong)


def put(agent: Agent, name: str, value: Any) -> None:
    if name == "route":
        value = route_named(value)
    setattr(agent.user if name in OF_USER else agent, name, value)


def route_named(name: str) -> Any:
    """Empty is the model's own way. Raises Invalid."""
    if not name:
        return None
    found = routes().filter(name=name).first()
    if found is None:
        raise Invalid(fields={"route": [f"There is no route «{name[:64]}»."]})
    return found


def routes() -> Any:
    """The named routes to models, in a house that has such."""
    return FIELDS["route"].related_model._default_manager.all()


def problems(row: Any, leaving_out: set[str]) -> dict[str, list[str]]:
    """What the fields of a row think of their values; whether a name is taken only the database can say."""
    try:
        row.clean_fields(exclude=leaving_out)
    except ValidationError as error:
        return dict(error.message_dict)
    return {}
