from __future__ import annotations

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Rooms"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from . import checks, models, signals  # noqa: F401  (they register themselves)

        for model, fields in AUDITED.items():
            auditlog.register(getattr(models, model), include_fields=fields)


# Named one by one: left to itself, auditlog follows reverse relations, with a query each time a user is saved.
AUDITED = {
    "User": ["username", "kind", "display_name", "about", "email", "is_active", "is_staff", "is_superuser"],
    "Room": ["slug", "name", "topic", "visibility", "kind", "deleted_at"],
    "Membership": ["room", "user", "role"],
    "Invitation": ["room", "prefix", "role", "expires_at", "max_uses", "revoked_at"],
    "Report": ["message", "reporter", "reason", "handled_at", "handled_by"],
    "Attachment": ["room", "uploader", "message", "kind", "content_type", "size", "width", "height"],
    "ApiToken": ["user", "name", "prefix", "scopes", "expires_at", "revoked_at"],
}
