from __future__ import annotations

from collections.abc import Collection

from drf_spectacular.utils import extend_schema

from .. import search
from .base import APIView, Request, Response
from .forms import SearchQuery
from .shapes import FoundPageShape


class SearchView(APIView):
    with_query = ("GET",)

    def found_in(self, rooms: Collection[int]) -> Response:
        said = self.query(SearchQuery)
        found = search.search(self.person, rooms, said["q"], before=said.get("before"), limit=said["limit"])
        return Response({"results": found.results, "has_more": found.has_more})


class SearchRoom(SearchView):
    @extend_schema(
        operation_id="search_room",
        parameters=[SearchQuery],
        responses=FoundPageShape,
        tags=["search"],
        summary="Find messages in a room, newest first",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.found_in([self.room().pk])


class SearchAll(SearchView):
    for_bound_tokens = True

    @extend_schema(
        operation_id="search",
        parameters=[SearchQuery],
        responses=FoundPageShape,
        tags=["search"],
        summary="Find messages in every room I may read, newest first",
    )
    def get(self, request: Request) -> Response:
        rooms = search.readable_rooms(self.person)
        return self.found_in([room for room in rooms if self.grant.covers(room)])
