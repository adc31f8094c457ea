"""Celery's door: housekeeping of the ground floor."""

from __future__ import annotations

from celery import shared_task

from .services.housekeeping import tidy as tidy_up


@shared_task
def tidy() -> None:
    """Beat calls this each hour."""
    tidy_up()
