from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from chatroom.demo.load import load_demo


class Command(BaseCommand):
    help = "Load the demo's people, rooms and talk, once: a database that has rooms already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        if load_demo():
            self.stdout.write("The demo is loaded. ada, bob, mod, eve, gus and admin have the password chatroom-demo.")
        else:
            self.stdout.write("There are rooms here already; nothing was loaded.")
