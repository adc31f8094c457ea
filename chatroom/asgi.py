"""What the server calls: pages and REST for Django, sockets for `rooms.live`, files from memory."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatroom.settings")

import django

django.setup(set_prefix=False)  # before anything that imports a model

from channels.routing import ProtocolTypeRouter

from rooms.live.routing import websocket_application

from .doorstep import BehindProxies, BodyLimit, ExactOrigin, lifespan
from .handler import Handler
from .static import serve_static

application = ProtocolTypeRouter(
    {
        "http": serve_static(BehindProxies(BodyLimit(Handler()))),
        "websocket": BehindProxies(ExactOrigin(websocket_application)),
        "lifespan": lifespan,
    }
)
