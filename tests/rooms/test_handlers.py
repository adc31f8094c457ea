"""Handlers are queued by one thread, in order, and what cannot be queued stays pending."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rooms import handlers
from rooms.models import Event, Room, User
from rooms.services.messages import post_message
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.django_db(transaction=True)


class Queue:
    """In the place of a task: what was put into it, and what it does then."""

    def __init__(self) -> None:
        self.put: list[int] = []
        self.meanwhile: Callable[[int], None] = lambda event_id: None

    def delay(self, event_id: int) -> None:
        self.meanwhile(event_id)
        self.put.append(event_id)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    until(lambda: not handlers._dispatcher.is_at_it)  # with events of another test
    monkeypatch.setattr(handlers, "handlers_of", lambda type: (made,) if type == "message.posted" else ())
    return made


@pytest.fixture
def watched(den: Room) -> Room:
    Room.objects.filter(pk=den.pk).update(watched=True)
    return den


def pending(room: Room) -> list[int]:
    return list(Event.objects.filter(room=room, pending=True).order_by("seq").values_list("pk", flat=True))


def events(room: Room) -> list[int]:
    posted = Event.objects.filter(room=room, type="message.posted")
    return list(posted.order_by("seq").values_list("pk", flat=True))


def test_what_is_said_while_it_queues_goes_together_with_what_comes_next(
    watched: Room, ada: User, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, go_on = threading.Event(), threading.Event()
    batches: list[int] = []
    was = handlers.queue

    def at_it(event_id: int) -> None:
        first.set()
        assert go_on.wait(PATIENCE)

    def counted(told: list[handlers.Told]) -> None:
        batches.append(len(told))
        was(told)

    queue.meanwhile = at_it
    monkeypatch.setattr(handlers, "queue", counted)
    post_message(room=watched, author=ada, body="one")
    assert first.wait(PATIENCE)
    for body in ("two", "three", "four"):
        post_message(room=watched, author=ada, body=body)
    go_on.set()
    until(lambda: not pending(watched))
    assert queue.put == events(watched)
    assert batches == [1, 3]


def test_after_the_first_that_cannot_be_queued_all_stay_pending_and_the_next_is_tried(
    watched: Room, ada: User, queue: Queue
) -> None:
    def away(event_id: int) -> None:
        raise ConnectionError

    queue.meanwhile = away
    post_message(room=watched, author=ada, body="one")
    until(lambda: not handlers._dispatcher.is_at_it)
    assert pending(watched) == events(watched)
    queue.meanwhile = lambda event_id: None
    post_message(room=watched, author=ada, body="two")
    until(lambda: queue.put == events(watched)[1:])
    until(lambda: pending(watched) == events(watched)[:1])
    assert handlers.dispatch_leftovers(older_than=0) == 1
    assert queue.put == [events(watched)[1], events(watched)[0]]


def test_of_those_queued_before_it_none_is_queued_again(watched: Room, ada: User, queue: Queue) -> None:
    for body in ("one", "two", "three"):
        post_message(room=watched, author=ada, body=body)
    until(lambda: not pending(watched))
    told = [(event_id, "message.posted") for event_id in events(watched)]
    Event.objects.filter(pk__in=events(watched)).update(pending=True)

    def not_the_second(event_id: int) -> None:
        if event_id == told[1][0]:
            raise ConnectionError

    queue.meanwhile = not_the_second
    with pytest.raises(ConnectionError):
        handlers.queue(told)
    assert pending(watched) == events(watched)[1:]
