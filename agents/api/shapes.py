"""What answers look like, for OpenAPI; `present.py` makes them."""

from __future__ import annotations

from rest_framework import serializers

from rooms.api.shapes import PersonShape, Shape
from rooms.models import Message

from ..models import Reason, Seat, Status, Step


class LimitsShape(Shape):
    max_prompt_tokens = serializers.IntegerField()
    max_reply_tokens = serializers.IntegerField()
    context_messages = serializers.IntegerField()
    connect_seconds = serializers.FloatField()
    first_token_seconds = serializers.FloatField()
    idle_seconds = serializers.FloatField()
    total_seconds = serializers.FloatField()


class AgentShape(PersonShape):
    about = serializers.CharField()
    persona = serializers.CharField()
    model = serializers.CharField(help_text="The model it speaks with.")
    tools = serializers.ListField(child=serializers.CharField(), help_text="What it may use besides talking.")
    enabled = serializers.BooleanField()
    owner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    system_prompt = serializers.CharField(required=False, help_text="Only for those who may change the agent.")
    parameters = serializers.DictField(required=False, help_text="Only for those who may change the agent.")
    limits = LimitsShape()


class AgentsShape(Shape):
    results = AgentShape(many=True)


class SeatShape(Shape):
    agent = PersonShape()
    persona = serializers.CharField()
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices)
    added_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class SeatsShape(Shape):
    results = SeatShape(many=True)


class PauseShape(Shape):
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class UsageShape(Shape):
    model = serializers.CharField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of a US dollar.")
    estimated = serializers.BooleanField()


class ToolUseShape(Shape):
    name = serializers.CharField()
    arguments = serializers.CharField(help_text="As the model wrote them.")
    result = serializers.JSONField(
        allow_null=True, help_text="Data. What was read in the room is gone when the run has ended: see read."
    )
    error = serializers.CharField()
    read = serializers.ListField(child=serializers.UUIDField(), help_text="The messages it read.")


class StepShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Step.Kind.choices)
    needs = serializers.ListField(child=serializers.UUIDField())
    status = serializers.ChoiceField(choices=Status.choices)
    attempt = serializers.IntegerField()
    error = serializers.CharField()
    tool = ToolUseShape(allow_null=True, help_text="Of a step of the kind tool.")
    prompt = serializers.CharField(allow_null=True, help_text="SHA-256 of the instructions.")
    prompt_sha256 = serializers.CharField(help_text="SHA-256 of the whole prompt.")
    usage = UsageShape(many=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class RunShape(Shape):
    id = serializers.UUIDField()
    room = serializers.SlugField()
    agent = PersonShape()
    requester = serializers.CharField(allow_null=True)
    trigger_message = serializers.UUIDField(allow_null=True)
    root_message = serializers.UUIDField(allow_null=True)
    message = serializers.UUIDField(allow_null=True, help_text="The answer.")
    attempt = serializers.IntegerField()
    depth = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    notice = serializers.CharField(help_text="The reason as a sentence.")
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    steps = StepShape(many=True)


class RunsShape(Shape):
    results = RunShape(many=True)
    has_before = serializers.BooleanField()


class SourceShape(Shape):
    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    author = PersonShape()
    state = serializers.ChoiceField(choices=Message.State.choices)
    excerpt = serializers.CharField(help_text="How it begins, as it stands now.")
    change = serializers.ChoiceField(
        choices=["edited", "redacted", "withdrawn", "held"],
        allow_blank=True,
        help_text="What has befallen it since it was read.",
    )
    created_at = serializers.DateTimeField()


class StepBehindShape(StepShape):
    prompt_sha256 = serializers.CharField(
        allow_null=True,
        help_text="SHA-256 of the whole prompt. Null without one, and for those who may not read all of its sources.",
    )
    prompt_tokens = serializers.IntegerField(help_text="How long the prompt was, estimated by the house.")


class ProvenanceShape(Shape):
    message = serializers.UUIDField()
    room = serializers.SlugField()
    run = serializers.UUIDField()
    agent = PersonShape()
    requester = PersonShape(allow_null=True, help_text="Who asked. Null with the trigger.")
    trigger = SourceShape(allow_null=True, help_text="What it answers. Null when that is gone, or not for you.")
    root = SourceShape(allow_null=True, help_text="What a person said first, in a chain of agents. Null likewise.")
    depth = serializers.IntegerField(help_text="How far from the root this is.")
    attempt = serializers.IntegerField(help_text="The how manyth time this agent was asked for this answer.")
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    notice = serializers.CharField(help_text="The reason as a sentence.")
    model = serializers.CharField(allow_null=True, help_text="Null when none was called.")
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of a US dollar.")
    estimated = serializers.BooleanField(help_text="The provider did not say, so these are estimates.")
    sources = SourceShape(many=True, help_text="The messages that were read, oldest first.")
    unseen_sources = serializers.IntegerField(help_text="How many more were read that are not for you.")
    reproducible = serializers.BooleanField(
        allow_null=True, help_text="Whether the sources, as they stand now, still give the same prompt."
    )
    differences = serializers.ListField(child=serializers.CharField(), help_text="Why not, in sentences.")
    steps = StepBehindShape(many=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
