from __future__ import annotations

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from ..live.views import events
from . import attachments, errors, invitations, members, messages, people, presence, reference, rooms, searching, tokens

room = "rooms/<slug:slug>/"
attachment = "attachments/<uuid:attachment_id>/"
message = "messages/<uuid:message_id>/"

urlpatterns = [
    path("me/", people.Me.as_view()),
    path("users/", people.People.as_view()),
    path("tokens/", tokens.Tokens.as_view()),
    path("tokens/<slug:prefix>/", tokens.OneToken.as_view()),
    path("invitations/accept/", invitations.AcceptInvitation.as_view()),
    path("rooms/", rooms.Rooms.as_view()),
    path(room, rooms.OneRoom.as_view()),
    path(f"{room}join/", rooms.Join.as_view()),
    path(f"{room}leave/", rooms.Leave.as_view()),
    path(f"{room}read/", rooms.ReadMark.as_view()),
    path(f"{room}members/", members.Members.as_view()),
    path(f"{room}members/<str:username>/", members.OneMember.as_view()),
    path(f"{room}invitations/", invitations.Invitations.as_view()),
    path(f"{room}invitations/<slug:prefix>/", invitations.OneInvitation.as_view()),
    path(f"{room}messages/", messages.Messages.as_view()),
    path(f"{room}attachments/", attachments.Attachments.as_view()),
    path(attachment, attachments.OneAttachment.as_view()),
    path(f"{attachment}content/", attachments.Content.as_view()),
    path(f"{attachment}thumbnail/", attachments.Thumbnail.as_view()),
    path(f"{room}events/", csrf_exempt(events)),
    path(f"{room}presence/", presence.Presence.as_view()),
    path(f"{room}search/", searching.SearchRoom.as_view()),
    path(message, messages.OneMessage.as_view()),
    path(f"{message}history/", messages.History.as_view()),
    path(f"{message}reactions/<str:emoji>/", messages.OneReaction.as_view()),
    path(f"{message}report/", messages.ReportMessage.as_view()),
    path("search/", searching.SearchAll.as_view()),
    path("schema/", reference.schema),
    path("docs/", reference.docs),
    re_path(r"", errors.unknown_path),
]
