"""The queue. Apps write `@shared_task` and never import this."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatroom.settings")

# Both are said at every start and both were decided: leases in PostgreSQL, and a laptop or container may be root.
warnings.simplefilter("ignore", CPendingDeprecationWarning)
warnings.filterwarnings("ignore", "You're running the worker with superuser privileges")

app = Celery("chatroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
