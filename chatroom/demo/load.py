"""Fill an empty house with people and a week of talk.

The services themselves do the talking, so that log, numbers, HTML and mentions are what they always are. Then the
clocks of what they wrote are set back, event by event.
"""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import Agent
from agents.services import create_agent, seat_agent
from rooms.models import Room, User
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room

from .script import read_script
from .telling import Telling
from .together import arrange

HERE = Path(__file__).parent
LOCK = 4_711_001  # of this program's advisory locks: two who load at once become one who loads
LIVED_HERE = timedelta(days=30)
FURNISHING = timedelta(days=2)
"""How long before its first word a room was made."""


def load_demo() -> bool:
    """Load the demo into a database without rooms. False when it has some; then nothing is touched. All or nothing."""
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if Room.objects.exists():
            return False
        house = tomllib.loads((HERE / "house.toml").read_text())
        cast = people_of(house, now)
        agents = agents_of(house, cast, now)
        for facts in house["rooms"]:
            open_room(facts, cast, agents, now)
    return True


def people_of(house: dict[str, Any], now: datetime) -> dict[str, User]:
    password = make_password(house["password"])  # one hash for all: everybody knows what it hides
    return {facts["username"]: person(facts, password, now) for facts in house["people"]}


def person(facts: dict[str, Any], password: str, now: datetime) -> User:
    user = User(
        username=facts["username"],
        display_name=facts["display_name"],
        about=facts["about"],
        kind=facts.get("kind", User.Kind.HUMAN),
        is_staff=facts.get("superuser", False) or "permissions" in facts,
        is_superuser=facts.get("superuser", False),
        date_joined=now - LIVED_HERE,
        password=password,
    )
    user.save()
    user.user_permissions.set(permissions_named(facts.get("permissions", [])))
    return user


def permissions_named(names: list[str]) -> list[Permission]:
    wanted = Q(pk=None)
    for app, _, codename in (name.partition(".") for name in names):
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))


def agents_of(house: dict[str, Any], cast: dict[str, User], now: datetime) -> dict[str, Agent]:
    """Ada made them. They join the cast, since they speak like everybody else."""
    made = {facts["username"]: create_agent(owner=cast["ada"], **facts) for facts in house["agents"]}
    cast.update({name: agent.user for name, agent in made.items()})
    User.objects.filter(agent__in=made.values()).update(date_joined=now - LIVED_HERE)
    return made


def open_room(facts: dict[str, Any], cast: dict[str, User], agents: dict[str, Agent], now: datetime) -> None:
    """Make a room, let everybody in, and have them say what the script says."""
    acts = read_script((HERE / "talk" / f"{facts['slug']}.txt").read_text(), now)
    owner = cast[facts["owner"]]
    room = create_room(
        creator=owner,
        name=facts["name"],
        slug=facts["slug"],
        topic=facts["topic"],
        visibility=facts["visibility"],
    )
    for username, role in facts["members"].items():
        begin_membership(room=room, user=cast[username], role=role, by=owner)
    for username, trigger in facts["seats"].items():
        seat_agent(room=room, agent=agents[username], trigger=trigger, by=owner)
    Telling(room, cast, begins=acts[0].at - FURNISHING).tell(acts)
    arrange(room, facts, agents)
