"""A den, a square and everybody of the table, made anew for each cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.utils import timezone

from agents.models import Agent, Seat, Task
from rooms.models import ApiToken, Event, Membership, Message, Room, User
from rooms.services.invitations import create_invitation
from rooms.services.secrets import new_secret
from tests.plugins.rest import ALL

PEOPLE = ("ada", "bob", "mod", "gus", "eve", "former", "gone", "root", "newcomer")
MACHINES = ("echo", "nod")

numbers = count(1)


@dataclass
class Scene:
    people: dict[str, User]
    names: dict[str, str]
    attic: Room

    def user(self, role: str) -> User | None:
        return self.people.get({"reader": "bob", "elsewhere": "ada", "anonymous": ""}.get(role, role))

    def token(self, role: str) -> str | None:
        """What this role sends along. Made straight in the table: the deactivated cannot make theirs."""
        user = self.user(role)
        if user is None:
            return None
        secret, prefix, digest = new_secret("crt")
        scopes = ["read"] if role == "reader" else list(ALL)
        bound = role == "elsewhere"
        token = ApiToken.objects.create(user=user, name=role, prefix=prefix, digest=digest, scopes=scopes, bound=bound)
        if role == "elsewhere":
            token.rooms.add(self.attic)
        return secret

    def fill(self, template: Any) -> Any:
        """`{den}` and its like, put in."""
        if isinstance(template, str):
            return template.format_map(self.names)
        if isinstance(template, dict):
            return {key: self.fill(value) for key, value in template.items()}
        return template


def cast() -> dict[str, User]:
    """Everybody, once a test."""
    people = {
        name: User(username=name, display_name=name.capitalize(), password="!", kind=kind_of(name))
        for name in PEOPLE + MACHINES
    }
    people["root"].is_superuser = people["root"].is_staff = True
    people["gone"].is_active = False
    User.objects.bulk_create(people.values())
    for name in MACHINES:
        Agent.objects.create(user=people[name])
    return people


def kind_of(name: str) -> str:
    return {"gus": "guest", "echo": "agent", "nod": "agent"}.get(name, "human")


def scene(people: dict[str, User]) -> Scene:
    number = next(numbers)
    ada, bob, mod, echo = (people[name] for name in ("ada", "bob", "mod", "echo"))
    den, square, attic = (
        Room.objects.create(slug=f"{slug}-{number}", name=f"The {slug}", created_by=ada, visibility=visibility)
        for slug, visibility in (("den", "private"), ("square", "public"), ("attic", "private"))
    )
    roles = {"ada": "owner", "bob": "member", "mod": "moderator", "gus": "guest", "gone": "member", "echo": "member"}
    Membership.objects.bulk_create(
        [Membership(room=den, user=people[name], role=role) for name, role in roles.items()]
        + [Membership(room=room, user=ada, role="owner") for room in (square, attic)]
    )
    said, asked, held, hers = (
        message(den, bob, "hello"),
        message(den, bob, "@echo hello"),
        message(den, bob, "hello, held", state="held"),
        message(den, ada, "hello from ada"),
    )
    whisper = message(den, ada, "hello in secret", visible_to=[ada.pk, mod.pk])
    public = message(square, ada, "hello out there")
    seat = Seat.objects.create(room=den, agent=echo.agent)
    run, broken = (
        task(seat, bob, said),
        task(seat, bob, asked, status="interrupted", reason="worker_lost", ended_at=timezone.now()),
    )
    answer = message(den, echo, "hello, bob")
    task(seat, bob, hers, reply_id=answer, status="done", reason="answered", ended_at=timezone.now())
    invitation, secret = create_invitation(room=den, by=ada)
    _, prefix, digest = new_secret("crt")
    ApiToken.objects.create(user=ada, name="hers", prefix=prefix, digest=digest, scopes=["read"])
    names = {
        "den": den.slug,
        "square": square.slug,
        "said": said,
        "held": held,
        "hers": hers,
        "whisper": whisper,
        "public": public,
        "answer": answer,
        "run": str(run.pk),
        "broken": str(broken.pk),
        "invitation": invitation.prefix,
        "secret": secret,
        "token": prefix,
    }
    return Scene(people, names, attic)


def message(room: Room, author: User, body: str, **facts: Any) -> str:
    """Put there without its service, which would announce it: a scene is made a thousand times."""
    room.last_seq += 1
    found = Message.objects.create(room=room, seq=room.last_seq, author=author, body=body, html=body, **facts)
    Event.objects.create(room=room, seq=found.seq, type="message.posted", actor=author, message=found)
    room.save(update_fields=["last_seq"])
    return str(found.pk)


def task(seat: Seat, requester: User, question: str, **facts: Any) -> Task:
    return Task.objects.create(
        room=seat.room,
        agent=seat.agent,
        seat=seat,
        requester=requester,
        trigger_message_id=question,
        root_message_id=question,
        **facts,
    )
