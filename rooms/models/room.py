from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse

from ..roles import SENTENCES
from .user import User

if TYPE_CHECKING:
    from .membership import Membership


class RoomQuerySet(models.QuerySet["Room"]):
    def live(self) -> RoomQuerySet:
        return self.filter(deleted_at=None)

    def visible_to(self, user: User | AnonymousUser) -> RoomQuerySet:
        """Rooms this user may know of: their own, and the public ones unless they are a guest.

        Agrees with `has_perm("rooms.read_room", room)`; a property test holds the two together.
        """
        if not isinstance(user, User) or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self.live()
        own = Q(pk__in=user.memberships.values("room"))
        if user.kind == User.Kind.HUMAN:
            own |= Q(visibility=Room.Visibility.PUBLIC, kind=Room.Kind.ROOM)
        return self.live().filter(own)


class Room(models.Model):
    """A place where people and agents talk. `last_seq` numbers its event log and is only changed by the log.

    One that is not `listed` is reached from the page that made it and stands in no list.
    """

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    class Kind(models.TextChoices):
        ROOM = "room"
        SESSION = "session"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    topic = models.CharField(max_length=280, blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.ROOM)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.BigIntegerField(default=0, editable=False)
    relayed_seq = models.BigIntegerField(default=0, editable=False)
    watched = models.BooleanField(default=False, editable=False)
    listed = models.BooleanField(default=True, editable=False)

    memberships: models.Manager[Membership]
    objects = RoomQuerySet.as_manager()

    class Meta:
        ordering = ["name", "slug"]
        default_permissions = ("view",)  # "change_room" is one of ours below
        permissions = sorted(SENTENCES.items())
        constraints = [
            models.CheckConstraint(
                name="room_visibility",
                condition=Q(visibility__in=["public", "private"]),
            ),
            models.CheckConstraint(name="room_kind", condition=Q(kind__in=["room", "session"])),
            models.CheckConstraint(
                name="room_session_is_private",
                condition=~Q(kind="session", visibility="public"),
            ),
            models.CheckConstraint(name="room_seq_not_negative", condition=Q(last_seq__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("room", args=[self.slug])

    @property
    def is_public(self) -> bool:
        return self.visibility == self.Visibility.PUBLIC
