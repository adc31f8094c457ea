from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Agents"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from . import models, sockets, warm

        for model in (models.Agent, models.Seat, models.Breaker, models.McpServer):
            auditlog.register(model)
        warm.connect()
        sockets.register()
