from __future__ import annotations

from django.urls import path

from . import usage, why
from .views import change, index, remove

urlpatterns = [
    path("usage/", usage.show, name="usage"),
    path("usage.csv", usage.export, name="usage_csv"),
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
