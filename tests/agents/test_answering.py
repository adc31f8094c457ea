from __future__ import annotations

import pytest

from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Status, Step, Usage
from rooms.models import Event, Room, User

from .asking import answer_to, ask, run_for, say

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_is_mentioned_answers_and_the_run_is_written_down(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Hello", " **Ada**")
    question = ask(den, ada, "@echo are you there?")
    answer = answer_to(question)
    assert (answer.body, answer.state, answer.author.username) == ("Hello **Ada**", "visible", "echo")
    assert answer.html == "<p>Hello <strong>Ada</strong></p>"
    run = run_for(question)
    assert (run.status, run.reason, run.requester, answer.run) == (Status.DONE, Reason.ANSWERED, ada, run.pk)
    step = Step.objects.get(task=run)
    assert (step.status, step.fence, step.lease_until) == (Status.DONE, 1, None)
    assert step.prompt is not None
    assert step.read == [question.pk]
    usage = Usage.objects.get()
    assert (usage.step, usage.agent, usage.requester, usage.room) == (step, seat.agent, ada, den)
    assert usage.completion_tokens > 0
    told = Event.objects.filter(room=den, seq__gt=question.seq).order_by("seq").values_list("type", flat=True)
    assert list(told) == ["message.started", "run.started", "message.finished", "run.ended"]


def test_an_answer_stands_where_its_question_stands(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    start = say(den, bob, "about the tea")
    question = ask(den, ada, "@echo?", reply_to=start.pk, thread=start.pk)
    answer = answer_to(question)
    assert (answer.reply_to, answer.thread) == (question, start)
