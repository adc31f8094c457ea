from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agents.inside.provenance import Recomputed, recompute
from agents.models import Step


class Command(BaseCommand):
    help = (
        "Build the prompts of a run again from the messages that were recorded, and compare their SHA-256. "
        "Says why where one differs, and ends with 1 then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=UUID, help="the id of the run, which its answer names too")

    def handle(self, *args: Any, run: UUID, **options: Any) -> None:
        steps = list(Step.objects.filter(task=run).select_related("prompt", "task__room", "task__agent").order_by("id"))
        if not steps:
            raise CommandError(f"There is no run {run}.")
        found = [(step, recompute(step)) for step in steps]
        for step, one in found:
            self.stdout.write(f"{step.kind} {step.pk}")
            for line in lines_of(one):
                self.stdout.write(f"    {line}")
        if any(one is not None and not one.is_equal for _, one in found):
            raise SystemExit(1)


def lines_of(one: Recomputed | None) -> list[str]:
    if one is None:
        return ["no prompt: it ended before one was built"]
    if one.is_equal:
        return [f"equal      {one.recorded}"]
    return [f"different  {one.recorded} then", f"           {one.found} now", *one.reasons]
