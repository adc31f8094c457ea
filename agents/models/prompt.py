from __future__ import annotations

import hashlib
from typing import Any, ClassVar

import orjson
from django.db import models


def sha256_of(value: Any) -> str:
    """The name of a piece of prompt: SHA-256 over its canonical JSON."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Prompt(models.Model):
    """The instructions of an agent as they were once, template and parts, under their hash. Never changed.

    What a room said is not in here, so that an erased message leaves nothing behind.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    template = models.TextField()
    parts: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Prompt]] = models.Manager()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.sha256[:12]
