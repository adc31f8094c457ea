from __future__ import annotations

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema

from ..models import Membership, User
from . import present
from .base import APIView, Request, Response
from .forms import PeopleQuery, ProfileForm
from .shapes import MeShape, PeopleShape


class Me(APIView):
    for_bound_tokens = True

    @extend_schema(operation_id="me", responses=MeShape, tags=["people"], summary="Who I am")
    def get(self, request: Request) -> Response:
        return Response(present.me(self.person))

    @extend_schema(
        operation_id="change_me", request=ProfileForm, responses=MeShape, tags=["people"], summary="Change my profile"
    )
    def patch(self, request: Request) -> Response:
        said = self.read(ProfileForm)
        person = self.person
        for name, value in said.items():
            setattr(person, name, value)
        if said:
            person.save(update_fields=list(said))
        return Response(present.me(person))


class People(APIView):
    """For mention menus. Only people one shares a room with: a directory of everybody is not for everybody."""

    with_query = ("GET",)
    for_bound_tokens = True

    @extend_schema(
        operation_id="find_people",
        parameters=[PeopleQuery],
        responses=PeopleShape,
        tags=["people"],
        summary="Find people",
        description="Those you share a room with whose name begins so.",
    )
    def get(self, request: Request) -> Response:
        said = self.query(PeopleQuery)
        found = self.neighbours(said.get("room"))
        start = said["q"].strip().lower().removeprefix("@")
        if start:
            found = found.filter(Q(username__startswith=start) | Q(display_name__istartswith=start))
        people = found.order_by("username")[: said["limit"]]
        return Response({"results": [present.person(user) for user in people]})

    def neighbours(self, slug: str | None) -> QuerySet[User]:
        rooms = self.person.memberships.filter(room__deleted_at=None).values("room")
        if self.grant.rooms is not None:
            rooms = rooms.filter(room__in=self.grant.rooms)
        if slug is not None:
            rooms = rooms.filter(room__slug=slug)
        members = Membership.objects.filter(room__in=rooms).values("user")
        return User.objects.filter(pk__in=members, is_active=True)
