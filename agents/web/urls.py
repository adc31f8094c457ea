from __future__ import annotations

from django.urls import path

from . import notes, uses, why
from .views import change, index, remove, tools

urlpatterns = [
    path("rooms/<slug:slug>/notes/", notes.index, name="room_notes"),
    path("rooms/<slug:slug>/notes/<int:note_id>/", notes.change, name="note"),
    path("rooms/<slug:slug>/notes/<int:note_id>/delete", notes.delete, name="note_delete"),
    path("approvals/<uuid:approval_id>/", uses.decide, name="approval_decide"),
    path("rooms/<slug:slug>/uses/", uses.show, name="room_uses"),
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/tools", tools, name="seat_tools"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
