from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from .. import allowances, guessing
from ..models import Invitation, Revocation
from . import leftovers

FORGET_REVOCATIONS = timedelta(hours=1)
FORGET_INVITATIONS = timedelta(days=30)


def tidy() -> dict[str, int]:
    """Remove what has no use any more; how many rows of each. Safe to run twice at once."""
    return {
        "revocations": Revocation.objects.filter(at__lt=Now() - FORGET_REVOCATIONS).delete()[0],
        "invitations": Invitation.objects.filter(expires_at__lt=Now() - FORGET_INVITATIONS).delete()[0],
        "attempts": guessing.forget_old(),
        "unposted": leftovers.forget_unposted(),
        "orphans": leftovers.forget_orphans(),
        "tallies": allowances.forget_old(),
        "sessions": Session.objects.filter(expire_date__lt=Now()).delete()[0],
    }
