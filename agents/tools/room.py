"""Tools that look at the room the answer is written in. No other room can be named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from django.contrib.postgres.search import SearchQuery, SearchVector

from rooms import background
from rooms.models import Attachment, Membership, Message

from ..context.pictures import files_of, in_words
from .context import Result, ToolContext, ToolError
from .registry import register_tool
from .schema import Between, Longest

LONGEST = 1_000
"""Characters of one message that are told; more of it can be read in the room."""


@register_tool()
async def search_room(
    context: ToolContext,
    words: Annotated[str, 'Words that must all occur; "a phrase", -without', Longest(200)],
    limit: Annotated[int, Between(1, 20)] = 10,
) -> Result:
    """Find messages of this room by the words in them, newest first."""
    if not words.strip():
        raise ToolError("Say what to look for.")
    return await background.in_thread(found, context, words, limit)


def found(context: ToolContext, words: str, limit: int) -> Result:
    query = SearchQuery(words, config="simple", search_type="websearch")
    fitting = context.messages().annotate(words=SearchVector("body", config="simple")).filter(words=query)
    return told(fitting.filter(state=Message.State.VISIBLE).order_by("-seq")[:limit])


@register_tool()
async def read_messages(
    context: ToolContext,
    before: Annotated[int | None, "Only messages with a smaller number", Between(1, 2**62)] = None,
    limit: Annotated[int, Between(1, 50)] = 20,
) -> Result:
    """Read messages of this room, the newest, or those before a number, oldest first."""
    return await background.in_thread(page, context, before, limit)


def page(context: ToolContext, before: int | None, limit: int) -> Result:
    messages = context.messages().order_by("-seq")
    if before is not None:
        messages = messages.filter(seq__lt=before)
    return told(reversed(messages[:limit]))


def told(messages: Iterable[Message]) -> Result:
    chosen = list(messages)
    files = files_of([message.pk for message in chosen if message.attached])
    facts = [facts_of(message, files.get(message.pk, ())) for message in chosen]
    return Result(facts, [message.pk for message in chosen])


def facts_of(message: Message, files: Sequence[Attachment]) -> dict[str, Any]:
    attached = {"attachments": in_words(files)} if files else {}
    return {
        "number": message.seq,
        "from": message.author.username,
        "at": message.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "text": message.body[:LONGEST],
        **attached,
    }


@register_tool(permission="rooms.see_members")
async def list_members(context: ToolContext) -> list[dict[str, str]]:
    """Who is a member of this room, with name, role and whether it is a person or an agent."""
    return await background.in_thread(members_of, context.room_id)


def members_of(room_id: int) -> list[dict[str, str]]:
    members = Membership.objects.filter(room=room_id, user__is_active=True).select_related("user")
    return [
        {"username": one.user.username, "name": one.user.name, "kind": one.user.kind, "role": one.role}
        for one in members.order_by("user__username")[:200]
    ]
