"""Who lives in the house: the usual people and cyd, six agents on three routes, quotas and budgets that are met.

`gather` runs inside the house's settings; so what it needs of Django is imported there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.models import Agent, Route
    from rooms.models import User

PEOPLE = ("ada", "mod", "bob", "gus", "cyd", "eve")
ROOMS = ("den", "square")
AGENTS = ("lead", "one", "two", "three", "four", "five")
PASSWORD = "correct horse battery"
ASKS_OF_CYD = 12
TOOLS = {
    "lead": ["withdraw_messages", "search_room", "read_messages", "write_note", "calculator"],
    "one": ["search_room"],
    "three": ["withdraw_messages", "list_members"],
}
ROUTE_OF = {"lead": "fast", "one": "fast", "two": "careful", "three": "through", "four": "fast"}
TRIGGERS: dict[str, dict[str, Any]] = {
    "lead": {"trigger": "mention"},
    "one": {"trigger": "always"},
    "two": {"trigger": "useful"},
    "three": {"trigger": "keyword", "keywords": ["tea"]},
    "four": {"trigger": "reply"},
    "five": {"trigger": "mention"},
}
ROUTES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "fast": (
        "weighted",
        {
            "ma": {"prompt_price": 2, "completion_price": 8, "concurrent_calls": 4},
            "mb": {"prompt_price": 1, "completion_price": 4, "requests_per_minute": 300, "tokens_per_minute": 900_000},
        },
    ),
    "careful": (
        "order",
        {
            "mc": {"prompt_price": 5, "completion_price": 20, "dollars_per_day": 3},
            "md": {"prompt_price": 1, "completion_price": 2, "continues": "assistant", "lane": "litellm"},
        },
    ),
    "through": ("order", {"mf": {"prompt_price": 2, "completion_price": 6, "lane": "litellm"}}),
}
"""Each with how it chooses, and its deployments. What is called `through` goes through LiteLLM always."""


def gather(port: int) -> None:
    """Prints the secrets and the ids of all people, as JSON."""
    from rooms.services.tokens import create_token

    people = {name: person(name) for name in PEOPLE}
    scopes = ["read", "write", "moderate", "admin"]
    secrets = {name: create_token(user=user, name="t", scopes=scopes)[1] for name, user in people.items()}
    open_rooms(people)
    agents = make_agents(people["ada"], {name: route(name, port) for name in ROUTES})
    seat(agents, people["ada"])
    limit(people, agents)
    print(json.dumps([secrets, {name: user.pk for name, user in people.items()}]))


def person(name: str) -> User:
    from rooms.models import User

    user = User(username=name, display_name=name.capitalize(), kind="guest" if name == "gus" else "human")
    user.set_password(PASSWORD)
    user.save()
    return user


def open_rooms(people: dict[str, User]) -> None:
    from rooms.services.memberships import begin_membership
    from rooms.services.rooms import create_room

    for slug, visibility in (("den", "private"), ("square", "public")):
        room = create_room(creator=people["ada"], name=slug, slug=slug, visibility=visibility)
        for name, role in (("mod", "moderator"), ("bob", "member"), ("gus", "guest"), ("cyd", "member")):
            begin_membership(room=room, user=people[name], role=role, by=people["ada"])


def route(name: str, port: int) -> Route:
    from agents.models import Deployment, Route

    choice, deployments = ROUTES[name]
    made = Route.objects.create(name=name, choice=choice)
    for order, (model, facts) in enumerate(deployments.items()):
        place: dict[str, Any] = {"model": f"openai/{model}", "base_url": f"http://127.0.0.1:{port}/v1"}
        deployment = Deployment(route=made, name=model, order=order, **place, **facts)
        deployment.keep_key("sk-x")
        deployment.save()
    return made


def make_agents(owner: User, routes: dict[str, Route]) -> dict[str, Agent]:
    """The fifth has no route: it speaks as the settings say."""
    from agents.models import Agent
    from rooms.models import User

    patience = {"first_token_seconds": 4, "idle_seconds": 3, "total_seconds": 15, "connect_seconds": 2}
    made = {}
    for name in AGENTS:
        made[name] = Agent.objects.create(
            user=User.objects.create(username=name, kind="agent", display_name=name.capitalize()),
            owner=owner,
            route=routes.get(ROUTE_OF.get(name, "")),
            tools=TOOLS.get(name, []),
            persona=f"p {name}",
            max_reply_tokens=300,
            max_prompt_tokens=3000,
            **patience,
        )
    return made


def seat(agents: dict[str, Agent], by: User) -> None:
    from agents.models import Conduct
    from agents.services import seat_agent
    from rooms.models import Room

    bounds = {"rounds": 2, "max_turns": 9, "max_depth": 3, "max_cost_micros": 60_000}
    for room in Room.objects.all():
        for name, agent in agents.items():
            seat_agent(room=room, agent=agent, by=by, **TRIGGERS[name])
        Conduct.objects.create(room=room, lead=agents["lead"], reviews=room.slug == "den", **bounds)


def limit(people: dict[str, User], agents: dict[str, Agent]) -> None:
    from agents.models import Account
    from rooms.models import Allowance, Room

    square = Room.objects.get(slug="square")
    for scope, key, most in (
        ("person", people["bob"].pk, 150_000),
        ("agent", agents["four"].pk, 60_000),
        ("room", square.pk, 500_000),
    ):
        Account.objects.create(scope=scope, key=str(key), period="day", limit_micros=most)
    Allowance.objects.create(what="ask_day", person=people["cyd"], amount=ASKS_OF_CYD)
