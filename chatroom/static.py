"""CSS and JavaScript, served by the ASGI server itself out of a table made at start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from servestatic import ServeStaticASGI


class HashedStorage(ManifestStaticFilesStorage):
    """Names with a hash of the content, in the imports between our own ES modules too."""

    support_js_module_import_aggregation = True


def serve_static(application: Any) -> ServeStaticASGI:
    """Files as `collectstatic` left them, or straight from the sources so that a first clone needs no such step."""
    served = ServeStaticASGI(application, autorefresh=settings.DEBUG, max_age=0, immutable_file_test=HASHED)
    for root, prefix in roots():
        served.add_files(root, prefix=f"{settings.STATIC_URL}{prefix}")
    return served


HASHED = r"\.[0-9a-f]{12}\.\w+$"


def roots() -> list[tuple[str, str]]:
    if settings.HASHED_STATIC:
        return [(str(settings.STATIC_ROOT), "")]
    storages = [storage for finder in get_finders() for storage in getattr(finder, "storages", {}).values()]
    return [(storage.location, getattr(storage, "prefix", "") or "") for storage in storages]
