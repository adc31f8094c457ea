"""What requests may say."""

from __future__ import annotations

from rest_framework import serializers

from rooms.api.base import Strict, Username
from rooms.legible import check_name

from ..models import Seat, Status


class SeatForm(Strict):
    agent = Username()
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices, default=Seat.Trigger.MENTION)


class TriggerForm(Strict):
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices)


class PauseForm(Strict):
    reason = serializers.CharField(max_length=280, required=False, allow_blank=True, default="")


class AgentFacts(Strict):
    """All of an agent that its owner decides. The model's own checks say which values are right."""

    display_name = serializers.CharField(max_length=64, required=False, validators=[check_name])
    about = serializers.CharField(max_length=280, required=False, allow_blank=True)
    persona = serializers.CharField(max_length=280, required=False, allow_blank=True)
    system_prompt = serializers.CharField(max_length=8_000, required=False, allow_blank=True)
    model = serializers.CharField(max_length=128, required=False, allow_blank=True)
    parameters = serializers.DictField(required=False)
    tools = serializers.ListField(child=serializers.CharField(max_length=64), max_length=50, required=False)
    enabled = serializers.BooleanField(required=False)
    max_prompt_tokens = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    max_reply_tokens = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    context_messages = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    connect_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    first_token_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    idle_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)
    total_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**4)


class NewAgentForm(AgentFacts):
    username = Username()


class RunsQuery(Strict):
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    before = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, default=50)
