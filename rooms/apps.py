from __future__ import annotations

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Rooms"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from . import checks, models, signals  # noqa: F401  (they register themselves)

        for model in (models.Room, models.Membership, models.Invitation, models.Report):
            auditlog.register(model, exclude_fields=["last_seq", "relayed_seq", "read_seq", "digest"])
        auditlog.register(models.User, exclude_fields=["password", "last_login"])
        auditlog.register(models.ApiToken, exclude_fields=["digest", "last_used_at"])
