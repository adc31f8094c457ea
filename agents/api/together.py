"""Asking several agents at once, how they behave in a room, their plans and their disputes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import APIView, Request, Response, Strict, Username
from rooms.api.forms import Files
from rooms.api.shapes import MessageShape, Shape
from rooms.errors import Invalid

from .. import services
from ..access import ASK, dispute_for, needed_to_decide
from ..models import Conduct, Coordination, Stance, conduct_of
from ..models.conduct import ENERGY
from ..services.plans import plan_held
from ..together.acts import LONGEST
from ..together.planning import MOST, TITLE
from . import together_json as present
from .runs import RunView
from .shapes import RunShape
from .together_shapes import DisputeShape

MANAGE = "rooms.manage_seats"


class AskForm(Strict):
    body = serializers.CharField(max_length=64_000, trim_whitespace=False, required=False, allow_blank=True, default="")
    coordination = serializers.ChoiceField(
        choices=Coordination.choices, required=False, help_text="The room's own way without one."
    )
    agents = serializers.ListField(child=Username(), required=False, max_length=8)
    reviewed = serializers.BooleanField(required=False, help_text="The lead judges what the others contribute.")
    approves_plans = serializers.BooleanField(required=False, help_text="A plan waits until it is approved.")
    client_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    reply_to = serializers.UUIDField(required=False, allow_null=True)
    thread = serializers.UUIDField(required=False, allow_null=True)
    visible_to = serializers.ListField(child=Username(), required=False, allow_null=True, max_length=100)
    attachments = Files()


class AskTogether(APIView):
    @extend_schema(
        operation_id="ask_together",
        request=AskForm,
        responses={201: MessageShape, 200: MessageShape},
        tags=["agents"],
        summary="Say something and how several agents are to answer it",
        description="Without agents those answer who would answer anyway; if none would, all that sit here.",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.post_message")
        self.check_reach(room, ASK)
        posted = services.ask(room=room, by=self.person, **self.read(AskForm))
        return Response(posted.message, status=201 if posted.created else 200)


class ConductForm(Strict):
    coordination = serializers.ChoiceField(choices=Coordination.choices, required=False)
    lead = Username(required=False, allow_null=True, allow_blank=True)
    rounds = serializers.IntegerField(required=False)
    approves_plans = serializers.BooleanField(required=False)
    reviews = serializers.BooleanField(required=False)
    whole_review = serializers.BooleanField(required=False)
    max_depth = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    max_turns = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    max_cost_micros = serializers.IntegerField(required=False, min_value=0, max_value=10**15)
    max_seconds = serializers.IntegerField(required=False, min_value=0, max_value=10**9)


class ConductShape(Shape):
    room = serializers.SlugField()
    coordination = serializers.ChoiceField(choices=Coordination.choices)
    lead = serializers.CharField(allow_null=True, help_text="The agent that speaks for the others.")
    rounds = serializers.IntegerField(help_text="How many rounds agents may talk, at most.")
    approves_plans = serializers.BooleanField(help_text="Plans wait for who asked, or a moderator.")
    reviews = serializers.BooleanField(help_text="The lead judges what the others contribute.")
    whole_review = serializers.BooleanField(help_text="Answers are shown when they are whole.")
    max_depth = serializers.IntegerField(help_text="How far a chain of agents may go from what a person said.")
    max_turns = serializers.IntegerField()
    max_cost_micros = serializers.IntegerField(help_text="Millionths of a US dollar.")
    max_seconds = serializers.IntegerField()


def conduct_json(found: Conduct) -> dict[str, Any]:
    lead = found.lead.user.username if found.lead else None
    names = ("coordination", "rounds", "approves_plans", "reviews", "whole_review", *ENERGY)
    return {"room": found.room.slug, "lead": lead, **{name: getattr(found, name) for name in names}}


class RoomConduct(APIView):
    scopes = {"PATCH": "admin"}

    @extend_schema(
        operation_id="show_conduct", responses=ConductShape, tags=["agents"], summary="How agents behave in a room"
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(conduct_json(conduct_of(self.room())))

    @extend_schema(
        operation_id="change_conduct",
        request=ConductForm,
        responses=ConductShape,
        tags=["agents"],
        summary="Change how agents behave in a room",
    )
    def patch(self, request: Request, slug: str) -> Response:
        room = self.room(MANAGE)
        return Response(conduct_json(services.change_conduct(room=room, by=self.person, **self.read(ConductForm))))


class SubtaskShape(Shape):
    agent = serializers.CharField()
    title = serializers.CharField()
    instruction = serializers.CharField()
    needs = serializers.ListField(child=serializers.IntegerField(), help_text="Numbers of others; the first is 1.")


class PlanShape(Shape):
    steps = SubtaskShape(many=True)


class SubtaskForm(Strict):
    agent = Username()
    title = serializers.CharField(max_length=TITLE, required=False, allow_blank=True)
    instruction = serializers.CharField(
        max_length=LONGEST, required=False, allow_blank=True, help_text="It or the title says what is to be done."
    )
    needs = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        max_length=MOST,
        help_text="Numbers of others; the first is 1.",
    )


class PlanForm(Strict):
    decision = serializers.ChoiceField(choices=["approve", "edit", "refuse"])
    steps = SubtaskForm(many=True, required=False, help_text="Eight at most.")


class RunPlan(RunView):
    @extend_schema(
        operation_id="show_plan", responses=PlanShape, tags=["runs"], summary="The plan that waits for people, if any"
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response({"steps": [one.as_facts() for one in plan_held(self.run(run_id))]})

    @extend_schema(
        operation_id="decide_plan",
        request=PlanForm,
        responses=RunShape,
        tags=["runs"],
        summary="Approve, change or refuse a plan (who asked for it, and moderators)",
        description="To edit, send all steps as they should be carried out; that approves them.",
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, needed_to_decide(self.person, run))
        said = self.read(PlanForm)
        if (said["decision"] == "edit") != ("steps" in said):
            raise Invalid(fields={"steps": ["To edit, and only then, say which steps."]})
        services.decide_plan(run=run, by=self.person, **said)
        return Response(self.shown(run))


class SpeakAgain(RunView):
    with_body = ()

    @extend_schema(
        operation_id="speak_again",
        request=None,
        responses={201: RunShape},
        tags=["runs"],
        summary="Another answer from the same contributions, by the decisions as they stand now",
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, ASK)
        again = services.speak_again(run=run, by=self.person)
        return Response(self.shown(again), status=201)


class FlipForm(Strict):
    chosen = serializers.ChoiceField(choices=Stance.choices)
    why = serializers.CharField(max_length=600, required=False, allow_blank=True)


class FlipDispute(APIView):
    """Its room is not in the address, so a token's rooms are minded here."""

    for_bound_tokens = True

    @extend_schema(
        operation_id="flip_dispute",
        request=FlipForm,
        responses=DisputeShape,
        tags=["runs"],
        summary="Decide a disputed point otherwise (who may ask agents)",
    )
    def post(self, request: Request, dispute_id: UUID) -> Response:
        dispute = dispute_for(self.person, dispute_id)
        self.check_reach(dispute.task.room, ASK)
        flipped = services.flip_dispute(dispute=dispute, by=self.person, **self.read(FlipForm))
        return Response(present.dispute(flipped))
