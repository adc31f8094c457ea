from __future__ import annotations

from django.urls import path

from . import beside, runs, uses, why
from .views import change, index, remove

urlpatterns = [
    path("approvals/<uuid:approval_id>/", uses.decide, name="approval_decide"),
    path("rooms/<slug:slug>/uses/", uses.show, name="room_uses"),
    path("messages/<uuid:message_id>/alternatives/", beside.alternatives, name="message_alternatives"),
    path("messages/<uuid:message_id>/branch/", beside.branch, name="message_branch"),
    path("messages/<uuid:message_id>/feedback/", beside.feedback, name="message_feedback"),
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("runs/<uuid:run_id>/", runs.show, name="run"),
    path("runs/<uuid:run_id>/act", runs.act, name="run_act"),
    path("rooms/<slug:slug>/beside", beside.feet, name="room_beside"),
    path("rooms/<slug:slug>/runs/", runs.index, name="room_runs"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
