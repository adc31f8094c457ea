from __future__ import annotations

from django.urls import path

from . import provenance, registry, runs, seats, together

urlpatterns = [
    path("agents/", registry.Agents.as_view()),
    path("agents/<str:username>/", registry.OneAgent.as_view()),
    path("messages/<uuid:message_id>/provenance/", provenance.WhyThis.as_view()),
    path("disputes/<uuid:dispute_id>/flip/", together.FlipDispute.as_view()),
    path("rooms/<slug:slug>/ask/", together.AskTogether.as_view()),
    path("rooms/<slug:slug>/conduct/", together.RoomConduct.as_view()),
    path("runs/<uuid:run_id>/plan/", together.RunPlan.as_view()),
    path("runs/<uuid:run_id>/speak/", together.SpeakAgain.as_view()),
    path("rooms/<slug:slug>/agents/", seats.Seats.as_view()),
    path("rooms/<slug:slug>/agents/<str:username>/", seats.OneSeat.as_view()),
    path("rooms/<slug:slug>/runs/", runs.Runs.as_view()),
    path("runs/<uuid:run_id>/", runs.OneRun.as_view()),
    path("runs/<uuid:run_id>/cancel/", runs.CancelRun.as_view()),
    path("runs/<uuid:run_id>/retry/", runs.RetryRun.as_view()),
]
