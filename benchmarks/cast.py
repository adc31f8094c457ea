"""People, rooms and a long history, made quickly: in bulk, not by the services. Import after `django.setup()`."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection, connections

from agents.models import Agent, Seat
from agents.services.seats import seat_agent
from rooms.models import ApiToken, Membership, Room, User
from rooms.services.secrets import new_secret

LONG = 100_000
MODEL = "delay-100-gap-20-words-25"


@dataclass(frozen=True)
class Person:
    id: int
    username: str
    token: str


@dataclass(frozen=True)
class Cast:
    """`own[i]` is a room of `people[i]`, and `asking[i]` one where an agent answers whatever they say.

    All of them are in `hall`, and `archive` has a long history.
    """

    people: list[Person]
    own: list[str]
    asking: list[str]
    hall: str
    archive: str


def gather(people: int = 500, own: int = 50) -> Cast:
    call_command("migrate", interactive=False, verbosity=0)
    users = User.objects.bulk_create(
        User(username=f"p{number}", display_name=f"Person {number}", password="!") for number in range(people)
    )
    found = [Person(user.pk, user.username, secret) for user, secret in zip(users, tokens(users), strict=True)]
    rooms = [room(f"own-{number}", users[number : number + 1]) for number in range(own)]
    asking = [room(f"asking-{number}", users[number : number + 1]) for number in range(own)]
    seat(asking, users)
    cast = Cast(found, rooms, asking, room("hall", users), room("archive", users[:20]))
    write_history(cast.archive)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connections.close_all()
    return cast


def tokens(users: list[User]) -> list[str]:
    made = [new_secret("crt") for _ in users]
    ApiToken.objects.bulk_create(
        ApiToken(user=user, name="bench", prefix=prefix, digest=digest, scopes=["read", "write"])
        for user, (_, prefix, digest) in zip(users, made, strict=True)
    )
    return [secret for secret, _, _ in made]


def room(slug: str, members: list[User]) -> str:
    made = Room.objects.create(slug=slug, name=slug.capitalize(), created_by=members[0])
    Membership.objects.bulk_create(
        Membership(room=made, user=user, role="member" if position else "owner")
        for position, user in enumerate(members)
    )
    return slug


def seat(slugs: list[str], users: list[User]) -> None:
    user = User.objects.create(username="clock", display_name="The clock", kind=User.Kind.AGENT, password="!")
    agent = Agent.objects.create(user=user, owner=users[0], model=f"openai/{MODEL}")
    for slug, by in zip(slugs, users, strict=False):
        seat_agent(room=Room.objects.get(slug=slug), agent=agent, by=by, trigger=Seat.Trigger.ALWAYS)


WORDS = """array_to_string(ARRAY(SELECT (ARRAY['the','lamp','was','found','again','under','two','old','maps','and',
    'nobody','asked','why','it','still','shone'])[1 + (n * 7 + k * 5) %% 16] FROM generate_series(1, 14) k), ' ')"""

MESSAGES = f"""
    INSERT INTO rooms_message (id, room_id, seq, author_id, body, html, state, mentions, client_id, fingerprint, notice,
                               created_at)
    SELECT gen_random_uuid(), r.id, n, people.ids[1 + n %% 20], words.body, '<p>' || words.body || '</p>', 'visible',
           '{{}}', '', '', '', now() - (%(long)s - n) * interval '40 seconds'
    FROM rooms_room r, generate_series(1, %(long)s) n, LATERAL (SELECT {WORDS} AS body) words,
         (SELECT array_agg(user_id) AS ids FROM rooms_membership s JOIN rooms_room q ON q.id = s.room_id
          WHERE q.slug = %(slug)s) people
    WHERE r.slug = %(slug)s
"""
EVENTS = """
    INSERT INTO rooms_event (room_id, seq, type, actor_id, message_id, data, moderators_only, pending, created_at)
    SELECT m.room_id, m.seq, 'message.posted', m.author_id, m.id, '{}', false, false, m.created_at
    FROM rooms_message m JOIN rooms_room r ON r.id = m.room_id WHERE r.slug = %(slug)s
"""
NUMBER = "UPDATE rooms_room SET last_seq = %(long)s, relayed_seq = %(long)s WHERE slug = %(slug)s"


def write_history(slug: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in (MESSAGES, EVENTS, NUMBER):
            cursor.execute(statement, {"slug": slug, "long": LONG})
