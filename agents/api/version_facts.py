"""Versions of an agent as JSON, and what that looks like."""

from __future__ import annotations

from rest_framework import serializers

from rooms.api.present import Facts, time
from rooms.api.shapes import Shape

from ..models import AgentVersion
from ..services.versions import changes_between, shown


class VersionShape(Shape):
    number = serializers.IntegerField()
    note = serializers.CharField()
    made_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class VersionsShape(Shape):
    results = VersionShape(many=True)


class ChangeShape(Shape):
    field = serializers.CharField()
    before = serializers.JSONField(help_text="Anything; null where it was not.")
    after = serializers.JSONField(help_text="Anything; null where it is not.")


class ComparedShape(VersionShape):
    snapshot = serializers.DictField(help_text="What the agent was, as far as it is for you.")
    against = serializers.IntegerField(allow_null=True, help_text="What it is compared with. Null: there is none.")
    changes = ChangeShape(many=True)


def version(found: AgentVersion) -> Facts:
    return {
        "number": found.number,
        "note": found.note,
        "made_by": found.made_by and found.made_by.username,
        "created_at": time(found.created_at),
    }


def compared(found: AgentVersion, before: AgentVersion | None, *, to_editor: bool) -> Facts:
    """A version with all of what it is, and what differs from another."""
    now = shown(found.snapshot, to_editor=to_editor)
    was = shown(before.snapshot, to_editor=to_editor) if before else now
    changes = [{"field": one.field, "before": one.before, "after": one.after} for one in changes_between(was, now)]
    return {
        **version(found),
        "snapshot": now,
        "against": before and before.number,
        "changes": changes,
    }
