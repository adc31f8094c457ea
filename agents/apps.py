from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Agents"

    def ready(self) -> None:
        from auditlog.registry import auditlog
        from django.db.models.signals import post_delete, post_save
        from waffle.models import Flag

        from . import models, sockets
        from .routing import routes
        from .runs import warm
        from .switches import flags, switching

        auditlog.register(models.Agent, m2m_fields={"shared_with", "shared_rooms"})
        for model in (models.Seat, models.Breaker, models.McpServer, models.Route):
            auditlog.register(model)
        auditlog.register(models.Deployment, exclude_fields=["key_sealed"])
        for sender in (models.Route, models.Deployment):
            for signal in (post_save, post_delete):
                signal.connect(routes.forget, sender=sender, dispatch_uid=f"agents.routing.routes.{sender.__name__}")
        for signal in (post_save, post_delete):
            signal.connect(flags.forget, sender=Flag, dispatch_uid="agents.switches.flags")
        auditlog.register(Flag, m2m_fields={"users", "groups"})
        switching.connect()
        warm.connect()
        sockets.register()
