from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from agents.inside.replaying import Replayed, Turning, replay
from agents.models import Agent, Task
from agents.together.work import name_of


class Command(BaseCommand):
    help = (
        "Play a run again offline: its prompts are built from the recorded messages, its model is the recorded tape, "
        "its tools are what they answered. The answer goes to standard output and nowhere else; nothing is written but "
        "the bill of a live call, which the house pays. "
        "Where several agents worked on it, all that they contributed is played too. "
        "Ends with 1 when there is no tape for what would be asked now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=UUID, help="the id of the run, which its answer names too")
        parser.add_argument(
            "--agent", metavar="USERNAME", help="answered by another agent: its instructions, model, tools"
        )
        parser.add_argument(
            "--steps",
            action="store_true",
            help="write what each step said too, one JSON object a line, the answer last",
        )
        parser.add_argument("--without-memory", action="store_true", help="leave out what memory told the agent")
        parser.add_argument(
            "--live", action="store_true", help="where there is no tape, ask the model itself; that costs money"
        )

    def handle(self, *args: Any, run: UUID, agent: str | None, **options: Any) -> None:
        related = Task.objects.select_related("room", "agent__user", "trigger_message__author", "reply", "requester")
        task = related.filter(pk=run).first()
        if task is None:
            raise CommandError(f"There is no run {run}.")
        how = Turning(other(agent) if agent else None, options["without_memory"], options["live"])
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
            found = replay(task, how)
        self.stdout.write(in_lines(found) if options["steps"] else found.text, ending="")
        for remark in dict.fromkeys(found.remarks):
            self.stderr.write(remark)
        if found.complete and task.reply is not None:
            same = found.text == task.reply.body and not found.differs
            self.stderr.write("It is the same." if same else "It is not what stands there.")
        if not found.complete:
            raise SystemExit(1)


def in_lines(found: Replayed) -> str:
    said = [
        {
            "step": step.pk,
            "kind": step.kind,
            "agent": name_of(step),
            "said": played.facts or played.text,
            "end": played.end,
        }
        for step, played in found.steps
    ]
    return "".join(orjson.dumps(one).decode() + "\n" for one in [*said, {"answer": found.text}])


def other(username: str) -> Agent:
    found = Agent.objects.select_related("user").filter(user__username=username).first()
    if found is None:
        raise CommandError(f"There is no agent {username}.")
    return found
