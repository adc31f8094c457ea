"""What the framework tells us of sign-ins, grants and deleted rows, turned into revocations, events and deleted files.

The only signals in the house: they are Django's and guardian's own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from guardian.models import UserObjectPermission

from .events import record
from .models import Attachment, Room, User
from .services.leftovers import remove_files
from .services.tokens import revoke


@receiver(user_logged_out)
def session_ended(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Signing out closes the sockets of that session, not those of the person's other devices."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if user is not None and key:
        revoke(user, "signed_out", session_key=key)


@receiver(pre_save, sender=User)
def remember_credentials(instance: User, **_: Any) -> None:
    """Note what stood there, so that `credentials_changed` knows. One query, on saving a user."""
    before = User.objects.filter(pk=instance.pk).values_list("password", "is_active").first() if instance.pk else None
    instance._before = before  # type: ignore[attr-defined]


@receiver(post_save, sender=User)
def credentials_changed(instance: User, created: bool, **_: Any) -> None:
    """A new password or a deactivated account ends every open connection; sessions of an old password die by
    themselves.
    """
    before = getattr(instance, "_before", None)
    if created or before is None:
        return
    password, was_active = before
    if was_active and not instance.is_active:
        revoke(instance, "deactivated")
    elif password != instance.password and not _rehashed(instance):
        revoke(instance, "password_changed")


def _rehashed(user: User) -> bool:
    """Signing in may store the same password under a stronger hash: `set_password` was not called then."""
    return getattr(user, "_password", None) is None


@receiver([post_save, post_delete], sender=UserObjectPermission)
def grant_changed(instance: UserObjectPermission, signal: Any, **_: Any) -> None:
    """A grant by name came or went: whoever it concerns is asked anew what they may see, on every open feed."""
    if instance.content_type.model_class() is not Room:
        return
    with transaction.atomic():
        room = Room.objects.live().filter(pk=instance.object_pk).first()
        if room is not None:
            facts = {"permission": instance.permission.codename, "granted": signal is post_save}
            record(room, "grant.changed", actor=None, about=instance.user, data=facts, visible_to=[instance.user_id])


@receiver(post_delete, sender=Attachment)
def attachment_deleted(instance: Attachment, **_: Any) -> None:
    """Its files go once it is certain that the row has: with its message, its room, or alone, whoever deleted it."""
    transaction.on_commit(partial(remove_files, instance.paths), robust=True)
