"""Bring the database to where this version of the code needs it, and fill an empty one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from rooms.models import Room


class Command(BaseCommand):
    help = "Migrate; then, if there is no room yet, load the demo data. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        if not options["no_demo"] and not Room.objects.exists():
            self.stdout.write("loading the demo data, once")
            call_command("seed_demo")
