from __future__ import annotations

from django.urls import path

from . import pausing, provenance, registry, runs, seats

urlpatterns = [
    path("agents/", registry.Agents.as_view()),
    path("agents/<str:username>/", registry.OneAgent.as_view()),
    path("messages/<uuid:message_id>/provenance/", provenance.WhyThis.as_view()),
    path("rooms/<slug:slug>/agents/", seats.Seats.as_view()),
    path("rooms/<slug:slug>/agents/pause/", pausing.Pause.as_view()),
    path("rooms/<slug:slug>/agents/resume/", pausing.Resume.as_view()),
    path("rooms/<slug:slug>/agents/<str:username>/", seats.OneSeat.as_view()),
    path("rooms/<slug:slug>/runs/", runs.Runs.as_view()),
    path("runs/<uuid:run_id>/", runs.OneRun.as_view()),
    path("runs/<uuid:run_id>/cancel/", runs.CancelRun.as_view()),
    path("runs/<uuid:run_id>/retry/", runs.RetryRun.as_view()),
]
