from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from ..inside.provenance import provenance_of
from . import present
from .shapes import ProvenanceShape


class WhyThis(APIView):
    @extend_schema(
        operation_id="provenance",
        responses=ProvenanceShape,
        tags=["runs"],
        summary="Why an agent said this: what it answered and read, and what that took",
        description=(
            "For everybody who may read the message. Sources they may not read are counted in unseen_sources and "
            "nothing else is said of them. Answers 404 for a message that is not for you, and, saying so in detail, "
            "for one that no agent wrote."
        ),
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        return Response(present.provenance(provenance_of(self.message(), self.person)))
