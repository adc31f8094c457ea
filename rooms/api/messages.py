from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from .. import access, reading
from ..errors import Invalid
from ..models import Message
from ..services import messages, reactions
from ..services.posting import Place, Speaker, apost_message
from ..writing import apage_as_it_stands, as_it_stands
from . import present
from .base import ANY, APIView, Request, Response
from .forms import IDS_OF_FILES, EditForm, MessageForm, PageQuery, RedactForm, ReportForm, is_names
from .hot import HotView, body_of
from .parsers import parse_json
from .renderers import JSON
from .shapes import HistoryShape, MessageShape, PageShape

BOUNDS = ("before", "after", "around")
BIGGEST = 2**62


class Messages(HotView):
    """See `hot` for why this one is different."""

    @extend_schema(
        operation_id="list_messages",
        parameters=[PageQuery],
        responses=PageShape,
        tags=["messages"],
        summary="A page of messages, oldest first; the latest ones without a bound",
    )
    async def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        visit = await self.enter(request, slug, access.READ)
        page = await reading.aread_page(visit.room_id, visit.reader, **page_query(request))
        return HttpResponse((await apage_as_it_stands(page)).json(), content_type=JSON)

    @extend_schema(
        operation_id="post_message",
        request=MessageForm,
        responses={201: MessageShape, 200: MessageShape},
        tags=["messages"],
        summary="Say something",
    )
    async def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        visit = await self.enter(request, slug, "rooms.post_message")
        posted = await apost_message(
            place=Place(visit.room_id, visit.slug),
            speaker=Speaker(visit.user.pk, visit.user.kind, visit.trusted),
            **draft(parse_json(body_of(request))),
        )
        return HttpResponse(posted.json, content_type=JSON, status=201 if posted.created else 200)


def page_query(request: HttpRequest) -> dict[str, int]:
    """The query string of a page, read by hand: a serializer costs more than the page."""
    wrong: dict[str, list[str]] = {}
    said: dict[str, int] = {}
    for name, value in request.GET.dict().items():
        if name not in (*BOUNDS, "limit"):
            wrong[name] = ["There is no such field."]
        elif not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= BIGGEST):
            wrong[name] = ["A whole number, please."]
        else:
            said[name] = int(value)
    if wrong:
        raise Invalid(fields=wrong)
    return said


FIELDS = {
    "body": (lambda value: isinstance(value, str), "A message is a text."),
    "client_id": (lambda value: isinstance(value, str), "A text of up to 64 characters."),
    "reply_to": (lambda value: value is None or isinstance(value, str), "The id of a message."),
    "thread": (lambda value: value is None or isinstance(value, str), "The id of a message."),
    "visible_to": (lambda value: value is None or is_names(value), "A list of up to 100 usernames."),
    "attachments": (lambda value: is_names(value), IDS_OF_FILES),
}
"""`MessageForm`, for the same reason by hand; a test holds the two together."""


def draft(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Invalid("Send a JSON object.")
    wrong: dict[str, list[str]] = {}
    if "body" not in said and not said.get("attachments"):
        wrong["body"] = ["This field is required."]
    for name, value in said.items():
        is_right, sentence = FIELDS.get(name) or (None, "There is no such field.")
        if is_right is None or not is_right(value):
            wrong[name] = [sentence]
    if wrong:
        raise Invalid(fields=wrong)
    return {"body": "", **said}


class MessageView(APIView):
    def answer(self, message: Message, status: int = 200) -> Response:
        """The message as this person may see it now."""
        reader = access.reader_in(self.person, message.room)
        return Response(as_it_stands(reading.read_message(reader, message.pk)), status=status)


class OneMessage(MessageView):
    with_body = ("PATCH", "DELETE")
    scopes = {"DELETE": ANY}

    @extend_schema(operation_id="message", responses=MessageShape, tags=["messages"], summary="One message")
    def get(self, request: Request, message_id: UUID) -> Response:
        return self.answer(self.message())

    @extend_schema(
        operation_id="edit_message",
        request=EditForm,
        responses=MessageShape,
        tags=["messages"],
        summary="Say it differently (your own messages)",
    )
    def patch(self, request: Request, message_id: UUID) -> Response:
        message = self.message("rooms.post_message")
        return self.answer(messages.edit_message(message=message, by=self.person, **self.read(EditForm)))

    @extend_schema(
        operation_id="delete_message",
        request=RedactForm,
        responses={204: None},
        tags=["messages"],
        summary="Take your own message back; as a moderator, redact anybody's",
    )
    def delete(self, request: Request, message_id: UUID) -> Response:
        message, said = self.message(), self.read(RedactForm, request.data or {})
        if message.author_id == self.person.pk:
            self.check_reach(message.room, "rooms.post_message")
            messages.withdraw_message(message=message, by=self.person)
        else:
            self.check_reach(message.room, "rooms.moderate_message")
            messages.redact_message(message=message, by=self.person, **said)
        return Response(status=204)


class History(APIView):
    @extend_schema(
        operation_id="message_history",
        responses=HistoryShape,
        tags=["messages"],
        summary="What the message said before it was edited, oldest first",
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        revisions = self.message().revisions.select_related("edited_by")
        return Response({"results": [present.revision(one) for one in revisions]})


class OneReaction(MessageView):
    with_body = ()

    @extend_schema(
        operation_id="add_reaction",
        request=None,
        responses={200: MessageShape, 201: MessageShape},
        tags=["messages"],
        summary="Put a mark on it",
    )
    def post(self, request: Request, message_id: UUID, emoji: str) -> Response:
        message = self.message("rooms.add_reaction")
        created = reactions.add_reaction(message=message, user=self.person, emoji=emoji)
        return self.answer(message, 201 if created else 200)

    @extend_schema(
        operation_id="remove_reaction",
        responses={200: MessageShape},
        tags=["messages"],
        summary="Take your mark off it",
    )
    def delete(self, request: Request, message_id: UUID, emoji: str) -> Response:
        message = self.message("rooms.add_reaction")
        reactions.remove_reaction(message=message, user=self.person, emoji=emoji)
        return self.answer(message)


class ReportMessage(APIView):
    @extend_schema(
        operation_id="report_message",
        request=ReportForm,
        responses={204: None},
        tags=["messages"],
        summary="Ask the moderators to look at it",
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        message = self.message("rooms.report_message")
        reactions.report_message(message=message, reporter=self.person, **self.read(ReportForm, request.data or {}))
        return Response(status=204)
