from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("rooms/<slug:slug>/agents/", views.index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", views.change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", views.remove, name="seat_remove"),
]
