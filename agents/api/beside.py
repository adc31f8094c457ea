"""What people do about an answer: ask for another, ask otherwise, judge it, stop and redo its steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import Request, Response, Strict, Username
from rooms.api.messages import MessageView
from rooms.api.present import time
from rooms.api.shapes import MessageShape, Shape
from rooms.models import Message

from .. import services
from ..access import ASK, agent_seated, needed_to_cancel
from ..inside.beside import answering_run
from ..inside.feedback import Opinions, opinions_of
from ..models import Feedback, FeedbackReason, Thumb
from .runs import RunView
from .shapes import RunShape

POST = "rooms.post_message"
JUDGE = "rooms.add_reaction"


class RegenerateForm(Strict):
    agent = Username(required=False)


class BranchForm(Strict):
    body = serializers.CharField(trim_whitespace=False)
    client_id = serializers.CharField(required=False, allow_blank=True, max_length=64, default="")


class FeedbackForm(Strict):
    thumb = serializers.ChoiceField(choices=Thumb.choices)
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=FeedbackReason.choices), max_length=9, required=False, default=list
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class OpinionShape(Shape):
    user = serializers.CharField()
    thumb = serializers.ChoiceField(choices=Thumb.choices)
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=FeedbackReason.choices))
    note = serializers.CharField()
    changed_at = serializers.DateTimeField()


class FeedbackShape(Shape):
    mine = OpinionShape(allow_null=True)
    all = OpinionShape(many=True, allow_null=True, help_text="What everybody said. Only for moderators.")


class Regenerate(RunView):
    @extend_schema(
        operation_id="regenerate",
        request=RegenerateForm,
        responses={201: RunShape},
        tags=["runs"],
        summary="Ask for another answer beside this one, of the same agent or of another",
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        message = self.message(ASK)
        said = self.read(RegenerateForm, request.data or {})
        run = answering_run(message)
        agent = agent_seated(said["agent"], run.room) if "agent" in said else None
        again = services.regenerate(run=run, by=self.person, agent=agent)
        return Response(self.shown(again), status=201)


class BranchMessage(MessageView):
    @extend_schema(
        operation_id="branch_message",
        request=BranchForm,
        responses={200: MessageShape, 201: MessageShape},
        tags=["messages"],
        summary="Ask your own question again in other words; the first one stays",
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        posted = services.branch(message=self.message(POST), by=self.person, **self.read(BranchForm))
        return Response(orjson.loads(posted.json), status=201 if posted.created else 200)


class MessageFeedback(MessageView):
    @extend_schema(
        operation_id="feedback",
        responses=FeedbackShape,
        tags=["runs"],
        summary="What you think of an answer; as a moderator, what everybody does",
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        return self.opinions(self.message())

    @extend_schema(
        operation_id="give_feedback",
        request=FeedbackForm,
        responses=FeedbackShape,
        tags=["runs"],
        summary="Say what you think of an answer, and why",
    )
    def put(self, request: Request, message_id: UUID) -> Response:
        message = self.message(JUDGE)
        services.give_feedback(message=message, by=self.person, **self.read(FeedbackForm))
        return self.opinions(message)

    @extend_schema(
        operation_id="take_back_feedback",
        responses={200: FeedbackShape},
        tags=["runs"],
        summary="Take your thumb back",
    )
    def delete(self, request: Request, message_id: UUID) -> Response:
        message = self.message(JUDGE)
        services.take_back_feedback(message=message, by=self.person)
        return self.opinions(message)

    def opinions(self, message: Message) -> Response:
        answering_run(message)
        found = opinions_of(message, self.person)
        everybody = [opinion(one) for one in found.all or ()] if self.tells_all(found) else None
        return Response({"mine": found.mine and opinion(found.mine), "all": everybody})

    def tells_all(self, found: Opinions) -> bool:
        """To moderators; a token of theirs that only writes reads nothing of others by it."""
        return found.all is not None and self.grant.has("read")


def opinion(given: Feedback) -> dict[str, Any]:
    return {
        "user": given.user.username,
        "thumb": given.thumb,
        "reasons": given.reasons,
        "note": given.note,
        "changed_at": time(given.changed_at),
    }


class CancelStep(RunView):
    with_body = ()

    @extend_schema(
        operation_id="cancel_step",
        request=None,
        responses=RunShape,
        tags=["runs"],
        summary="Stop a step and all that needs it (who asked for the run, and moderators)",
    )
    def post(self, request: Request, run_id: UUID, step_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, needed_to_cancel(self.person, run))
        return Response(self.shown(services.cancel_step(run=run, step_id=step_id, by=self.person)))


class RetryStep(RunView):
    with_body = ()

    @extend_schema(
        operation_id="retry_step",
        request=None,
        responses={201: RunShape},
        tags=["runs"],
        summary="Do a run again from one of its steps, beside the first (who asked for it, and moderators)",
    )
    def post(self, request: Request, run_id: UUID, step_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, needed_to_cancel(self.person, run))
        self.check_reach(run.room, ASK)
        return Response(self.shown(services.retry_step(run=run, step_id=step_id, by=self.person)), status=201)
