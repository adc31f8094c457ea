"""Agents are switched on and off outside of rooms too, by flags and each by itself: whoever has a room open in which
they sit hears of it.

The event says that something was switched and not what: a flag may be on for one reader and off for another. What holds
for them, everybody asks for (`GET rooms/{slug}/agents/`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from waffle.models import Flag

from rooms.events import record_everywhere
from rooms.models import Room

from ..models import Agent
from .flags import ALL, ONE

SWITCHED = "agents.switched"


def connect() -> None:
    for signal in (post_save, post_delete):
        signal.connect(flag_changed, sender=Flag, dispatch_uid="agents.switches.switching.flag")
    pre_save.connect(before_agent, sender=Agent, dispatch_uid="agents.switches.switching.before")
    post_save.connect(agent_changed, sender=Agent, dispatch_uid="agents.switches.switching.agent")


def flag_changed(instance: Flag, **_: Any) -> None:
    if instance.name == ALL:
        transaction.on_commit(tell, robust=True)
    elif instance.name.startswith(ONE):
        transaction.on_commit(partial(tell, instance.name.removeprefix(ONE)), robust=True)


def before_agent(instance: Agent, update_fields: Any = None, **_: Any) -> None:
    """What it was, where the row may say otherwise soon."""
    if instance.pk and not instance.draft and (update_fields is None or "enabled" in update_fields):
        was = Agent.objects.filter(pk=instance.pk).values_list("enabled", flat=True).first()
        instance._was_enabled = was  # type: ignore[attr-defined]


def agent_changed(instance: Agent, created: bool = False, **_: Any) -> None:
    was = instance.__dict__.pop("_was_enabled", None)
    if not created and was is not None and was != instance.enabled:
        transaction.on_commit(partial(tell, instance.user.username), robust=True)


def tell(agent: str | None = None) -> None:
    """Every room in which this agent sits, or any without a name: one statement. Whoever listens reads it from the log
    within a second, with Redis or without."""
    seated = Room.objects.filter(deleted_at=None, seats__isnull=False)
    if agent is not None:
        seated = seated.filter(seats__agent__user__username=agent)
    with transaction.atomic():
        record_everywhere(list(seated.values_list("pk", flat=True).distinct()), SWITCHED, data={"agent": agent})
