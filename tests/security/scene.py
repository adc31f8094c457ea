"""A den, a square and everybody of the table, made anew for each cell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from agents.models import Agent, AgentVersion, Approval, Dispute, RoomNote, Seat, Step, Task
from rooms.models import ApiToken, Attachment, Event, Membership, Message, Room, User
from rooms.models.attachment import new_key
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
        token = ApiToken.objects.create(
            user=user, name=role, prefix=prefix, digest=digest, scopes=scopes, bound=role == "elsewhere"
        )
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
    step = Step.objects.create(task=run, kind="tool", tool="withdraw_messages", held=True, input={"arguments": "{}"})
    approval = Approval.objects.create(step=step, expires_at=timezone.now() + timedelta(minutes=5))
    step = Step.objects.create(task=run)
    redo = Step.objects.create(task=broken, status="failed", ended_at=timezone.now())
    answer = message(den, echo, "hello, bob")
    task(seat, bob, hers, reply_id=answer, status="done", reason="answered", ended_at=timezone.now())
    dispute = Dispute.objects.create(task_id=broken.pk, number=1, point="There is tea.")
    invitation, secret = create_invitation(room=den, by=ada)
    _, prefix, digest = new_secret("crt")
    ApiToken.objects.create(user=ada, name="hers", prefix=prefix, digest=digest, scopes=["read"])
    secretary = private_agent(ada, f"secretary-{number}")
    session, deleted = (conversation(ada, echo.agent, f"s-{name}-{number}") for name in ("talk", "gone"))
    Room.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    waiting, sent, whispered = (
        attachment(den, person, **facts)
        for person, facts in ((bob, {}), (bob, {"message_id": said}), (ada, {"message_id": whisper}))
    )
    names = {
        "waiting": waiting,
        "sent": sent,
        "whispered": whispered,
        "secretary": secretary.user.username,
        "session": session.slug,
        "deleted_session": deleted.slug,
        "den": den.slug,
        "square": square.slug,
        "said": said,
        "held": held,
        "hers": hers,
        "whisper": whisper,
        "public": public,
        "answer": answer,
        "run": str(run.pk),
        "note": str(RoomNote.objects.create(room=den, title="Tin", body="Green.", author=bob).pk),
        "approval": str(approval.pk),
        "broken": str(broken.pk),
        "step": str(step.pk),
        "redo": str(redo.pk),
        "dispute": str(dispute.pk),
        "invitation": invitation.prefix,
        "secret": secret,
        "token": prefix,
    }
    return Scene(people, names, attic)


def private_agent(owner: User, username: str) -> Agent:
    user = User.objects.create(username=username, kind="agent")
    agent = Agent.objects.create(user=user, owner=owner, visibility="private")
    AgentVersion.objects.create(agent=agent, number=1, snapshot={"persona": "As it was."})
    return agent


def conversation(owner: User, agent: Agent, slug: str) -> Room:
    room = Room.objects.create(slug=slug, name="A talk", created_by=owner, kind="session")
    Membership.objects.create(room=room, user=owner, role="owner")
    Membership.objects.create(room=room, user=agent.user)
    Seat.objects.create(room=room, agent=agent, trigger="always")
    return room


def message(room: Room, author: User, body: str, **facts: Any) -> str:
    """Put there without its service, which would announce it: a scene is made a thousand times."""
    room.last_seq += 1
    found = Message.objects.create(room=room, seq=room.last_seq, author=author, body=body, html=body, **facts)
    Event.objects.create(room=room, seq=found.seq, type="message.posted", actor=author, message=found)
    room.save(update_fields=["last_seq"])
    return str(found.pk)


def attachment(room: Room, uploader: User, **facts: Any) -> str:
    """Put there without its service, which would draw a picture: a scene is made a thousand times."""
    if facts:
        facts["place"] = 1
        Message.objects.filter(pk=facts["message_id"]).update(attached=1)
    key = new_key()
    path = default_storage.save(f"attachments/{key[:2]}/{key}.png", ContentFile(b"a cat"))
    found = Attachment.objects.create(
        room=room, uploader=uploader, key=key, kind="image", name="cat.png", content_type="image/png", size=5,
        width=1, height=1, sha256="0" * 64, file=path, thumbnail=path, view=path, **facts,
    )  # fmt: skip
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
