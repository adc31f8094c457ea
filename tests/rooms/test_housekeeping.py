from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from rooms.models import Attachment, Invitation, Revocation, Room, User
from rooms.services.housekeeping import tidy
from rooms.services.invitations import create_invitation
from rooms.services.tokens import revoke
from tests.files import attached

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
    unsent = attached(den, ada)
    Attachment.objects.filter(pk=unsent.pk).update(created_at=long_ago)
    assert {what: number for what, number in tidy().items() if number} == {
        "revocations": 1, "invitations": 1, "unposted": 1, "sessions": 1
    }  # fmt: skip
    assert not any(tidy().values())
