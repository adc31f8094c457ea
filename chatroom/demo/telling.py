"""One room's script, performed: each act by the service that does it for everybody, and when it happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from rooms.models import Membership, Message, Room, User
from rooms.services.messages import edit_message, post_message, withdraw_message
from rooms.services.reactions import add_reaction, mark_read, remove_reaction

from .answering import answer
from .clocks import set_back
from .script import Act


class Telling:
    """A room while its past is being told. `begins` is when the room was made."""

    def __init__(self, room: Room, cast: dict[str, User], begins: datetime) -> None:
        self.room = room
        self.cast = cast
        self.begins = begins
        self.times: list[datetime] = []
        self.messages: dict[str, UUID] = {}
        self.unread: set[str] = set()
        self.question = UUID(int=0)

    def tell(self, acts: Iterable[Act]) -> None:
        """Perform the acts. Nobody upstairs is told of the past: an agent would answer last week's questions."""
        self.furnished()
        room = Room.objects.filter(pk=self.room.pk)
        watched = room.values_list("watched", flat=True).get()
        room.update(watched=False)
        for act in acts:
            getattr(self, act.kind)(act)
        if self.last_seq() != len(self.times):
            raise ValueError(f"{self.room.slug}: {self.last_seq()} events, and {len(self.times)} times for them")
        self.everybody_else_has_read_all()
        set_back(self.room, self.times)
        room.update(watched=watched)

    # --- acts

    def say(self, act: Act) -> None:
        author = self.cast[act.who[0]]
        if author.kind == User.Kind.AGENT:
            message_id = answer(self, author, act)
        else:
            message_id = self.post(author, act)
            self.question = message_id
        self.messages[act.name] = message_id

    def post(self, author: User, act: Act) -> UUID:
        reply_to = self.messages[act.on] if act.on else None
        posted = post_message(
            room=self.room, author=author, body=act.text, reply_to=reply_to, visible_to=act.to, counted=False
        )
        self.happened(act.at)
        return UUID(posted.message["id"])

    def mark(self, act: Act) -> None:
        add_reaction(message=self.message(act), user=self.cast[act.who[0]], emoji=act.emoji)
        self.happened(act.at)

    def unmark(self, act: Act) -> None:
        remove_reaction(message=self.message(act), user=self.cast[act.who[0]], emoji=act.emoji)
        self.happened(act.at)

    def edit(self, act: Act) -> None:
        edit_message(message=self.message(act), by=self.cast[act.who[0]], body=act.text)
        self.happened(act.at)

    def withdraw(self, act: Act) -> None:
        withdraw_message(message=self.message(act), by=self.cast[act.who[0]])
        self.happened(act.at)

    def read(self, act: Act) -> None:
        for username in act.who:
            mark_read(room=self.room, user=self.cast[username], seq=len(self.times))
        self.unread.update(act.who)

    # --- the clock

    def furnished(self) -> None:
        """What happened before the first word: people came in, a minute apart."""
        for number in range(self.last_seq()):
            self.times.append(self.begins + timedelta(minutes=number))

    def happened(self, at: datetime, events: int = 1) -> None:
        """The log has grown by so many events, and this is when they happened."""
        self.times += [at] * events

    def last_seq(self) -> int:
        return Room.objects.values_list("last_seq", flat=True).get(pk=self.room.pk)

    # --- shared

    def message(self, act: Act) -> Message:
        return Message.objects.select_related("room", "author").get(pk=self.messages[act.on])

    def everybody_else_has_read_all(self) -> None:
        others = Membership.objects.filter(room=self.room).exclude(user__username__in=self.unread)
        for membership in others.select_related("user"):
            mark_read(room=self.room, user=membership.user, seq=len(self.times))
