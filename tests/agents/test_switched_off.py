"""Agents switched off: all of them, one of them, for some people, or in one room."""

from __future__ import annotations

from typing import Any

import pytest
from waffle.models import Flag

from agents.llm.scripted import Scripted
from agents.models import Reason, Seat
from agents.services import pause_agents, resume_agents
from agents.switches import flags
from rooms.errors import Conflict
from rooms.models import Event, Message, Room, User
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, run_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("name", ["agent-replies", "agent:echo"])
def test_a_flag_switches_off_without_a_word_and_on_again(
    den: Room, ada: User, seat: Seat, scripted: Scripted, name: str
) -> None:
    flag = Flag.objects.create(name=name, everyone=False)
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, run_for(question).reply) == (Reason.PAUSED, None)
    assert not scripted.requests
    flag.everyone = True
    flag.save()
    scripted.says("Here.")
    assert answer_to(ask(den, ada, "@echo?")).body == "Here."


def test_another_agents_flag_is_none_of_echos(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    Flag.objects.create(name="agent:nod", everyone=False)
    scripted.says("Here.")
    assert answer_to(ask(den, ada, "@echo?")).body == "Here."


def test_only_the_staff(ada: User, eve: User) -> None:
    Flag.objects.create(name="agent-replies", staff=True, superusers=False)
    ada.is_staff = True
    assert flags.may_answer("echo", ada)
    assert not flags.may_answer("echo", eve)


def test_a_percentage_is_of_people_and_stays(db: None) -> None:
    Flag.objects.create(name="agent-replies", percent="30", superusers=False)
    people = [User(pk=number) for number in range(1, 1001)]
    first = [flags.may_answer("echo", person) for person in people]
    assert first == [flags.may_answer("echo", person) for person in people]
    assert 250 < sum(first) < 350


def test_a_flag_stops_what_is_being_written(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("Once upon").stalls()
    with Aside() as aside:
        asked = aside.run(ask, den, ada, "@echo?")
        until(lambda: Message.objects.filter(state="writing", body="Once upon").exists())
        Flag.objects.create(name="agent:echo", everyone=False)
        question = asked.result(PATIENCE)
    assert (run_for(question).reason, answer_to(question).body) == (Reason.PAUSED, "Once upon")


def test_a_room_is_paused_by_whom_and_why_and_resumed(
    den: Room, ada: User, seat: Seat, scripted: Scripted, asking: Any
) -> None:
    scripted.says("Once upon").stalls()
    with Aside() as aside:
        asked = aside.run(ask, den, ada, "@echo?")
        until(lambda: Message.objects.filter(state="writing", body="Once upon").exists())
        pause_agents(room=den, by=ada, reason="too loud")
        question = asked.result(PATIENCE)
    assert (run_for(question).reason, answer_to(question).body) == (Reason.PAUSED, "Once upon")
    later = ask(den, ada, "@echo again?")
    assert (run_for(later).reason, run_for(later).reply) == (Reason.PAUSED, None)
    assert run_for(later).notice == "Agents are paused here by @ada: too loud"
    with pytest.raises(Conflict):
        pause_agents(room=den, by=ada)
    resume_agents(room=den, by=ada)
    scripted.says("Back.")
    assert answer_to(ask(den, ada, "@echo?")).body == "Back."
    assert Event.objects.filter(room=den, type__startswith="agents.").count() == 2
    assert "too loud" not in str(list(Event.objects.values_list("data", flat=True)))
