"""Every address, or who knows them."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from . import health

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("agents.api.urls")),
    path("api/v1/", include("rooms.api.urls")),
    path("", include("agents.web.urls")),
    path("", include("rooms.web.urls")),
]
