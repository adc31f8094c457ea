from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as BaseUserManager
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower

from ..legible import check_sign

USERNAME = r"[a-z0-9][a-z0-9_.-]{0,31}"

validate_username = RegexValidator(
    rf"^{USERNAME}\Z",
    "Use 1 to 32 lower-case letters, digits, dots, dashes or underscores, starting with a letter or digit.",
)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").strip().lower())


class User(AbstractUser):
    """Anyone who can speak: a person, an agent, a guest, or the system itself.

    Agents are users so that authorship, membership, permissions, mentions and sanctions have one code path.
    `avatar` and `hue` are what their face shows instead of first letters and a colour of the name's own.
    """

    class Kind(models.TextChoices):
        HUMAN = "human"
        AGENT = "agent"
        GUEST = "guest"
        SYSTEM = "system"

    username = models.CharField(
        max_length=32,
        unique=True,
        validators=[validate_username],
        error_messages={"unique": "Somebody already has this name."},
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.HUMAN)
    display_name = models.CharField(max_length=64, blank=True)
    about = models.CharField(max_length=280, blank=True)
    avatar = models.CharField(max_length=16, blank=True, validators=[check_sign])
    hue = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(359)])

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="user_kind",
                condition=models.Q(kind__in=["human", "agent", "guest", "system"]),
            ),
            models.CheckConstraint(
                name="user_username_lower",
                condition=models.Q(username=Lower("username")),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def name(self) -> str:
        return self.display_name or self.username

    @property
    def is_machine(self) -> bool:
        return self.kind in (self.Kind.AGENT, self.Kind.SYSTEM)
