from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rooms.errors import RoomsError
from rooms.models import User
from rooms.services.tokens import create_token


class Command(BaseCommand):
    help = "Make a personal API token and print it, alone, on standard output. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scopes", default="read,write", help="some of read,write,moderate,admin")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--days", type=int, default=90, help="how long it holds; 0: it does not expire")

    def handle(self, *args: Any, username: str, scopes: str, name: str, days: int, **options: Any) -> None:
        user = User.objects.filter(username=username.strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user «{username}».")
        wanted = scopes.replace(",", " ").split()
        try:
            _, secret = create_token(
                user=user, name=name, scopes=wanted, expires_in=timedelta(days=days) if days else None
            )
        except RoomsError as error:
            said = [sentence for sentences in (error.fields or {}).values() for sentence in sentences]
            raise CommandError(" ".join(said) or error.detail) from None
        self.stdout.write(secret)
