"""Every address, or who knows them."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from . import health

# Pages for people, JSON under /api/.
handler400 = "rooms.api.errors.bad_request"
handler403 = "rooms.api.errors.permission_denied"
handler404 = "rooms.api.errors.page_not_found"
handler500 = "rooms.api.errors.server_error"

admin.site.site_header = admin.site.site_title = "chatroom administration"

urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url=static("img/favicon.svg"))),  # asked for by pages that name no icon
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/chat/", include("agents.api.chat_urls")),
    path("api/v1/", include("agents.api.urls")),
    path("api/v1/", include("rooms.api.urls")),
    path("", include("agents.web.urls")),
    path("", include("rooms.web.urls")),
]
