"""What cannot be undone waits for a person, who sees exactly what it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents import services, tasks
from agents.approvals import exactly
from agents.llm.scripted import Scripted
from agents.models import Agent, Approval, Reason, Seat, Status, Step, Task
from agents.runs import lapsing
from agents.runs.sweeping import sweep
from agents.tools import own
from agents.triggers import scheduling
from rooms.errors import Conflict
from rooms.models import Event, Message, Room, User
from rooms.roles import Role
from rooms.services.memberships import begin_membership, remove_member
from rooms.services.messages import withdraw_message
from tests.plugins.rest import Asking

from ..asking import Aside, answer_to, ask, run_for, say
from .conftest import results_of

pytestmark = pytest.mark.django_db(transaction=True)

State = Approval.State


@pytest.fixture
def said(den: Room, bob: User) -> Message:
    return say(den, bob, "the canary sings")


def asked_to_withdraw(room: Room, who: User, scripted: Scripted, *messages: Message, **facts: Any) -> Message:
    """Somebody has asked, and the agent wants to: `withdraw_messages` waits for an approval."""
    scripted.says("I will.").calls("withdraw_messages", numbers=[one.seq for one in messages]).finishes("tool_calls")
    scripted.says("Gone.")
    return ask(room, who, "@echo take it back", **facts)


def waiting() -> Approval:
    return Approval.objects.select_related("step__task").get(state=State.WAITING)


def run_all(question: Message) -> None:
    """What workers would have taken."""
    while ready := list(Step.objects.ready().filter(task__trigger_message=question).values_list("pk", flat=True)):
        for step in ready:
            tasks.run_step(str(step))


def events(question: Message) -> list[str]:
    found = Event.objects.filter(room=question.room_id, type__startswith="approval.").order_by("seq")
    return [event.type for event in found]


def test_it_waits_for_an_approval_and_then_does_just_that(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    run, step = run_for(question), waiting().step
    assert (run.status, answer_to(question).state, answer_to(question).body) == ("running", "writing", "I will.")
    assert (step.status, step.held, step.lease_until) == (Status.WAITING, True, None)
    (card,) = asking(bob).get("rooms/den/approvals/")["results"]
    assert json.loads(card["arguments"]) == {"numbers": [said.seq]}
    assert (card["tool"], card["may_decide"], card["requester"]) == ("withdraw_messages", True, "bob")

    decided = asking(bob).post(f"approvals/{card['id']}/", {"decision": "approve"})
    assert (decided.status, decided["state"], decided["decided_by"]) == (200, "approved", "bob")
    run_all(question)
    said.refresh_from_db()
    assert (said.state, said.body) == ("withdrawn", "")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.ANSWERED, "I will.\n\nGone.")
    assert results_of(question)[0]["result"] == {"withdrawn": [said.seq]}
    assert events(question) == ["approval.asked", "approval.approved"]


def test_a_refusal_ends_the_run_and_nothing_is_done(
    den: Room, bob: User, mod: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    assert asking(mod).post(f"approvals/{waiting().pk}/", {"decision": "deny"})["state"] == "denied"
    run_all(question)
    run, answer = run_for(question), answer_to(question)
    assert (run.reason, answer.state, answer.body) == (Reason.DENIED, "interrupted", "I will.")
    assert answer.notice == "@mod did not approve «withdraw_messages»."
    assert Message.objects.get(pk=said.pk).body == "the canary sings"
    assert events(question) == ["approval.asked", "approval.denied"]


def test_only_who_asked_and_the_moderators_decide(
    den: Room, ada: User, bob: User, mod: User, gus: User, eve: User, armed: Seat, said: Message, scripted: Scripted,
    asking: Asking, settings: Any,
) -> None:  # fmt: skip
    other = begin_membership(room=den, user=User.objects.create(username="zoe"), role=Role.MEMBER, by=ada).user
    asked_to_withdraw(den, bob, scripted, said)
    path = f"approvals/{waiting().pk}/"
    for who, status in ((other, 403), (gus, 403), (eve, 404), (armed.agent.user, 403)):
        assert asking(who).post(path, {"decision": "approve"}).status == status, who
    assert asking(eve).get("rooms/den/approvals/").status == 404
    assert asking(other).get("rooms/den/approvals/")["results"][0]["may_decide"] is False
    settings.APPROVERS = ["requester"]
    assert asking(mod).post(path, {"decision": "approve"}).status == 403
    assert waiting().state == "waiting"
    settings.APPROVERS = ["moderators"]
    assert asking(bob).post(path, {"decision": "approve"}).status == 403
    assert asking(mod).post(path, {"decision": "approve"}).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"decision": "maybe"}, {"decision": "approve", "sha256": "x"}, {"decision": None}]
)
def test_a_decision_is_one_of_two_words(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking, body: dict[str, Any]
) -> None:
    asked_to_withdraw(den, bob, scripted, said)
    assert asking(bob).post(f"approvals/{waiting().pk}/", body).status == 400


def test_who_may_not_read_the_answer_learns_nothing_of_it(
    den: Room, ada: User, bob: User, mod: User, armed: Seat, scripted: Scripted, asking: Asking
) -> None:
    whispered = {"visible_to": ["ada", "bob", "echo"]}
    said = say(den, bob, "between us", **whispered)
    asked_to_withdraw(den, bob, scripted, said, **whispered)
    approval = waiting()
    assert asking(mod).get("rooms/den/approvals/")["results"] == []
    assert asking(mod).post(f"approvals/{approval.pk}/", {"decision": "approve"}).status == 404
    event = Event.objects.get(type="approval.asked")
    reply = approval.step.task.reply
    assert reply is not None
    assert event.visible_to == reply.visible_to
    assert mod.pk not in (event.visible_to or [])
    assert asking(ada).post(f"approvals/{approval.pk}/", {"decision": "approve"}).status == 200


def test_a_moderators_token_decides_for_others_only_if_it_moderates(
    den: Room, bob: User, mod: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking
) -> None:
    asked_to_withdraw(den, bob, scripted, said)
    path, yes = f"approvals/{waiting().pk}/", {"decision": "approve"}
    assert asking(mod, ("read", "write")).post(path, yes).status == 403
    assert asking(bob, ("read",)).post(path, yes).status == 403
    assert waiting().state == State.WAITING
    assert asking(mod, ("read", "write", "moderate")).post(path, yes).status == 200


def test_what_an_agent_began_by_the_clock_waits_for_an_approval_too(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    run = run_for(asked_to_withdraw(den, bob, scripted, said))
    Task.objects.filter(pk=run.pk).update(trigger_message=None, slot=timezone.now())
    sweep()
    run.refresh_from_db()
    assert (run.status, waiting().state) == (Status.RUNNING, State.WAITING)


def test_of_many_who_decide_at_once_one_does(
    den: Room, ada: User, bob: User, mod: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    approval = waiting()

    def decide(by: User, approve: bool) -> bool:
        try:
            services.decide_approval(approval=Approval.objects.get(pk=approval.pk), by=by, approve=approve)
        except Conflict:
            return False
        return True

    with Aside(8) as aside:
        tries = [aside.run(decide, by, approve) for by in (ada, bob, mod) for approve in (True, False)]
        assert sum(one.result(30) for one in tries) == 1
    assert len(events(question)) == 2
    approval.refresh_from_db()
    assert approval.state in ("approved", "denied")


def test_what_is_decided_is_not_decided_again(
    den: Room, bob: User, mod: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    path = f"approvals/{waiting().pk}/"
    assert asking(mod).post(path, {"decision": "approve"}).status == 200
    for who, decision in ((mod, "approve"), (bob, "deny")):
        again = asking(who).post(path, {"decision": decision})
        assert (again.status, again["detail"]) == (409, "@mod has decided this already.")
    run_all(question)
    assert asking(bob).post(path, {"decision": "approve"}).status == 409


def approve(by: User) -> Approval:
    return services.decide_approval(approval=waiting(), by=by, approve=True)


def test_other_arguments_ask_anew(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = say(den, bob, "another canary")
    question = asked_to_withdraw(den, bob, scripted, said)
    first = approve(bob)
    Step.objects.filter(pk=first.step_id).update(
        input={**first.step.input, "arguments": json.dumps({"numbers": [other.seq]})}
    )
    run_all(question)
    second = waiting()
    first.refresh_from_db()
    assert (first.state, second.step_id) == ("expired", first.step_id)
    assert second.sha256 != first.sha256
    assert not Message.objects.filter(state="withdrawn").exists()
    assert events(question) == ["approval.asked", "approval.approved", "approval.expired", "approval.asked"]
    approve(bob)
    run_all(question)
    assert list(Message.objects.filter(state="withdrawn")) == [other]


def test_another_reader_asks_anew(
    den: Room, ada: User, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    approve(bob)
    begin_membership(room=den, user=User.objects.create(username="zoe"), role=Role.MEMBER, by=ada)
    run_all(question)
    assert waiting().step.held
    assert Message.objects.get(pk=said.pk).state == "visible"


def test_another_version_of_the_tool_asks_anew(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    approve(bob)
    tool = own.withdraw_messages
    before = tool.description
    object.__setattr__(tool, "description", "Does something else.")
    try:
        run_all(question)
    finally:
        object.__setattr__(tool, "description", before)
    assert waiting().state == "waiting"
    assert Message.objects.get(pk=said.pk).state == "visible"


def test_an_approval_gives_no_right_that_has_gone_meanwhile(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    approve(bob)
    Agent.objects.filter(pk=armed.agent_id).update(tools=[])
    run_all(question)
    assert "has no tool" in str(results_of(question)[0]["error"])
    assert Message.objects.get(pk=said.pk).state == "visible"


def test_nobody_is_asked_for_what_may_not_be_done_anyway(
    den: Room, ada: User, bob: User, gus: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, gus, scripted, said)
    assert "not for guests" in str(results_of(question)[0]["error"])
    question = asked_to_withdraw(den, ada, scripted, said)
    services.decide_approval(approval=waiting(), by=ada, approve=True)
    run_all(question)
    assert "Not messages of ada" in str(results_of(question)[0]["error"])
    scripted.next_reply()._add(call={"name": "withdraw_messages", "arguments": '{"numbers": "all"}'}).finishes(
        "tool_calls"
    )
    question = ask(den, bob, "@echo again")
    assert "has to be of type array" in str(results_of(question)[0]["error"])


def test_a_question_nobody_answers_expires_with_a_sentence(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted, asking: Asking
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    path = f"approvals/{waiting().pk}/"
    Approval.objects.update(expires_at=timezone.now())
    assert asking(bob).post(path, {"decision": "approve"}).status == 409
    assert sweep().ended == 1
    run, answer = run_for(question), answer_to(question)
    assert (run.reason, answer.state, answer.body) == (Reason.DENIED, "interrupted", "I will.")
    assert answer.notice == "Nobody approved «withdraw_messages» within 15 minutes."
    assert events(question) == ["approval.asked", "approval.expired"]
    assert asking(bob).post(path, {"decision": "approve"}).status == 409
    assert sweep().ended == 0


def test_what_was_approved_too_long_ago_asks_anew(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    approve(bob)
    Approval.objects.update(expires_at=timezone.now())
    run_all(question)
    assert waiting().state == "waiting"
    assert Message.objects.get(pk=said.pk).state == "visible"


def test_a_run_that_waits_is_left_alone_for_as_long_as_it_may(
    den: Room, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    long_ago = "2020-01-01T00:00Z"
    Message.objects.filter(pk=answer_to(question).pk).update(created_at=long_ago)
    Step.objects.filter(held=True).update(created_at=long_ago, queued_at=long_ago)
    Task.objects.update(created_at=long_ago, started_at=long_ago)
    found = sweep()
    assert (found.ended, found.steps) == (0, [])
    run_all(question)
    assert (run_for(question).status, waiting().step.held) == ("running", True)


@pytest.mark.parametrize("what", ["sent out", "taken back", "stopped", "unseated"])
def test_a_run_that_waits_ends_when_it_has_to(
    den: Room, ada: User, bob: User, armed: Seat, said: Message, scripted: Scripted, what: str
) -> None:
    question = asked_to_withdraw(den, bob, scripted, said)
    if what == "sent out":
        remove_member(room=den, user=bob, by=ada)
    elif what == "taken back":
        withdraw_message(message=question, by=bob)
    elif what == "stopped":
        services.cancel_run(run=run_for(question), by=bob)
    else:
        services.unseat_agent(seat=armed, by=ada)
    sweep()
    reasons = {"sent out": "departed", "taken back": "recalled", "stopped": "cancelled", "unseated": "unseated"}
    assert run_for(question).reason == reasons[what]
    assert Approval.objects.get().state == "expired"
    assert events(question)[-1] == "approval.expired"


def test_two_at_once_are_decided_one_by_one(
    den: Room, bob: User, mod: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    other = say(den, bob, "another canary")
    reply = scripted.next_reply()
    reply.calls("withdraw_messages", numbers=[said.seq]).calls("withdraw_messages", numbers=[other.seq])
    reply.finishes("tool_calls")
    scripted.says("Gone.")
    question = ask(den, bob, "@echo both")
    run_all(question)
    first, second = Approval.objects.filter(state="waiting").order_by("id")
    services.decide_approval(approval=first, by=bob, approve=True)
    run_all(question)
    assert run_for(question).is_live
    services.decide_approval(approval=second, by=mod, approve=True)
    run_all(question)
    assert run_for(question).reason == Reason.ANSWERED
    assert Message.objects.filter(state="withdrawn").count() == 2


def test_the_exact_arguments_hide_nothing() -> None:
    shown = exactly({"a": "x\u202ey\u200b\u00a0\u2028z\U000e0041", "b": "ä<b>", "c": 10**40})
    assert "\\u202ey\\u200b\\u00a0\\u2028z\\udb40\\udc41" in shown
    assert '"ä<b>"' in shown
    assert str(10**40) in shown


def test_a_turn_by_schedule_waits_for_its_approval_too(
    den: Room, ada: User, bob: User, armed: Seat, said: Message, scripted: Scripted
) -> None:
    services.change_seat(seat=armed, by=bob, trigger="schedule", schedule="* * * * *", instruction="Tidy up.")
    Seat.objects.update(last_slot=timezone.now() - timedelta(days=1))
    scripted.calls("withdraw_messages", numbers=[said.seq]).finishes("tool_calls")
    scripted.says("Gone.")
    for step in scheduling.keep():
        tasks.run_step(str(step))
    asked = waiting()
    sweep()
    services.decide_approval(approval=asked, by=bob, approve=True)
    while ready := list(Step.objects.ready().values_list("pk", flat=True)):
        for step in ready:
            tasks.run_step(str(step))
    said.refresh_from_db()
    assert (said.state, Task.objects.get().reason) == ("withdrawn", Reason.ANSWERED)


def test_what_has_expired_is_found_behind_whatever_waits_still(
    den: Room, ada: User, bob: User, armed: Seat, said: Message, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_to_withdraw(den, bob, scripted, said)
    scripted.queue.clear()
    late = asked_to_withdraw(den, ada, scripted, said, visible_to=["ada", "echo"])
    Approval.objects.filter(step__task=run_for(late)).update(expires_at=timezone.now())
    monkeypatch.setattr(lapsing, "BATCH", 1)
    sweep()
    assert run_for(late).reason == Reason.DENIED
    assert waiting().step.task.requester == bob
