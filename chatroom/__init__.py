"""The wiring: settings, addresses, servers and the one command that starts them. No logic of the chat itself."""

from .celery import app as celery_app

__all__ = ["celery_app"]
