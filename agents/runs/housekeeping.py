"""What is kept for a time only, and what slipped through when words were taken back."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from rooms.models import Message

from ..models import Step, Tape
from ..models.task import ENDED

RECALLED = (Message.State.REDACTED, Message.State.WITHDRAWN)


def tidy() -> dict[str, int]:
    """Remove old tapes; how many rows of each. Safe to run twice at once.

    The database forgets with the message by itself, but for steps that somebody was ending in the same moment.
    """
    gone = Q(step__task__reply__state__in=RECALLED) | Q(step__task__trigger_message__state__in=RECALLED)
    gone |= Q(step__task__room__deleted_at__isnull=False)
    old = Q(created_at__lt=Now() - timedelta(days=settings.TAPE_DAYS))
    left = Step.objects.filter(task__reply__state__in=RECALLED, status__in=ENDED).exclude(output={}, input={}, title="")
    return {
        "tapes": Tape.objects.filter(old | gone).delete()[0],
        "steps": left.update(output={}, input={}, title=""),
    }
