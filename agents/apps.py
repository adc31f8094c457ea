from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Agents"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from . import models, sockets, warm

        auditlog.register(models.Agent, m2m_fields={"shared_with", "shared_rooms"})
        for model in (models.Seat, models.Breaker, models.McpServer):
            auditlog.register(model)
        warm.connect()
        sockets.register()
