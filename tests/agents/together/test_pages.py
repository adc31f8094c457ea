"""What people see of it: pieces folded under the answer, for those who may read the answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agents.models import Conduct, Dispute, Seat, Status
from rooms.models import Message, Room, User
from rooms.services.messages import redact_message

from ..asking import answer_to, run_for, say
from .conftest import Cast, asked, run_out, tail
from .test_asking import planned  # noqa: F401
from .test_disputes import disputed  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def page(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def piece(user: User, question: Message) -> str:
    run = run_for(question)
    response: Any = page(user).get(f"/rooms/den/together?runs={run.pk}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_members_see_who_contributed_and_what_is_disputed(
    disputed: Message,  # noqa: F811
    bob: User,
    gus: User,
    eve: User,
) -> None:
    for reader in (bob, gus):
        shown = piece(reader, disputed)
        assert "3 agents contributed" in shown
        assert "<p>I did.</p>" in shown
        assert "Disputed: 1 point" in shown
        assert "It was empty." in shown
        assert "it does not hold. Somebody looked." in shown
    assert page(eve).get(f"/rooms/den/together?runs={run_for(disputed).pk}").status_code == 404
    assert page(eve).get(f"/runs/{run_for(disputed).pk}/together/").status_code == 404
    assert b"Disputed: 1 point" in page(bob).get(f"/runs/{run_for(disputed).pk}/together/").content


def test_contributions_are_drawn_as_safely_as_messages(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    bad = {"act": "share", "point": "<img src=x onerror=alert(1)>"}
    cast.says("nod", "<script>alert(1)</script> [x](javascript:alert(1))" + tail(bad))
    cast.says("wit", "No." + tail({**bad, "act": "disagree", "evidence": "<b>bold</b>"}))
    shown = piece(ada, asked(den, ada, "tea?"))
    for part in ("<script", "<img", "<b>bold", 'href="javascript'):
        assert part not in shown


def test_a_whispers_pieces_are_for_those_who_read_it(
    den: Room, ada: User, bob: User, mod: User, three: list[Seat], cast: Cast
) -> None:
    from agents import tasks

    from ..asking import event_of

    Conduct.objects.create(room=den, coordination="parallel")
    question = say(den, ada, "@echo @nod quietly", visible_to=["mod", "echo", "nod"])
    tasks.wake(event_of(question).pk)
    run_out(question)
    assert "contributed" in piece(mod, question)
    assert "contributed" not in piece(bob, question)


def test_what_was_made_of_a_message_is_shown_only_to_those_who_may_read_it(
    den: Room, ada: User, bob: User, gus: User, three: list[Seat], cast: Cast
) -> None:
    secret = say(den, bob, "canary in the kitchen")
    cast.says("nod", "There is a canary.")
    question = asked(den, ada, "what is there?")
    Message.objects.filter(pk=secret.pk).update(state="held")
    assert "There is a canary." in piece(bob, question)
    assert "canary" not in piece(gus, question)
    assert "It is made of what you cannot see." in piece(gus, question)
    assert b"canary" not in page(gus).get(f"/runs/{run_for(question).pk}/together/").content


def test_nothing_is_shown_of_an_answer_that_was_taken_away(disputed: Message, ada: User, mod: User) -> None:  # noqa: F811
    redact_message(message=answer_to(disputed), by=mod)
    assert "tea" not in piece(ada, disputed)


def test_a_decision_is_flipped_on_the_page(disputed: Message, bob: User) -> None:  # noqa: F811
    browser, path = page(bob), f"/disputes/{Dispute.objects.get().pk}/flip"
    told = browser.post(path, {"chosen": "agree", "why": "I looked."}, follow=True)
    assert "Decided: it holds." in told.content.decode()
    shown = piece(bob, disputed)
    assert "it holds. I looked." in shown
    assert "Before, echo decided: it does not hold." in shown


def test_a_plan_is_a_card_for_all_with_buttons_for_who_asked(
    planned: Message,  # noqa: F811
    ada: User,
    bob: User,
    gus: User,
) -> None:
    assert "has a plan. Shall they go on?" in piece(bob, planned)
    assert "has a plan, which waits for Bob." in piece(gus, planned)
    assert "<form" not in piece(gus, planned)
    path = f"/runs/{run_for(planned).pk}/plan"
    assert page(gus).post(path, {"decision": "approve"}).status_code == 403
    rows = {
        "agent-1": "nod", "title-1": "Look for tea", "order-1": "2", "needs-1": "",
        "agent-2": "wit", "title-2": "Boil water", "order-2": "1", "needs-2": "", "instruction-2": "Two litres.",
        "agent-3": "nod", "title-3": "Make it", "order-3": "3", "needs-3": "1,2", "drop-3": "on",
    }  # fmt: skip
    empty = page(bob).post(path, {"decision": "edit", **rows, "drop-1": "on", "drop-2": "on"})
    assert empty.status_code == 400, "and what was typed is still there"
    words = empty.content.decode()
    assert "A plan has 1 to 8 sub-tasks; these are 0." in words
    assert words.index("Two litres.") < words.index("Look for tea") < words.index("Make it")
    assert page(bob).post(path, {"decision": "edit", **rows}).status_code == 302
    run_out(planned)
    run = run_for(planned)
    done = sorted(run.steps.filter(kind="consult"), key=lambda step: step.input["number"])
    assert (run.status, [step.title for step in done]) == (Status.DONE, ["Boil water", "Look for tea"])
    assert done[0].input["instruction"] == "Two litres."


def test_the_owner_sets_how_agents_behave_on_their_page(den: Room, ada: User, bob: User, three: list[Seat]) -> None:
    assert b'action="/rooms/den/agents-together"' in page(ada).get("/rooms/den/agents/").content
    assert b"agents-together" not in page(bob).get("/rooms/den/agents/").content
    facts = {
        "form": "1",
        "coordination": "collaborative",
        "lead": "nod",
        "rounds": "4",
        "reviews": "on",
        "max_dollars": "0.25",
    }
    assert page(ada).post("/rooms/den/agents-together", facts).status_code == 302
    found = Conduct.objects.get(room=den)
    assert (found.coordination, found.rounds, found.reviews, found.max_cost_micros) == (
        "collaborative",
        4,
        True,
        250_000,
    )
    assert found.lead == three[1].agent
    assert page(ada).post("/rooms/den/agents-together", {**facts, "rounds": "9"}).status_code == 302
    assert Conduct.objects.get(room=den).rounds == 4
    assert page(bob).post("/rooms/den/agents-together", facts).status_code == 403
