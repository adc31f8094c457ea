from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from rooms.errors import Conflict, Forbidden, Invalid
from rooms.models import User

from ..models import Agent

OF_USER = frozenset({"display_name", "about"})
OF_AGENT = frozenset({"persona", "system_prompt", "model", "parameters", "tools", "enabled"}) | {
    "max_prompt_tokens",
    "max_reply_tokens",
    "context_messages",
    "connect_seconds",
    "first_token_seconds",
    "idle_seconds",
    "total_seconds",
}


def create_agent(*, owner: User | None, username: str, **facts: Any) -> Agent:
    """A new agent and the user it speaks through. Raises Conflict for a taken name, Invalid naming what is wrong."""
    user = User(username=username.strip().lower(), kind=User.Kind.AGENT)
    user.set_unusable_password()
    agent = Agent(user=user, owner=owner)
    set_facts(agent, facts)
    try:
        with transaction.atomic():
            user.save()
            agent.save()
    except IntegrityError:
        raise Conflict("Somebody already has this name.") from None
    return agent


def change_agent(*, agent: Agent, by: User, **facts: Any) -> Agent:
    """Change what an agent is or how it behaves everywhere; what it is writing right now goes on as it began."""
    if not may_change(by, agent):
        raise Forbidden("Only its owner changes an agent.")
    set_facts(agent, facts)
    with transaction.atomic():
        agent.user.save(update_fields=sorted(OF_USER & facts.keys()))
        agent.save(update_fields=sorted(OF_AGENT & facts.keys()))
    return agent


def may_change(user: User, agent: Agent) -> bool:
    return user.has_perm("agents.change_agent") or (agent.owner_id is not None and agent.owner_id == user.pk)


def set_facts(agent: Agent, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if name not in OF_USER | OF_AGENT:
            raise TypeError(name)
        setattr(agent.user if name in OF_USER else agent, name, value)
    wrong = problems(agent.user, {"email", "password"}) | problems(agent, {"user", "owner"})
    if wrong:
        raise Invalid(fields=wrong)


def problems(row: User | Agent, leaving_out: set[str]) -> dict[str, list[str]]:
    """What the fields of a row think of their values; whether a name is taken only the database can say."""
    try:
        row.clean_fields(exclude=leaving_out)
    except ValidationError as error:
        return dict(error.message_dict)
    return {}
