"""Pure: nothing here touches a database."""

from __future__ import annotations

import pytest

from agents.models import Agent, Seat
from agents.triggers.seats import reply_audience, seats_for
from rooms.models import Message, User

ADA = User(pk=1, username="ada")
GUS = User(pk=2, username="gus", kind=User.Kind.GUEST)
SYSTEM = User(pk=3, username="house", kind=User.Kind.SYSTEM)
ECHO = User(pk=10, username="echo", kind=User.Kind.AGENT)
NOD = User(pk=11, username="nod", kind=User.Kind.AGENT)


def seat(user: User = ECHO, trigger: str = "mention", enabled: bool = True) -> Seat:
    return Seat(pk=user.pk, agent=Agent(pk=user.pk, user=user, enabled=enabled), trigger=trigger)


def message(author: User = ADA, mentions: tuple[str, ...] = (), **facts: object) -> Message:
    return Message(author=author, body="…", mentions=list(mentions), **facts)


def answers(said: Message, trigger: str) -> bool:
    return bool(seats_for(said, [seat(trigger=trigger)]))


PLAIN = message()
TO_ECHO = message(mentions=("echo",))
TO_NOD = message(mentions=("nod",))
REPLY_TO_ECHO = message(reply_to=message(ECHO))
REPLY_TO_ADA = message(reply_to=message(ADA))


@pytest.mark.parametrize(
    ("trigger", "answered"),
    [
        ("mention", [TO_ECHO]),
        ("reply", [TO_ECHO, REPLY_TO_ECHO]),
        ("always", [PLAIN, TO_ECHO, TO_NOD, REPLY_TO_ECHO, REPLY_TO_ADA]),
        ("keyword", [TO_ECHO]),
        ("useful", [PLAIN, TO_ECHO, TO_NOD, REPLY_TO_ECHO, REPLY_TO_ADA]),
        ("schedule", [TO_ECHO]),
        ("off", []),
    ],
)
def test_each_trigger_answers_what_it_says(trigger: str, answered: list[Message]) -> None:
    everything = [PLAIN, TO_ECHO, TO_NOD, REPLY_TO_ECHO, REPLY_TO_ADA]
    assert [said for said in everything if answers(said, trigger)] == answered


@pytest.mark.parametrize("author", [ECHO, SYSTEM], ids=["itself", "the system"])
def test_an_agent_itself_and_the_system_do_not_wake_it(author: User) -> None:
    assert not answers(message(author, mentions=("echo",)), "always")


@pytest.mark.parametrize("trigger", ["mention", "always", "reply", "keyword", "useful", "schedule"])
def test_another_agent_wakes_it_by_name_only(trigger: str) -> None:
    assert answers(message(NOD, mentions=("echo",)), trigger)
    assert not answers(message(NOD, mentions=("ada",)), trigger)
    assert not answers(message(NOD, reply_to=message(ECHO)), trigger)


def test_guests_are_answered_like_everybody() -> None:
    assert answers(message(GUS, mentions=("echo",)), "mention")


@pytest.mark.parametrize("state", ["held", "redacted", "withdrawn", "interrupted", "writing"])
def test_words_that_do_not_stand_wake_nobody(state: str) -> None:
    assert not answers(message(mentions=("echo",), state=state), "always")


def test_a_whisper_wakes_only_agents_it_names_and_is_answered_to_the_same_people() -> None:
    aside = message(mentions=("echo",), visible_to=[1, 2])
    with_echo = message(mentions=("echo",), visible_to=[1, 2, 10])
    assert not answers(aside, "always")
    assert answers(with_echo, "mention")
    assert reply_audience(with_echo) == [1, 2, 10]
    assert reply_audience(TO_ECHO) is None


def test_an_agent_that_is_switched_off_is_silent() -> None:
    assert not seats_for(TO_ECHO, [seat(trigger="always", enabled=False)])


def test_those_asked_by_name_come_first() -> None:
    found = seats_for(TO_NOD, [seat(ECHO, "always"), seat(NOD, "mention")])
    assert [each.agent.user.username for each in found] == ["nod", "echo"]
