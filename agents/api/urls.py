from __future__ import annotations

from django.urls import path

from . import (
    approvals,
    beside,
    estimates,
    health,
    moving,
    notes,
    pausing,
    provenance,
    registry,
    runs,
    seats,
    together,
    versions,
)

agent = "agents/<str:username>/"

urlpatterns = [
    path("agents/", registry.Agents.as_view()),
    path("agents/import/", moving.ImportAgent.as_view()),
    path(agent, registry.OneAgent.as_view()),
    path(f"{agent}copy/", registry.CopyAgent.as_view()),
    path(f"{agent}export/", moving.ExportAgent.as_view()),
    path(f"{agent}health/", health.AgentHealth.as_view()),
    path(f"{agent}versions/", versions.Versions.as_view()),
    path(f"{agent}versions/<int:number>/", versions.OneVersion.as_view()),
    path(f"{agent}versions/<int:number>/restore/", versions.RestoreVersion.as_view()),
    path("approvals/<uuid:approval_id>/", approvals.Decide.as_view()),
    path("messages/<uuid:message_id>/branch/", beside.BranchMessage.as_view()),
    path("messages/<uuid:message_id>/feedback/", beside.MessageFeedback.as_view()),
    path("messages/<uuid:message_id>/regenerate/", beside.Regenerate.as_view()),
    path("messages/<uuid:message_id>/provenance/", provenance.WhyThis.as_view()),
    path("disputes/<uuid:dispute_id>/flip/", together.FlipDispute.as_view()),
    path("rooms/<slug:slug>/ask/", together.AskTogether.as_view()),
    path("rooms/<slug:slug>/conduct/", together.RoomConduct.as_view()),
    path("runs/<uuid:run_id>/plan/", together.RunPlan.as_view()),
    path("runs/<uuid:run_id>/speak/", together.SpeakAgain.as_view()),
    path("rooms/<slug:slug>/agents/", seats.Seats.as_view()),
    path("rooms/<slug:slug>/agents/pause/", pausing.Pause.as_view()),
    path("rooms/<slug:slug>/agents/resume/", pausing.Resume.as_view()),
    path("rooms/<slug:slug>/agents/<str:username>/", seats.OneSeat.as_view()),
    path("rooms/<slug:slug>/approvals/", approvals.Approvals.as_view()),
    path("rooms/<slug:slug>/estimate/", estimates.EstimateCost.as_view()),
    path("rooms/<slug:slug>/notes/", notes.Notes.as_view()),
    path("rooms/<slug:slug>/notes/<path:title>/", notes.OneNote.as_view()),
    path("rooms/<slug:slug>/runs/", runs.Runs.as_view()),
    path("runs/<uuid:run_id>/", runs.OneRun.as_view()),
    path("runs/<uuid:run_id>/cancel/", runs.CancelRun.as_view()),
    path("runs/<uuid:run_id>/retry/", runs.RetryRun.as_view()),
    path("runs/<uuid:run_id>/steps/<uuid:step_id>/cancel/", beside.CancelStep.as_view()),
    path("runs/<uuid:run_id>/steps/<uuid:step_id>/retry/", beside.RetryStep.as_view()),
]
