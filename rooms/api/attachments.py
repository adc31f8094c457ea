"""Files: uploaded into a room, then looked at by whoever may read the message that carries them."""

from __future__ import annotations

from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser

from .. import access
from ..errors import Conflict, NotFound
from ..models import Attachment
from ..services.attachments import attach_file, describe_attachment, remove_attachment
from . import present
from .base import ANY, APIView, Request, Response
from .forms import DescribeForm, UploadForm
from .shapes import AttachmentShape

SEALED = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Whatever a file contains, opened by itself it runs nothing, loads nothing and belongs to nobody's origin."""


class Attachments(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="upload_attachment",
        request={"multipart/form-data": UploadForm},
        responses={201: AttachmentShape},
        tags=["attachments"],
        summary="Upload a file for a message you will send here within a day",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.post_message")
        attachment = attach_file(room=room, by=self.person, **self.read(UploadForm, request.data))
        return Response(present.attachment(attachment), status=201)


class AttachmentView(APIView):
    for_bound_tokens = True

    def attachment(self) -> Attachment:
        """The one in the address, if they may see it and their token reaches so far."""
        found = access.attachment_for(self.person, self.kwargs["attachment_id"])
        self.check_reach(found.room)
        return found


class OneAttachment(AttachmentView):
    scopes = {"DELETE": ANY}

    @extend_schema(operation_id="attachment", responses=AttachmentShape, tags=["attachments"], summary="About one file")
    def get(self, request: Request, attachment_id: UUID) -> Response:
        return Response(present.attachment(self.attachment()))

    @extend_schema(
        operation_id="describe_attachment",
        request=DescribeForm,
        responses=AttachmentShape,
        tags=["attachments"],
        summary="Say what your picture shows, before you send it",
    )
    def patch(self, request: Request, attachment_id: UUID) -> Response:
        attachment = self.attachment()
        self.check_reach(attachment.room, "rooms.post_message")
        described = describe_attachment(attachment=attachment, by=self.person, **self.read(DescribeForm))
        return Response(present.attachment(described))

    @extend_schema(
        operation_id="delete_attachment",
        responses={204: None},
        tags=["attachments"],
        summary="Remove your file before you send it; as a moderator, take one out of anybody's message",
    )
    def delete(self, request: Request, attachment_id: UUID) -> Response:
        attachment = self.attachment()
        self.check_deletion(attachment)
        remove_attachment(attachment=attachment, by=self.person)
        return Response(status=204)

    def check_deletion(self, attachment: Attachment) -> None:
        is_own = attachment.uploader_id == self.person.pk
        if is_own:
            self.check_reach(attachment.room, "rooms.post_message")
        if attachment.message is None:
            return
        if is_own and not self.person.has_perm("rooms.moderate_message", attachment.room):
            raise Conflict("It is in a message by now. Take the message back instead.")
        self.check_reach(attachment.room, "rooms.moderate_message")


class Content(AttachmentView):
    @extend_schema(
        operation_id="attachment_content",
        responses={(200, "*/*"): OpenApiTypes.BINARY},
        tags=["attachments"],
        summary="The picture, or the file as a download",
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponse:
        found = self.attachment()
        response = served(found.file, found.content_type)
        response["Content-Disposition"] = str(content_disposition_header(not found.is_image, found.name))
        return response


class Thumbnail(AttachmentView):
    @extend_schema(
        operation_id="attachment_thumbnail",
        responses={(200, "image/webp"): OpenApiTypes.BINARY},
        tags=["attachments"],
        summary="The picture, small",
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponse:
        found = self.attachment()
        if not found.is_image:
            raise NotFound
        return served(found.thumbnail, "image/webp")


def served(file: FieldFile, content_type: str) -> HttpResponse:
    """A file of ours, small enough to be held in memory. Raises NotFound when the storage has lost it."""
    try:
        with file.open("rb") as opened:
            return HttpResponse(opened.read(), content_type=content_type, headers=SEALED)
    except FileNotFoundError:
        raise NotFound from None
