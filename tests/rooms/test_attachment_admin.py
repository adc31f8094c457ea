"""The console's view of files: facts without names, except of what was reported; and a way to remove one."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.test import Client

from rooms.models import Attachment, Message, Report, Room, User
from rooms.services.messages import post_message
from tests.conftest import person
from tests.files import attached

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def sent(den: Room, bob: User) -> Attachment:
    file = attached(den, bob, "private-name.png")
    post_message(room=den, author=bob, body="look", attachments=[file.pk])
    file.refresh_from_db()
    return file


def staff(username: str, *permissions: str, **facts: Any) -> Client:
    user = person(username, is_staff=True, **facts)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_a_message_shows_its_files_by_facts_and_a_report_by_name(sent: Attachment, ada: User) -> None:
    client = staff("root", is_superuser=True)
    page = client.get(f"/admin/rooms/message/{sent.message_id}/change/").content.decode()
    assert "image/png" in page
    assert "private-name" not in page
    assert "private-name" not in client.get(f"/admin/rooms/attachment/{sent.pk}/change/").content.decode()
    report = Report.objects.create(message=Message.objects.get(pk=str(sent.message_id)), reporter=ada)
    assert "private-name.png" in client.get(f"/admin/rooms/report/{report.pk}/change/").content.decode()


def test_those_who_may_delete_files_remove_one_with_what_it_was_stored_as(sent: Attachment) -> None:
    act = {"action": "remove", "_selected_action": [str(sent.pk)]}
    looker, remover = staff("looker", "view_attachment"), staff("remover", "view_attachment", "delete_attachment")
    looker.post("/admin/rooms/attachment/", act)
    assert Attachment.objects.exists()
    assert remover.post("/admin/rooms/attachment/", act, follow=True).status_code == 200
    assert not Attachment.objects.exists()
    assert not any(default_storage.exists(path) for path in sent.paths)
    assert Message.objects.get(attachments=None, author=sent.uploader).attached == 0


def test_the_diffs_of_the_console_tell_of_a_file_without_its_name(sent: Attachment) -> None:
    sent.delete()
    entries = LogEntry.objects.filter(content_type__model="attachment")
    assert [entry.get_action_display() for entry in entries.order_by("pk")] == ["create", "delete"]
    assert not any("private-name" in str(entry.changes) for entry in entries)
