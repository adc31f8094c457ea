from __future__ import annotations

from django.urls import path

from . import beside, chat, conduct, files, notes, registry, runs, together, usage, uses, versions, why
from .views import change, index, remove, tools

urlpatterns = [
    path("agents/", registry.index, name="agents"),
    path("agents/new/", registry.new, name="agent_new"),
    path("agents/new/try", registry.try_new, name="agent_new_try"),
    path("agents/import/", files.import_file, name="agent_import"),
    path("agents/<str:username>/", registry.show, name="agent"),
    path("agents/<str:username>/edit/", registry.edit, name="agent_edit"),
    path("agents/<str:username>/try", registry.try_changed, name="agent_try"),
    path("agents/<str:username>/export", files.export, name="agent_export"),
    path("agents/<str:username>/copy", registry.copy, name="agent_copy"),
    path("agents/<str:username>/retire", registry.retire, name="agent_retire"),
    path("agents/<str:username>/versions/", versions.index, name="agent_versions"),
    path("agents/<str:username>/versions/<int:number>/restore", versions.restore, name="agent_restore"),
    path("chat/", chat.index, name="chat"),
    path("chat/<slug:slug>/delete", chat.delete, name="chat_delete"),
    path("chat/<slug:slug>/restore", chat.restore, name="chat_restore"),
    path("rooms/<slug:slug>/notes/", notes.index, name="room_notes"),
    path("rooms/<slug:slug>/notes/<int:note_id>/", notes.change, name="note"),
    path("rooms/<slug:slug>/notes/<int:note_id>/delete", notes.delete, name="note_delete"),
    path("approvals/<uuid:approval_id>/", uses.decide, name="approval_decide"),
    path("rooms/<slug:slug>/uses/", uses.show, name="room_uses"),
    path("messages/<uuid:message_id>/alternatives/", beside.alternatives, name="message_alternatives"),
    path("messages/<uuid:message_id>/branch/", beside.branch, name="message_branch"),
    path("messages/<uuid:message_id>/feedback/", beside.feedback, name="message_feedback"),
    path("usage/", usage.show, name="usage"),
    path("usage.csv", usage.export, name="usage_csv"),
    path("messages/<uuid:message_id>/why/", why.show, name="message_why"),
    path("runs/<uuid:run_id>/", runs.show, name="run"),
    path("runs/<uuid:run_id>/act", runs.act, name="run_act"),
    path("rooms/<slug:slug>/beside", beside.feet, name="room_beside"),
    path("rooms/<slug:slug>/runs/", runs.index, name="room_runs"),
    path("rooms/<slug:slug>/together", together.pieces, name="room_together"),
    path("rooms/<slug:slug>/agents-together", conduct.change, name="room_conduct"),
    path("runs/<uuid:run_id>/together/", together.show, name="run_together"),
    path("runs/<uuid:run_id>/speak", together.again, name="run_speak"),
    path("runs/<uuid:run_id>/plan", together.decide, name="run_plan"),
    path("disputes/<uuid:dispute_id>/flip", together.flip, name="dispute_flip"),
    path("rooms/<slug:slug>/agents/", index, name="room_seats"),
    path("rooms/<slug:slug>/agents/<str:username>/", change, name="seat"),
    path("rooms/<slug:slug>/agents/<str:username>/tools", tools, name="seat_tools"),
    path("rooms/<slug:slug>/agents/<str:username>/remove", remove, name="seat_remove"),
]
