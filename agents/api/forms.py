"""What requests may say."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from rooms.api.base import Strict, Username
from rooms.api.forms import Files
from rooms.legible import check_name

from ..models import Agent, Approval, Coordination, Seat, Status
from ..registry.facts import ROUTED
from ..services.moving import FORMAT
from ..services.sessions import MOST_AGENTS


class TriggerFacts(Strict):
    """When an agent speaks; the services say what goes with what."""

    keywords = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=20, required=False, help_text="Of the trigger keyword."
    )
    schedule = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="As for cron, in UTC: minute, hour, day, month, weekday.",
    )
    instruction = serializers.CharField(
        max_length=2_000, required=False, allow_blank=True, help_text="What it is to say at its hour."
    )


class SeatForm(TriggerFacts):
    agent = Username()
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices, default=Seat.Trigger.MENTION)


class TriggerForm(TriggerFacts):
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices, required=False)
    tools_off = serializers.ListField(child=serializers.CharField(max_length=64), max_length=50, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError({"trigger": ["This field is required."]})
        return attrs


def words(longest: int, most: int = 50, **facts: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=longest), max_length=most, required=False, **facts
    )


class PauseForm(Strict):
    reason = serializers.CharField(max_length=280, required=False, allow_blank=True, default="")


class AgentFacts(Strict):
    """All that makes an agent what it is. The model's own checks say which values are right."""

    display_name = serializers.CharField(max_length=64, required=False, allow_blank=True, validators=[check_name])
    about = serializers.CharField(max_length=280, required=False, allow_blank=True)
    avatar = serializers.CharField(
        max_length=16, required=False, allow_blank=True, help_text="An emoji or two letters."
    )
    hue = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=359)
    persona = serializers.CharField(max_length=280, required=False, allow_blank=True)
    system_prompt = serializers.CharField(max_length=8_000, required=False, allow_blank=True)
    greeting = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="What it says when it first comes into a room."
    )
    capabilities = words(32, help_text="What it is good for, in short words.")
    model = serializers.CharField(max_length=128, required=False, allow_blank=True, help_text="For staff to say.")
    parameters = serializers.DictField(required=False)
    tools = words(64)
    policies = words(64, help_text="Names of policies it is under.")
    max_prompt_tokens = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    max_reply_tokens = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    context_messages = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    connect_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    first_token_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    idle_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    total_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    if "route" in ROUTED:
        route = serializers.CharField(max_length=64, required=False, allow_blank=True)
    if "route_tags" in ROUTED:
        route_tags = words(32)


class AgentChanges(AgentFacts):
    enabled = serializers.BooleanField(required=False)
    visibility = serializers.ChoiceField(
        choices=Agent.Visibility.choices,
        required=False,
        help_text="Who may use it. Of a new one: public if you are staff, else private.",
    )
    shared_with = words(33, 100, help_text="Usernames of those who may use it when it is shared.")
    shared_rooms = words(64, 100, help_text="Slugs of rooms whose members may use it when it is shared.")
    note = serializers.CharField(max_length=280, required=False, allow_blank=True, help_text="What the change is for.")


class NewAgentForm(AgentChanges):
    username = Username()


class AgentFile(AgentFacts):
    """What an export says, and an import reads."""

    format = serializers.ChoiceField(choices=[FORMAT])
    username = Username(help_text="Its name in the house it comes from; give another one if that is taken.")


class CopyForm(Strict):
    username = Username()


class AgentsQuery(Strict):
    q = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    whose = serializers.ChoiceField(choices=["", "mine", "shared", "public"], required=False, default="")


class VersionQuery(Strict):
    against = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Compare with this one. Without it, the one before."
    )


class SessionForm(Strict):
    agents = serializers.ListField(child=Username(), min_length=1, max_length=MOST_AGENTS, help_text="Usernames.")
    coordination = serializers.ChoiceField(choices=Coordination.choices, default=Coordination.SEPARATE)
    name = serializers.CharField(max_length=80, required=False)


class SessionsQuery(Strict):
    deleted = serializers.BooleanField(default=False, help_text="Those I deleted and can restore.")
    before = serializers.SlugField(max_length=64, required=False, help_text="The id of the last one you have.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


class QuestionForm(Strict):
    """What somebody says to the agents of a conversation: words, files, or both."""

    body = serializers.CharField(
        required=False, allow_blank=True, help_text="Markdown. Needed unless there are attachments."
    )
    client_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    attachments = Files()


class DirectForm(QuestionForm):
    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if "body" not in said and not said.get("attachments"):
            raise serializers.ValidationError({"body": ["This field is required."]})
        return {"body": "", **said}


class TogetherForm(QuestionForm):
    coordination = serializers.ChoiceField(choices=Coordination.choices)
    question = serializers.CharField(
        required=False, allow_blank=True, help_text="The same under another name; give one of the two."
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        given = [said.pop(name) for name in ("body", "question") if name in said]
        if len(given) > 1 or not (given or said.get("attachments")):
            raise serializers.ValidationError({"body": ["Give one of body and question."]})
        return {**said, "body": "".join(given)}


class RunsQuery(Strict):
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    before = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, default=50)


class ApprovalsQuery(Strict):
    state = serializers.ChoiceField(choices=Approval.State.choices, required=False, default=Approval.State.WAITING)


class DecisionForm(Strict):
    decision = serializers.ChoiceField(choices=["approve", "deny"])
