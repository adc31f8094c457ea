from __future__ import annotations

from django.urls import path

from . import conduct, together, why
from .views import change, index, remove

urlpatterns = [
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("rooms/<slug:slug>/together", together.pieces, name="room_together"),
    path("rooms/<slug:slug>/agents-together", conduct.change, name="room_conduct"),
    path("runs/<uuid:run_id>/together/", together.show, name="run_together"),
    path("runs/<uuid:run_id>/speak", together.again, name="run_speak"),
    path("runs/<uuid:run_id>/plan", together.decide, name="run_plan"),
    path("disputes/<uuid:dispute_id>/flip", together.flip, name="dispute_flip"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
