from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from .. import services
from ..access import ASK, needed_to_cancel, run_for, runs_for
from ..inside.provenance import stories_of, story_of
from ..models import Task
from . import present
from .forms import RunsQuery
from .shapes import RunShape, RunsShape


class Runs(APIView):
    with_query = ("GET",)

    @extend_schema(
        operation_id="list_runs",
        parameters=[RunsQuery],
        responses=RunsShape,
        tags=["runs"],
        summary="What agents did in a room, newest first",
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = self.query(RunsQuery)
        room = self.room()
        runs = runs_for(self.person, room).order_by("-id")
        if "status" in asked:
            runs = runs.filter(status=asked["status"])
        if "before" in asked:
            runs = runs.filter(pk__lt=asked["before"])
        found = list(runs[: asked["limit"] + 1])
        page = stories_of(found[: asked["limit"]], room, self.person)
        return Response({"results": [present.run(story) for story in page], "has_before": len(found) > len(page)})


class RunView(APIView):
    """A view of one run. Its room is not in the address, so a token's rooms are minded here."""

    for_bound_tokens = True

    def run(self, run_id: UUID) -> Task:
        run = run_for(self.person, run_id)
        self.check_reach(run.room)
        return run

    def shown(self, run: Task) -> dict[str, Any]:
        """As this person may see it, now."""
        return present.run(story_of(run_for(self.person, run.pk), self.person))


class OneRun(RunView):
    @extend_schema(operation_id="show_run", responses=RunShape, tags=["runs"], summary="A run with its steps")
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(present.run(story_of(self.run(run_id), self.person)))


class CancelRun(RunView):
    with_body = ()

    @extend_schema(
        operation_id="cancel_run",
        request=None,
        responses=RunShape,
        tags=["runs"],
        summary="Stop an answer (who asked for it, and moderators)",
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, needed_to_cancel(self.person, run))
        return Response(self.shown(services.cancel_run(run=run, by=self.person)))


class RetryRun(RunView):
    with_body = ()

    @extend_schema(
        operation_id="retry_run",
        request=None,
        responses={201: RunShape},
        tags=["runs"],
        summary="Ask for a broken answer once more",
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = self.run(run_id)
        self.check_reach(run.room, ASK)
        return Response(self.shown(services.retry_run(run=run, by=self.person)), status=201)
