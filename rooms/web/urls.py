from __future__ import annotations

from django.urls import path

from . import invitations, members, messages, profile, rooms

urlpatterns = [
    path("", rooms.directory, name="directory"),
    path("rooms/", rooms.create, name="rooms"),
    path("rooms/<slug:slug>/", rooms.show, name="room"),
    path("rooms/<slug:slug>/history", messages.history, name="room_history"),
    path("rooms/<slug:slug>/messages/", messages.say, name="room_messages"),
    path("rooms/<slug:slug>/messages/<uuid:message_id>/", messages.show, name="message"),
    path("rooms/<slug:slug>/around", rooms.around, name="room_around"),
    path("rooms/<slug:slug>/people", rooms.people, name="room_people"),
    path("rooms/<slug:slug>/read", rooms.read, name="room_read"),
    path("rooms/<slug:slug>/search", rooms.search, name="room_search"),
    path("rooms/<slug:slug>/settings/", rooms.settings, name="room_settings"),
    path("rooms/<slug:slug>/delete", rooms.delete, name="room_delete"),
    path("rooms/<slug:slug>/join", members.join, name="room_join"),
    path("rooms/<slug:slug>/leave", members.leave, name="room_leave"),
    path("rooms/<slug:slug>/members/", members.index, name="room_members"),
    path("rooms/<slug:slug>/members/<str:username>/role", members.role, name="member_role"),
    path("rooms/<slug:slug>/members/<str:username>/remove", members.remove, name="member_remove"),
    path("rooms/<slug:slug>/invitations/", invitations.create, name="room_invitations"),
    path("rooms/<slug:slug>/invitations/<str:prefix>/revoke", invitations.revoke, name="invitation_revoke"),
    path("invite/<str:secret>/", invitations.landing, name="invitation"),
    path("sidebar", rooms.sidebar, name="sidebar"),
    path("profile/", profile.show, name="profile"),
    path("profile/tokens/", profile.create_key, name="tokens"),
    path("profile/tokens/<str:prefix>/revoke", profile.revoke_key, name="token_revoke"),
    path("profile/sign-out-everywhere", profile.sign_out, name="sign_out_everywhere"),
]
