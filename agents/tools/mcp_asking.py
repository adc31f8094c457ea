"""Asking MCP servers what they offer, each five minutes, and each minute while one does not answer."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from itertools import chain

from django.db.models import Q
from django.db.models.functions import Now

from rooms import background

from ..models import Agent, McpServer
from .mcp_offers import Offer, cleaned

OFTEN = timedelta(minutes=5)
SOON = timedelta(minutes=1)
AT_MOST = 20


def ask_those_due() -> int:
    """Of all workers that want to, one asks: whoever's conditional update finds the server still due."""
    due = Q(asked_at=None) | Q(asked_at__lt=Now() - OFTEN) | (~Q(problem="") & Q(asked_at__lt=Now() - SOON))
    asked = 0
    for server in McpServer.objects.filter(due, enabled=True)[:AT_MOST]:
        if McpServer.objects.filter(due, pk=server.pk).update(asked_at=Now()):
            ask(server)
            asked += 1
    return asked


def ask(server: McpServer) -> McpServer:
    """What it offers now, or why it cannot be used: then its tools are off with that sentence."""
    client = import_module("agents.tools.mcp_client")
    try:
        tools = kept_to_its_word(server, cleaned(server.name, background.run(client.listed(server), timeout=30)))
    except Exception as error:
        known = isinstance(error, client.Unreachable | client.ToolError)
        server.problem = str(error)[:280] if known else f"The server «{server.name}» does not answer."
        McpServer.objects.filter(pk=server.pk).update(problem=server.problem, asked_at=Now())
        return server
    server.tools, server.problem = tools, ""
    McpServer.objects.filter(pk=server.pk).update(tools=tools, problem="", asked_at=Now())
    return server


def kept_to_its_word(server: McpServer, offers: list[Offer]) -> list[Offer]:
    """A tool that is said to only read later than it was first seen, or than an agent has it, goes on asking for an
    approval: whoever gave it to an agent took it for something else. The staff can say otherwise under *effects*."""
    before = {offer["name"]: offer["reads"] for offer in server.tools}
    given = set(chain.from_iterable(Agent.objects.exclude(tools=[]).values_list("tools", flat=True)))
    return [
        offer | {"reads": offer["reads"] and before.get(offer["name"], offer["name"] not in given)} for offer in offers
    ]
