"""When a question or its answer is taken back, what agents said to each other about it goes too."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from rooms.models import Event

from ..models import Coordination, Dispute, Status, Step, Tape, Task
from .work import TOGETHER

KEPT = {"forgotten": True}


def forget(event_id: int) -> None:
    """For the events of a message that was redacted or withdrawn."""
    message = Event.objects.filter(pk=event_id).values_list("message_id", flat=True).first()
    if message is not None:
        of_another = Q(alternative_of__reply=message) | Q(made_from__reply=message)
        forget_about(Q(reply=message) | Q(trigger_message=message) | of_another)


@transaction.atomic
def forget_about(which: Q) -> int:
    """Empty what these runs said. Their steps stay, with what they took: who did what is no secret, the words are."""
    runs = list(Task.objects.filter(which).exclude(pattern=Coordination.SEPARATE).values_list("pk", flat=True))
    Step.objects.filter(task__in=runs, kind__in=TOGETHER).update(title="", input=KEPT, output=KEPT)
    Step.objects.filter(task__in=runs, kind=Step.Kind.COMPLETE).exclude(input={}).update(input=KEPT)
    Tape.objects.filter(step__task__in=runs, step__kind__in=TOGETHER).delete()
    Dispute.objects.filter(task__in=runs).update(point="", positions=[], why="", earlier=[])
    return len(runs)


def is_forgotten(task: Task) -> bool:
    """By us, or by the database in the moment a message was taken back."""
    emptied = Q(output=KEPT) | Q(output={}, status=Status.DONE)
    return task.pattern != Coordination.SEPARATE and Step.objects.filter(emptied, task=task, kind__in=TOGETHER).exists()


def forget_late(step: Step) -> None:
    """What was said after its run had ended is not kept at all: the end may have been that the question was gone."""
    Step.objects.filter(pk=step.pk).update(title="", input=KEPT, output=KEPT)
