"""The registry, sorted and searched."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from rooms.models import User

from ..access import agents_for
from ..models import Agent


def find_agents(user: User, words: str = "", whose: str = "") -> QuerySet[Agent]:
    """The agents this person may use that have all of the words, by name. `whose`: mine, shared, public or all."""
    found = agents_for(user)
    match whose:
        case "mine":
            found = found.filter(owner=user)
        case "shared":
            found = found.exclude(owner=user).filter(visibility=Agent.Visibility.SHARED)
        case "public":
            found = found.exclude(owner=user).filter(visibility=Agent.Visibility.PUBLIC)
    for word in words.split():
        found = found.filter(matching(word))
    return found.order_by(Lower("user__username"))


def matching(word: str) -> Q:
    """In its name, in what is said of it, or among the beginnings of what it is good for."""
    plain = word.removeprefix("@")
    return (
        Q(user__username__icontains=plain)
        | Q(user__display_name__icontains=word)
        | Q(user__about__icontains=word)
        | Q(persona__icontains=word)
        | Q(capabilities__icontains=word)
    )
