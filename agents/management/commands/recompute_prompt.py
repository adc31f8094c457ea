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
            for line in lines_of(step, one):
                self.stdout.write(f"    {line}")
        if any(one is not None and not one.is_equal for _, one in found):
            raise SystemExit(1)


def lines_of(step: Step, one: Recomputed | None) -> list[str]:
    if one is None and step.prompt_sha256:
        return ["cannot be said: what tools answered into it is not kept"]
    if one is None:
        return ["no prompt: no model was asked"]
    if one.is_equal:
        return [f"equal      {one.recorded}"]
    return [f"different  {one.recorded} then", f"           {one.found} now", *one.reasons]
