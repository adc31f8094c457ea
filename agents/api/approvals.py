from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from .. import services
from ..access import approval_for, approvals_for, check_decider
from ..approvals import needed_to_approve
from ..models import Approval
from . import present
from .forms import ApprovalsQuery, DecisionForm
from .shapes import ApprovalShape, ApprovalsShape


class Approvals(APIView):
    with_query = ("GET",)

    @extend_schema(
        operation_id="list_approvals",
        parameters=[ApprovalsQuery],
        responses=ApprovalsShape,
        tags=["runs"],
        summary="What agents want to do in a room that a person has to approve",
        description="Of answers you may read. Those that wait for somebody, oldest first; others by their `state`.",
    )
    def get(self, request: Request, slug: str) -> Response:
        room = self.room()
        asked = self.query(ApprovalsQuery)
        found = approvals_for(self.person, room).filter(state=asked["state"])
        ordered = found.order_by("id" if asked["state"] == Approval.State.WAITING else "-id")
        return Response({"results": [present.approval(one, self.person) for one in ordered[:100]]})


class Decide(APIView):
    for_bound_tokens = True

    @extend_schema(
        operation_id="decide_approval",
        request=DecisionForm,
        responses=ApprovalShape,
        tags=["runs"],
        summary="Approve what an agent wants to do, or refuse it (who asked, and moderators)",
        description="A refusal ends the run. Answers 409 when it is decided already, or expired.",
    )
    def post(self, request: Request, approval_id: UUID) -> Response:
        found = approval_for(self.person, approval_id)
        self.check_reach(found.step.task.room)
        check_decider(self.person, found)
        self.check_reach(found.step.task.room, needed_to_approve(self.person, found.step.task))
        approve = self.read(DecisionForm)["decision"] == "approve"
        services.decide_approval(approval=found, by=self.person, approve=approve)
        return Response(present.approval(approval_for(self.person, approval_id), self.person))
