"""What every REST view stands on. A view is:

class Topic(APIView):
    def patch(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.change_room")
        said = self.read(TopicForm)
        return Response(RoomJSON(change_room(room=room, by=self.person, **said)))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, NoReturn

from django.http import HttpRequest
from rest_framework import serializers, views
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access
from ..errors import Forbidden, NotAuthenticated, NotFound
from ..grants import SESSION, Grant
from ..models import Message, Room, User
from . import errors
from .auth import BearerAuthentication, SessionAuthentication
from .parsers import JSONParser
from .renderers import AlwaysJSON, OrjsonRenderer, private

__all__ = ["ANY", "APIView", "Request", "Response", "Strict", "Username"]

SAFE = ("GET", "HEAD", "OPTIONS")
NO_SUCH_FIELD = "There is no such field."
ANY = ""
"""For `scopes`: which one is needed depends on what is found."""


class Strict(serializers.Serializer[Any]):
    """Reads a request and refuses what it does not know, so that a misspelt field is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError({name: [NO_SUCH_FIELD] for name in sorted(unknown)})
            if wrong := {name: [said] for name, value in data.items() if (said := self.mistaken(name, value))}:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def mistaken(self, name: str, value: Any) -> str:
        return mistake(self.fields[name], value, strictly=bool(self.context.get("json")))


class Nothing(Strict):
    """For what takes no fields at all."""


def mistake(field: serializers.Field[Any, Any, Any, Any], value: Any, *, strictly: bool) -> str:
    """What DRF would quietly turn into another type: 7 into "7", and in JSON, where there are types, "7" and 7.0 into
    7, 0 and "off" into false. Also inside of lists."""
    match field:
        case serializers.CharField() if isinstance(value, bool | int | float):
            return "A text, please."
        case serializers.IntegerField() if strictly and isinstance(value, str | float):
            return "A whole number, please."
        case serializers.FloatField() if strictly and isinstance(value, str | bool):
            return "A number, please."
        case serializers.BooleanField() if strictly and not isinstance(value, bool | None):
            return "True or false, please."
        case serializers.ListField() if isinstance(value, list):
            return next((said for one in value if (said := mistake(field.child, one, strictly=strictly))), "")
    return ""


class Username(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_length": 32} | kwargs))

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower().removeprefix("@")


class IsSignedIn(BasePermission):
    """Signed in, and by a credential that goes this far: the scope of the method, and no room it is bound away from."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, User):
            raise NotAuthenticated
        view.check_grant()
        return True


class APIView(views.APIView):
    """Signs in by token or session, speaks JSON, answers errors as the contract says, and is never cached.

    `scopes` names the token scope of each method where it is not read (safe) or write (the rest).
    `for_bound_tokens` says that a view without a room in its address minds `self.grant.rooms` itself;
    other views without one refuse tokens bound to rooms.
    `with_query` and `with_body` name the methods that read the one or the other; of the rest anything in it is refused.
    """

    authentication_classes = (BearerAuthentication, SessionAuthentication)
    permission_classes: Any = (IsSignedIn,)
    renderer_classes = (OrjsonRenderer,)
    parser_classes: Any = (JSONParser,)
    throttle_classes = ()
    content_negotiation_class = AlwaysJSON
    metadata_class = None

    scopes: ClassVar[Mapping[str, str]] = {}
    for_bound_tokens: ClassVar[bool] = False
    with_query: ClassVar[Collection[str]] = ()
    with_body: ClassVar[Collection[str]] = ("POST", "PUT", "PATCH")
    challenge: ClassVar[str] = errors.CHALLENGE

    @property
    def person(self) -> User:
        """Who asks. Only after authentication, so never None."""
        return self.request.user  # type: ignore[return-value]

    @property
    def grant(self) -> Grant:
        auth = self.request.auth
        return auth if isinstance(auth, Grant) else SESSION

    def check_grant(self) -> None:
        method = self.request.method or "GET"
        scope = self.scopes.get(method, "read" if method in SAFE else "write")
        if scope != ANY:
            self.need_scope(scope)
        in_a_room = "slug" in self.kwargs or "message_id" in self.kwargs
        if not in_a_room and not self.for_bound_tokens:
            self.refuse_bound()

    def refuse_bound(self, detail: str = "This token is bound to rooms and cannot be used here.") -> None:
        if self.grant.rooms is not None:
            raise Forbidden(detail)

    def need_scope(self, scope: str) -> None:
        if not self.grant.has(scope):
            raise Forbidden(f"This token lacks the scope «{scope}».")

    def room(self, perm: str = access.READ) -> Room:
        """The room of the address, if they may do this there and their token reaches so far."""
        room = access.room_for(self.person, self.kwargs["slug"])
        self.check_reach(room, perm)
        return room

    def message(self, perm: str = access.READ) -> Message:
        """The message of the address, likewise."""
        message = access.message_for(self.person, self.kwargs["message_id"])
        self.check_reach(message.room, perm)
        return message

    def check_reach(self, room: Room, perm: str = access.READ) -> None:
        """Pass in a room they may read, if they may do this there too. Outside the token's rooms there is nothing."""
        if not self.grant.covers(room.pk):
            raise NotFound
        if perm == access.READ:
            return
        access.require(self.person, room, perm)
        if not self.grant.allows(perm):
            raise Forbidden("This token's scopes do not include that.")

    def read(self, form: type[Strict], data: Any = None, *, typed: bool = True) -> dict[str, Any]:
        """The body of the request as `form` understands it, or Invalid with a sentence for each field. `typed`: it is
        JSON, which knows numbers from texts."""
        said = form(data=self.request.data if data is None else data, context={"json": typed})
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def query(self, form: type[Strict]) -> dict[str, Any]:
        """The query string, likewise. Of a parameter given twice the last counts."""
        return self.read(form, self.request.query_params.dict(), typed=False)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """DRF takes a body without a declared length for none; by now the server has received a chunked one whole."""
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", ""):
            request.META["CONTENT_LENGTH"] = str(len(request._request.body))
        super().initial(request, *args, **kwargs)
        self.refuse_unread(request)

    def refuse_unread(self, request: Request) -> None:
        """What no form will look at is refused as the forms refuse what they do not know."""
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self.with_query:
            self.query(Nothing)
        if method not in (*SAFE, *self.with_body):
            self.read(Nothing, request.data or {})

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.handle

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> NoReturn:
        raise errors.MethodNotAllowed(allow=self.allowed_methods)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        return private(super().finalize_response(request, response, *args, **kwargs))
