from __future__ import annotations

from django.urls import path

from . import pausing, why
from .views import change, index, remove

urlpatterns = [
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/pause", pausing.pause, name="agents_pause"),
    path("rooms/<slug:slug>/agents/resume", pausing.resume, name="agents_resume"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
