"""Agents that speak by the clock: once a minute-slot, for whoever set the hour, as long as they may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agents import tasks
from agents.inside.provenance import provenance_of
from agents.llm.scripted import Scripted
from agents.models import Chain, Reason, Seat, Task
from agents.services import change_seat
from agents.triggers import scheduling
from agents.triggers.schedule import checked, due_slot, next_slot
from rooms.errors import Invalid
from rooms.models import Message, Room, User
from rooms.services.memberships import remove_member
from tests.plugins.rest import Asking

from .asking import Aside, say
from .test_energy import pump
from .test_line import asked

pytestmark = pytest.mark.django_db(transaction=True)

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def crier(den: Room, bob: User, seat: Seat) -> Seat:
    """echo speaks at nine, since bob wants it."""
    change_seat(seat=seat, by=bob, trigger="schedule", schedule="0 9 * * *", instruction="Say good morning.")
    Seat.objects.update(last_slot=NINE - timedelta(days=1))
    return Seat.objects.get(pk=seat.pk)


def at(moment: datetime) -> list[str]:
    """What beat sets going at this moment, run."""
    steps = scheduling.keep(moment)
    for step in steps:
        tasks.run_step(str(step))
    return [str(step) for step in steps]


@pytest.mark.parametrize(
    ("expression", "now", "slot"),
    [
        ("0 9 * * *", NINE, NINE),
        ("0 9 * * *", NINE + timedelta(seconds=59), NINE),
        ("0 9 * * *", NINE + timedelta(minutes=4), NINE),
        ("0 9 * * *", NINE + timedelta(minutes=5), None),
        ("0 9 * * *", NINE - timedelta(seconds=1), None),
        ("*/15 * * * *", NINE + timedelta(minutes=16), NINE + timedelta(minutes=15)),
        ("0 9 * * 1", NINE, NINE),
        ("0 9 * * mon-fri", NINE, NINE),
        ("0 9 * * 0,6", NINE, None),
        ("0 9 23 11 *", NINE, NINE),
    ],
)
def test_a_slot_is_due_in_its_minute_and_a_little_later(expression: str, now: datetime, slot: datetime | None) -> None:
    assert due_slot(expression, now) == slot


@pytest.mark.parametrize(
    ("expression", "next"),
    [
        ("0 9 * * *", NINE + timedelta(days=1)),
        ("*/5 * * * *", NINE + timedelta(minutes=5)),
        ("30 8 29 2 *", datetime(2028, 2, 29, 8, 30, tzinfo=UTC)),
        ("0 9 * * 1", NINE + timedelta(days=7)),
    ],
)
def test_the_next_slot_is_known(expression: str, next: datetime) -> None:
    assert next_slot(expression, NINE) == next


@pytest.mark.parametrize(
    "expression", ["", "soon", "* * * *", "61 * * * *", "0 9 * * * *", "@daily", "0 0 31 2 *", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_refused_in_words(expression: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(expression)
    assert list(refusal.value.fields or {}) == ["schedule"]


def test_at_its_hour_an_agent_says_what_it_was_told_for_whoever_told_it(
    den: Room, ada: User, bob: User, crier: Seat, scripted: Scripted, client: Client
) -> None:
    say(den, ada, "see you tomorrow")
    scripted.says("Good morning!")
    assert len(at(NINE)) == 1
    run = Task.objects.get()
    assert (run.slot, run.requester, run.trigger_message, run.reason) == (NINE, bob, None, Reason.ANSWERED)
    assert run.reply is not None
    assert (run.reply.body, run.reply.reply_to, run.reply.visible_to) == ("Good morning!", None, None)
    first, *between, last = scripted.requests[0].turns
    assert "Say good morning." in first.content
    assert "see you tomorrow" in " ".join(turn.content for turn in between)
    assert last.content == '{"from":"schedule","text":"It is Monday, 2026-11-23 09:00 UTC."}'
    assert provenance_of(run.reply, ada).reproducible
    client.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    why = client.get(f"/messages/{run.reply.pk}/why/").content.decode()
    assert "it spoke by its schedule" in why
    assert "set by Bob" in why


def test_many_beats_and_workers_fire_one_slot_once(den: Room, ada: User, crier: Seat, scripted: Scripted) -> None:
    with Aside(12) as aside:
        beats = [aside.run(scheduling.keep, NINE + timedelta(seconds=5 * number)) for number in range(24)]
        steps = [step for beat in beats for step in beat.result(30)]
    assert len(steps) == Task.objects.count() == 1
    tasks.run_step(str(steps[0]))
    assert len(at(NINE + timedelta(days=1))) == 1


def test_a_new_schedule_does_not_make_up_for_the_past(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    now = timezone.now()
    change_seat(seat=seat, by=ada, trigger="schedule", schedule=f"{now.minute} {now.hour} * * *")
    assert at(now) == []


@pytest.mark.parametrize("why", ["left", "off", "changed"])
def test_who_has_left_an_agent_that_is_off_and_another_trigger_say_nothing(
    den: Room, ada: User, bob: User, crier: Seat, scripted: Scripted, why: str
) -> None:
    if why == "left":
        remove_member(room=den, user=bob, by=ada)
    elif why == "off":
        crier.agent.enabled = False
        crier.agent.save()
    else:
        change_seat(seat=crier, by=ada, trigger="mention")
    assert at(NINE) == []
    assert not Message.objects.filter(author__kind="agent").exists()


def test_an_agent_that_speaks_by_the_clock_answers_whoever_names_it_and_nothing_else(
    den: Room, ada: User, crier: Seat, scripted: Scripted
) -> None:
    say(den, ada, "anybody?")
    say(den, ada, "@echo?")
    pump()
    assert Task.objects.get().trigger_message is not None


def test_what_it_says_by_the_clock_has_energy_of_its_own(
    den: Room, ada: User, bob: User, crier: Seat, second: Seat, scripted: Scripted
) -> None:
    scripted.says("Good morning, @nod!")
    scripted.says("Good morning.")
    at(NINE)
    pump()
    first, then = Task.objects.order_by("pk")
    assert (then.depth, then.requester, then.root_message) == (1, bob, first.reply)
    assert Chain.objects.get().turns == 2


def test_an_hour_that_comes_while_it_writes_waits(den: Room, ada: User, crier: Seat, scripted: Scripted) -> None:
    asked(den, ada, "@echo?")
    assert at(NINE) == []
    assert at(NINE + timedelta(days=1)) == []
    assert sorted(Task.objects.exclude(slot=None).values_list("slot", "reason")) == [
        (NINE, "merged"),
        (NINE + timedelta(days=1), ""),
    ]


# --- setting it


def test_every_trigger_is_set_over_rest_with_what_belongs_to_it(
    asking: Asking, den: Room, ada: User, seat: Seat
) -> None:
    owner = asking(ada)
    path = "rooms/den/agents/echo/"
    said = owner.patch(path, {"trigger": "keyword", "keywords": [" Rose ", "rose", "oak  tree"]})
    assert (said["trigger"], said["keywords"]) == ("keyword", ["Rose", "oak tree"])
    said = owner.patch(path, {"trigger": "schedule", "schedule": " 0 9  * * 1-5", "instruction": "Greet."})
    assert (said["schedule"], said["instruction"], said["scheduled_by"]) == ("0 9 * * 1-5", "Greet.", "ada")
    assert owner.patch(path, {"trigger": "useful"})["trigger"] == "useful"
    assert owner.patch(path, {"instruction": "Later."})["trigger"] == "useful"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"trigger": "keyword"}, "keywords"),
        ({"trigger": "keyword", "keywords": ["  "]}, "keywords.0"),
        ({"trigger": "schedule"}, "schedule"),
        ({"trigger": "schedule", "schedule": "at nine"}, "schedule"),
        ({"schedule": "0 0 31 2 *"}, "schedule"),
        ({"trigger": "whenever"}, "trigger"),
        ({"keywords": "rose"}, "keywords"),
        ({"keywords": [f"word{number}" for number in range(21)]}, "keywords"),
        ({}, "trigger"),
    ],
)
def test_what_does_not_go_together_is_refused_by_its_field(
    asking: Asking, den: Room, ada: User, seat: Seat, facts: dict[str, Any], field: str
) -> None:
    refused = asking(ada).patch("rooms/den/agents/echo/", facts)
    assert (refused.status, list(refused["fields"])) == (400, [field])
    assert Seat.objects.get().trigger == "mention"
