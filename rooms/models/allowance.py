from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from ..roles import Role
from .room import Room
from .user import User

WHATS = ["send", "ask", "ask_day", "upload"]


class What(models.TextChoices):
    """What is counted. Messages and questions a minute for each room by itself, the others over all rooms."""

    SEND = "send", "messages a minute in one room"
    ASK = "ask", "questions to agents a minute in one room"
    ASK_DAY = "ask_day", "questions to agents a day"
    UPLOAD = "upload", "files a minute"


class Allowance(models.Model):
    """How often one person, a group, a role or a kind of people may do something, where it is not what the settings
    say. 0 is without limit. The nearest counts: the person's own, the most generous of their groups', that of their
    role in the room, that of their kind.
    """

    what = models.CharField(max_length=8, choices=What.choices)
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="allowances")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=9, choices=Role.choices, blank=True)
    kind = models.CharField(
        max_length=8, choices=[(kind.value, kind.label) for kind in (User.Kind.HUMAN, User.Kind.GUEST)], blank=True
    )
    amount = models.PositiveIntegerField(help_text="0 is without limit.")

    objects: ClassVar[models.Manager[Allowance]] = models.Manager()

    class Meta:
        ordering = ["what", "person", "group", "role", "kind"]
        constraints = [
            models.CheckConstraint(name="allowance_what", condition=Q(what__in=WHATS)),
            models.CheckConstraint(
                name="allowance_for_one",
                condition=Q(person__isnull=False, group=None, role="", kind="")
                | Q(person=None, group__isnull=False, role="", kind="")
                | Q(person=None, group=None, kind="") & ~Q(role="")
                | Q(person=None, group=None, role="") & ~Q(kind=""),
                violation_error_message="Name one of person, group, role and kind.",
            ),
            models.UniqueConstraint(
                fields=["what", "person", "group", "role", "kind"],
                name="allowance_once",
                nulls_distinct=False,
                violation_error_message="There is one for this already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.group or self.role or self.kind}: {self.amount or 'any number of'} {self.what}"


class Tally(models.Model):
    """What somebody has used of an allowance in a window that began with the first use, at `since`.

    `most` is what they were allowed at the last use. `told`: that there is no more has been said in this window. What
    counts over all rooms has none.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    what = models.CharField(max_length=8, choices=What.choices)
    since = models.DateTimeField()
    used = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    told = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Tally]] = models.Manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "room", "what"], name="tally_once", nulls_distinct=False),
            models.CheckConstraint(name="tally_what", condition=Q(what__in=WHATS)),
        ]

    def __str__(self) -> str:
        return f"{self.used} of {self.most} {self.what}"
