from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from rooms.errors import Conflict, Invalid, NotFound
from rooms.models import Message, User

from ..models import Feedback, FeedbackReason, Task, Thumb

MOST_NOTE = 500


def give_feedback(*, message: Message, by: User, thumb: str, reasons: Sequence[str] = (), note: str = "") -> Feedback:
    """Say what one thinks of an answer; said again, it replaces what was said before. Raises NotFound for a message
    that no agent wrote."""
    check(thumb, reasons, note)
    with transaction.atomic():
        found = an_answer(message)
        if found.is_recalled or found.state == Message.State.WRITING:
            raise Conflict("There is nothing to judge here yet, or not any more.")
        facts = {"thumb": thumb, "reasons": sorted(set(reasons)), "note": note.strip()}
        return Feedback.objects.update_or_create(message=message, user=by, defaults=facts)[0]


def take_back_feedback(*, message: Message, by: User) -> None:
    Feedback.objects.filter(message=message, user=by).delete()


def an_answer(message: Message) -> Message:
    """The message as it is now, kept from being taken back meanwhile."""
    if not Task.objects.filter(reply=message).exists():
        raise NotFound("No agent wrote this message.")
    return Message.objects.select_for_update(of=("self",), no_key=True).get(pk=message.pk)


def check(thumb: str, reasons: Sequence[str], note: str) -> None:
    wrong: dict[str, list[str]] = {}
    if thumb not in Thumb.values:
        wrong["thumb"] = [f"One of {', '.join(Thumb.values)}."]
    if any(reason not in FeedbackReason.values for reason in reasons):
        wrong["reasons"] = [f"Of {', '.join(FeedbackReason.values)}."]
    if len(note) > MOST_NOTE or any(not sign.isprintable() and sign not in "\n\t" for sign in note):
        wrong["note"] = [f"At most {MOST_NOTE} characters that can be shown."]
    if wrong:
        raise Invalid(fields=wrong)
