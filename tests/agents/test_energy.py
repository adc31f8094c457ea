"""What one human message may set going: agents that name one another answer, and always come to an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from agents import tasks
from agents.llm.port import Usage as Spent
from agents.llm.scripted import Scripted
from agents.models import Bound, Chain, Conduct, Reason, Seat, Step, Task
from agents.runs import sweeping
from agents.triggers import energy, waking
from rooms.models import Event, Message, Room, User
from rooms.roles import Role
from rooms.services.memberships import begin_membership, remove_member
from rooms.services.messages import withdraw_message
from tests.waiting import until

from .asking import Aside, answer_to, ask, say
from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)


def bounded(room: Room, **bounds: int) -> None:
    Conduct.objects.update_or_create(room=room, defaults=bounds)


def pump() -> None:
    """Do in this thread what a worker and beat would: until nothing is left to do."""
    while True:
        events = Event.objects.filter(type__in=["message.finished", "message.posted"]).exclude(pk__in=WOKEN)
        todo = list(events.order_by("pk").values_list("pk", flat=True))
        for event in todo:
            WOKEN.add(event)
            tasks.wake(event)
        steps = list(Step.objects.ready().values_list("pk", flat=True))
        for step in steps:
            tasks.run_step(str(step))
        if not todo and not steps:
            return


def lay_out_what_was_said() -> list[Step]:
    """What is ready because of it; nobody runs it."""
    events = Event.objects.filter(type__in=["message.finished", "message.posted"]).exclude(pk__in=WOKEN)
    todo = list(events.order_by("pk").values_list("pk", flat=True))
    WOKEN.update(todo)
    return [step for event in todo for step in waking.answer(event) if step.task.agent.user.username != "nod"]


WOKEN: set[int] = set()


@pytest.fixture(autouse=True)
def nothing_woken() -> None:
    WOKEN.clear()


def said_by_the_house(room: Room) -> list[str]:
    return list(Message.objects.filter(room=room, author__kind="system").values_list("body", flat=True))


def turns_of(room: Room) -> list[tuple[str, int]]:
    found = Task.objects.filter(room=room).exclude(reason=Reason.MERGED).order_by("pk")
    return list(found.values_list("agent__user__username", "depth"))


def test_an_agent_that_names_another_wakes_it_for_the_person_who_asked(
    den: Room, bob: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("@nod, what do you think?")
    scripted.says("I agree.")
    question = say(den, bob, "@echo?")
    pump()
    first, then = Task.objects.order_by("pk")
    assert (first.agent.user.username, first.depth) == ("echo", 0)
    assert (then.agent.user.username, then.depth) == ("nod", 1)
    assert then.requester == bob
    assert then.root_message == question == first.root_message
    assert then.trigger_message == first.reply
    assert first.reply is not None
    assert answer_to(first.reply).body == "I agree."
    assert Chain.objects.get(root=question).turns == 2


def test_an_answer_that_names_nobody_begins_no_chain_and_queues_nothing(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("All is well.")
    ask(den, ada, "@echo?")
    assert not Chain.objects.exists()
    assert not Event.objects.filter(type="message.finished", pending=True).exists()
    assert sweeping.events_to_wake() == []


def test_an_agent_never_wakes_itself(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("@echo, that is me.")
    say(den, ada, "@echo?")
    pump()
    assert turns_of(den) == [("echo", 0)]


@pytest.mark.parametrize("trigger", ["always", "useful", "keyword", "reply"])
def test_agents_are_answered_only_when_they_name_somebody(
    den: Room, ada: User, seat: Seat, scripted: Scripted, trigger: str
) -> None:
    another_agent(den, ada, "nod", trigger=trigger, keywords=["key"])
    scripted.says("Nothing to add, says the key.")
    say(den, ada, "@echo?", visible_to=["ada", "echo"])
    pump()
    assert ("nod", 1) not in turns_of(den)


def test_words_that_broke_off_and_the_house_wake_nobody(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("@nod, and then").fails("down")
    say(den, ada, "@echo?")
    pump()
    assert turns_of(den) == [("echo", 0)]
    energy.say_as_house(room=den, body="@nod and @echo")
    pump()
    assert turns_of(den) == [("echo", 0)]


def test_a_whisper_stays_among_those_it_is_for(
    den: Room, ada: User, bob: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("@nod should not hear this.")
    say(den, ada, "@echo, between us", visible_to=["ada", "echo"])
    pump()
    assert turns_of(den) == [("echo", 0)]


def test_whoever_asked_and_has_left_gives_no_more_energy(
    den: Room, ada: User, bob: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("@nod?")
    ask(den, bob, "@echo?")
    remove_member(room=den, user=bob, by=ada)
    pump()
    assert turns_of(den) == [("echo", 0)]


def test_a_question_that_is_taken_back_gives_no_more_energy(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("@nod?")
    withdraw_message(message=ask(den, ada, "@echo?"), by=ada)
    pump()
    assert turns_of(den) == [("echo", 0)]


# --- the bounds


@pytest.fixture
def talkers(den: Room, ada: User) -> list[Seat]:
    """Ten agents that always answer and name all the others, for ever."""
    names = [f"talker{number}" for number in range(10)]
    others = " ".join(f"@{name}" for name in names)
    return [another_agent(den, ada, name, trigger="always", model=f"scripted:say go on {others}") for name in names]


@pytest.mark.parametrize("turns", [1, 5, 12])
def test_ten_agents_that_name_one_another_for_ever_end_at_the_turns_allowed(
    den: Room, ada: User, talkers: list[Seat], scripted: Scripted, turns: int
) -> None:
    bounded(den, max_turns=turns, max_depth=20)
    question = say(den, ada, "hello everybody")
    pump()
    assert len(turns_of(den)) == turns
    assert Chain.objects.get(root=question).bound == Bound.TURNS
    words = f"{turns} turn" if turns == 1 else f"{turns} turns"
    assert said_by_the_house(den) == [f"The agents stop here: in this room one message may set {words} going."]


def test_the_same_with_many_hands_at_once(den: Room, ada: User, talkers: list[Seat], scripted: Scripted) -> None:
    bounded(den, max_turns=12, max_depth=20)
    question = say(den, ada, "hello everybody")
    done: set[int] = set()
    with Aside(6) as aside:

        def rest() -> bool:
            events = Event.objects.filter(type__in=["message.finished", "message.posted"], room=den)
            todo = [pk for pk in events.values_list("pk", flat=True) if pk not in done]
            done.update(todo)
            steps = list(Step.objects.ready().values_list("pk", flat=True))
            under_way = [aside.run(tasks.wake, pk) for pk in todo for _ in range(2)]
            under_way += [aside.run(tasks.run_step, str(step)) for step in steps]
            for future in under_way:
                future.result(30)
            return not todo and not Task.objects.filter(status__in=["waiting", "running"]).exists()

        until(rest, 60)
    assert len(turns_of(den)) == 12
    assert Chain.objects.get(root=question).turns == 12
    assert len(said_by_the_house(den)) == 1


def test_a_person_who_names_more_agents_than_allowed_hears_as_many_as_allowed(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    bounded(den, max_turns=1)
    say(den, ada, "@echo and @nod")
    pump()
    assert len(turns_of(den)) == 1
    assert said_by_the_house(den) == ["The agents stop here: in this room one message may set 1 turn going."]


def test_a_chain_goes_as_deep_as_allowed_and_the_room_reads_why_it_ends(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    bounded(den, max_depth=2)
    for name in ["nod", "echo", "nod"]:
        scripted.says(f"@{name}?")
    say(den, ada, "@echo?")
    pump()
    assert turns_of(den) == [("echo", 0), ("nod", 1), ("echo", 2)]
    assert said_by_the_house(den) == [
        "The agents stop here: in this room they may answer one another 2 times in a row."
    ]


def test_what_is_answered_together_goes_no_deeper_than_allowed(den: Room, ada: User, scripted: Scripted) -> None:
    bounded(den, max_depth=1)
    for name, words in {"echo": "@nod?", "wit": "@nod @echo?", "nod": "Yes."}.items():
        another_agent(den, ada, name, model=f"scripted:say {words}")
    say(den, ada, "@echo @wit?")
    while steps := list(Step.objects.ready().exclude(task__agent__user__username="nod")) or lay_out_what_was_said():
        for step in steps:
            tasks.run_step(str(step.pk))
    assert sorted(turns_of(den)) == [("echo", 0), ("echo", 1), ("nod", 1), ("nod", 1), ("wit", 0)]
    assert said_by_the_house(den) == ["The agents stop here: in this room they may answer one another 1 time in a row."]


def test_a_chain_ends_when_its_money_is_spent(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted, monkeypatch: Any
) -> None:
    bounded(den, max_cost_micros=50)
    monkeypatch.setattr(Scripted, "usage_of", lambda *_: Spent(10, 10, 60))
    monkeypatch.setattr("agents.llm.bills.estimated", lambda *_: Spent(10, 10, 60))
    scripted.says("@nod?")
    say(den, ada, "@echo?")
    pump()
    assert turns_of(den) == [("echo", 0)]
    assert said_by_the_house(den) == ["The agents stop here: in this room one message may cost $0.00005."]


def test_a_chain_ends_when_its_time_is_up(den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted) -> None:
    bounded(den, max_seconds=5)
    scripted.says("@nod?")
    question = ask(den, ada, "@echo?")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rooms_message SET created_at = created_at - interval '6 s' WHERE id = %s", [question.pk])
    pump()
    assert turns_of(den) == [("echo", 0)]
    assert said_by_the_house(den) == [
        "The agents stop here: in this room one message may keep them busy for 5 seconds."
    ]


def test_a_turn_that_waited_too_long_ends_for_want_of_energy(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    bounded(den, max_seconds=5)
    scripted.says("@nod?")
    question = ask(den, ada, "@echo?")
    told = Event.objects.get(type="message.finished")
    [step] = waking.answer(told.pk)
    Chain.objects.filter(root=question).update(started_at=Now() - timedelta(seconds=6))
    tasks.run_step(str(step.pk))
    run = Task.objects.get(depth=1)
    assert (run.reason, run.notice) == (Reason.ENERGY, "This chain of agents has reached its bound.")
    assert run.reply is not None
    assert run.reply.state == "interrupted"
    assert len(said_by_the_house(den)) == 1


def test_the_line_of_a_whispered_chain_is_for_those_who_may_read_it(
    den: Room, ada: User, bob: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    bounded(den, max_depth=0)
    scripted.says("@nod?")
    question = say(den, ada, "@echo?", visible_to=["ada", "echo", "nod"])
    pump()
    line = Message.objects.get(author__kind="system")
    assert set(question.visible_to or []) <= set(line.visible_to or [])
    assert bob.pk not in (line.visible_to or [])


def test_a_line_that_was_not_said_before_a_crash_is_said_by_the_sweeper_once(den: Room, ada: User, seat: Seat) -> None:
    question = say(den, ada, "hello")
    assert energy.stop(question, Bound.TURNS)
    assert not energy.stop(question, Bound.DEPTH)
    for _ in range(3):
        sweeping.sweep()
    assert len(said_by_the_house(den)) == 1


def test_the_house_takes_another_name_where_a_person_has_its_own(den: Room, ada: User, seat: Seat) -> None:
    begin_membership(room=den, user=User.objects.create(username="house"), role=Role.MEMBER, by=ada)
    line = energy.say_as_house(room=den, body="Good evening.")
    assert line.author.username == "house-1"
    assert energy.say_as_house(room=den, body="Good night.").author == line.author
