"""Under `/api/chat/`. What governance adds to a session (its policies, trust, observer) comes with that floor."""

from __future__ import annotations

from django.urls import path, re_path

from rooms.api import errors

from . import sessions

session = "sessions/<slug:slug>/"

urlpatterns = [
    path("sessions/", sessions.Sessions.as_view()),
    path(session, sessions.OneSession.as_view()),
    path(f"{session}restore/", sessions.RestoreSession.as_view()),
    path(f"{session}messages/", sessions.SessionMessages.as_view()),
    path(f"{session}agents/", sessions.SessionAgents.as_view()),
    path(f"{session}agents/<str:username>/direct/", sessions.AskDirectly.as_view()),
    path(f"{session}multi-agent/", sessions.AskTogether.as_view()),
    re_path(r"", errors.unknown_path),
]
