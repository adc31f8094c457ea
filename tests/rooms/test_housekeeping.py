from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from rooms.models import Invitation, Revocation, Room, User
from rooms.services.housekeeping import tidy
from rooms.services.invitations import create_invitation
from rooms.services.tokens import revoke

pytestmark = pytest.mark.django_db


def test_what_has_no_use_any_more_goes_and_the_rest_stays(den: Room, ada: User) -> None:
    long_ago = timezone.now() - timedelta(days=60)
    old, _ = create_invitation(room=den, by=ada)
    Invitation.objects.filter(pk=old.pk).update(expires_at=long_ago)
    create_invitation(room=den, by=ada)
    revoke(ada, "old")
    Revocation.objects.update(at=long_ago)
    revoke(ada, "new")
    Session.objects.create(session_key="old", session_data="", expire_date=long_ago)
    assert tidy() == {"revocations": 1, "invitations": 1, "attempts": 0, "tallies": 0, "sessions": 1}
    assert not any(tidy().values())
