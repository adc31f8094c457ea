"""What answers look like, for OpenAPI; `present.py` makes them."""

from __future__ import annotations

from rest_framework import serializers

from rooms.api.shapes import PersonShape, Shape
from rooms.models import Message

from ..models import Agent, Approval, Coordination, Reason, Seat, Status, Step
from ..registry.facts import ROUTED
from ..runs.status import Doing
from .together_shapes import ContributionShape, DisputeShape


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
    greeting = serializers.CharField(help_text="What it says when it first comes into a room.")
    capabilities = serializers.ListField(child=serializers.CharField(), help_text="What it is good for.")
    model = serializers.CharField(help_text="The model it speaks with.")
    if "route" in ROUTED:
        route = serializers.CharField(help_text="The named route by which it comes to a model, or nothing.")
    if "route_tags" in ROUTED:
        route_tags = serializers.ListField(child=serializers.CharField())
    tools = serializers.ListField(child=serializers.CharField(), help_text="What it may use besides talking.")
    policies = serializers.ListField(child=serializers.CharField(), help_text="Names of policies it is under.")
    visibility = serializers.ChoiceField(choices=Agent.Visibility.choices, help_text="Who may use it.")
    version = serializers.IntegerField(help_text="The number of what it is now.")
    enabled = serializers.BooleanField()
    owner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    system_prompt = serializers.CharField(required=False, help_text="Only for those who may change the agent.")
    parameters = serializers.DictField(required=False, help_text="Only for those who may change the agent.")
    shared_with = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Only for those who may change the agent."
    )
    shared_rooms = serializers.ListField(
        child=serializers.SlugField(), required=False, help_text="Only for those who may change the agent."
    )
    limits = LimitsShape()


class AgentsShape(Shape):
    results = AgentShape(many=True)


class SeatShape(Shape):
    agent = PersonShape()
    persona = serializers.CharField()
    trigger = serializers.ChoiceField(choices=Seat.Trigger.choices)
    keywords = serializers.ListField(child=serializers.CharField())
    schedule = serializers.CharField(help_text="As for cron, in UTC.")
    instruction = serializers.CharField(help_text="What it is to say at its hour.")
    scheduled_by = serializers.CharField(allow_null=True, help_text="Who asks, and pays, at its hour.")
    status = serializers.ChoiceField(choices=[(doing.value, doing.value) for doing in Doing])
    status_detail = serializers.CharField(help_text="The tool it uses, who paused it and why, or what its model lacks.")
    status_since = serializers.DateTimeField(allow_null=True, help_text="Since when it is paused, or its model fails.")
    tools = serializers.ListField(child=serializers.CharField(), help_text="What it may use here besides talking.")
    tools_off = serializers.ListField(child=serializers.CharField(), help_text="What it may not use here.")
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
    read = serializers.ListField(child=serializers.UUIDField(), help_text="The messages it read that are for you.")


class ShownShape(Shape):
    attachment = serializers.UUIDField()
    message = serializers.UUIDField()
    sha256 = serializers.CharField(help_text="Of the bytes that were sent: the picture as models are shown it.")


class StepShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Step.Kind.choices)
    agent = serializers.CharField(allow_null=True, help_text="Whose step it is, when it is not the run's own agent's.")
    title = serializers.CharField(help_text="What it is to do, where several work together.")
    contribution = ContributionShape(allow_null=True, help_text="Of a step of several agents' work.")
    routed = serializers.CharField(help_text="Why a router chose these agents, where it did.")
    needs = serializers.ListField(child=serializers.UUIDField())
    status = serializers.ChoiceField(choices=Status.choices)
    held = serializers.BooleanField(help_text="It waits for people.")
    attempt = serializers.IntegerField()
    error = serializers.CharField()
    tool = ToolUseShape(allow_null=True, help_text="Of a step of the kind tool.")
    output = serializers.DictField(help_text="What came of it besides the words of the answer itself.")
    prompt = serializers.CharField(allow_null=True, help_text="SHA-256 of the instructions.")
    prompt_sha256 = serializers.CharField(
        allow_null=True,
        help_text=(
            "SHA-256 of the whole prompt. Null without one, for those who may not read all of its sources, and for "
            "everybody once one of them was taken back."
        ),
    )
    pictures = ShownShape(many=True, help_text="Pictures the model was shown.")
    prompt_tokens = serializers.IntegerField(help_text="How long the prompt was, estimated by the house.")
    unseen_sources = serializers.IntegerField(help_text="How many messages it read that are not for you.")
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
    slot = serializers.DateTimeField(allow_null=True, help_text="The minute of a turn by schedule.")
    queued_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when it waits for the agent's other answers to end."
    )
    message = serializers.UUIDField(allow_null=True, help_text="The answer.")
    alternative_of = serializers.UUIDField(allow_null=True, help_text="The run whose answer this one stands beside.")
    pattern = serializers.ChoiceField(choices=Coordination.choices, help_text="How several agents work on it.")
    agent_version = serializers.IntegerField(help_text="Which version of the agent gave this answer.")
    attempt = serializers.IntegerField()
    depth = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    notice = serializers.CharField(help_text="The reason as a sentence.")
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of a US dollar.")
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    disputes = DisputeShape(many=True, help_text="On which points they differ.")
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


class ProvenanceShape(Shape):
    message = serializers.UUIDField()
    room = serializers.SlugField()
    run = serializers.UUIDField()
    agent = PersonShape()
    requester = PersonShape(allow_null=True, help_text="Who asked. Null with the trigger.")
    trigger = SourceShape(allow_null=True, help_text="What it answers. Null when that is gone, or not for you.")
    root = SourceShape(allow_null=True, help_text="What a person said first, in a chain of agents. Null likewise.")
    agent_version = serializers.IntegerField(help_text="Which version of the agent gave this answer.")
    depth = serializers.IntegerField(help_text="How far from the root this is.")
    attempt = serializers.IntegerField(help_text="The how manyth time this agent was asked for this answer.")
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    notice = serializers.CharField(help_text="The reason as a sentence.")
    alternative_of = serializers.UUIDField(allow_null=True, help_text="The run whose answer this one stands beside.")
    pattern = serializers.ChoiceField(choices=Coordination.choices, help_text="How several agents worked on it.")
    prompts = serializers.ListField(child=serializers.CharField(), help_text="SHA-256 of the instructions it had.")
    tools = ToolUseShape(many=True, help_text="The tools it used, with their arguments.")
    calls = serializers.ListField(
        child=serializers.DictField(), help_text="Each call of a model: route, deployment, and what was tried before."
    )
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
    steps = StepShape(many=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ApprovalShape(Shape):
    id = serializers.UUIDField()
    run = serializers.UUIDField()
    step = serializers.UUIDField()
    message = serializers.UUIDField(allow_null=True, help_text="The answer that is waiting.")
    agent = PersonShape()
    requester = serializers.CharField(allow_null=True)
    tool = serializers.CharField()
    arguments = serializers.CharField(help_text="Exactly what it would be called with, as JSON.")
    state = serializers.ChoiceField(choices=Approval.State.choices)
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    may_decide = serializers.BooleanField(help_text="Whether it waits for you, among others.")


class ApprovalsShape(Shape):
    results = ApprovalShape(many=True)
