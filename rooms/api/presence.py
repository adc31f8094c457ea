from __future__ import annotations

from drf_spectacular.utils import extend_schema

from .. import background
from ..live import presence
from .base import APIView, Request, Response
from .shapes import PresenceShape


class Presence(APIView):
    @extend_schema(operation_id="presence", responses=PresenceShape, tags=["live"], summary="Who is here now")
    def get(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.see_members")
        return Response({"results": background.run(presence.who(room.pk), timeout=2)})
