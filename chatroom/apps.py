from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class ChatroomConfig(AppConfig):
    name = "chatroom"
    verbose_name = "Chatroom"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (`@shared_task` belongs to this queue from here on)

        # By way of an app that has models: for one without, like this, the signal is not sent.
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("rooms"))


def make_cache_table(*, using: str, **kwargs: Any) -> None:
    """The table of the database cache, so that `migrate` alone leaves nothing to be done by hand."""
    call_command("createcachetable", database=using, verbosity=0)
