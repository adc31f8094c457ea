from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Attempt(models.Model):
    """When something that may be guessed at was lately tried; `key` says what and by whom, hashed. See
    `rooms.guessing`.
    """

    key = models.CharField(max_length=64, primary_key=True)
    at = ArrayField(models.DateTimeField())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{len(self.at)} attempts"
