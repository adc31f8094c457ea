"""On what agents differ is kept, decided for all to see, and people may decide otherwise."""

from __future__ import annotations

import pytest

from agents.inside.provenance import recompute
from agents.models import Dispute, Seat, Status, Task
from agents.together import acts
from rooms.models import Event, Message, Room, User
from rooms.services.messages import redact_message, withdraw_message
from tests.plugins.rest import Asking

from ..asking import answer_to, event_of, run_for
from .conftest import Cast, asked, run_out, tail

pytestmark = pytest.mark.django_db(transaction=True)

POINT = "The tea is in the blue tin."
HOLDS = {"act": "share", "point": POINT, "evidence": "Bob said so."}
NOT_SO = {"act": "disagree", "point": "the tea is in the blue tin", "to": "nod", "evidence": "It was empty."}
CHOICE = '{"decisions": [{"dispute": 1, "chosen": "disagree", "why": "Somebody looked."}]}'


@pytest.fixture
def disputed(den: Room, ada: User, bob: User, three: list[Seat], cast: Cast) -> Message:
    """nod says it is there, wit says it is not, and echo decides for wit."""
    cast.says("echo", "I do not know.", CHOICE, "It is not there.")
    cast.says("nod", "Look there." + tail(HOLDS))
    cast.says("wit", "I did." + tail(NOT_SO))
    return asked(den, ada, "where is the tea?")


def test_who_differs_is_kept_with_evidence_and_decided_before_the_answer(disputed: Message, cast: Cast) -> None:
    found = Dispute.objects.get()
    assert (found.point, found.chosen, found.why) == (POINT, "disagree", "Somebody looked.")
    assert found.decided_by is not None
    assert found.decided_by.username == "echo"
    assert found.positions == [
        {"agent": "nod", "stance": "agree", "evidence": "Bob said so."},
        {"agent": "wit", "stance": "disagree", "evidence": "It was empty."},
    ]
    told = cast.asked("echo")[-1]["disputes"]
    assert [(one["point"], one["chosen"], one["decided_by"]) for one in told] == [(POINT, "disagree", "echo")]
    assert [step.kind for step in run_for(disputed).steps.order_by("started_at")][3:] == ["resolve", "complete"]


def test_what_the_resolver_leaves_out_stays_open(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("echo", "Hm.", "I cannot say.", "Nobody knows.")
    cast.says("nod", "Look there." + tail(HOLDS))
    cast.says("wit", "I did." + tail(NOT_SO))
    question = asked(den, ada, "where is the tea?")
    found = Dispute.objects.get()
    assert (found.chosen, found.decided_by, run_for(question).status) == ("", None, Status.DONE)


def test_agents_that_do_not_differ_have_no_dispute(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    cast.says("nod", "Look there." + tail(HOLDS))
    cast.says("wit", "Yes." + tail({**NOT_SO, "act": "agree"}))
    question = asked(den, ada, "where is the tea?")
    assert not Dispute.objects.exists()
    assert not run_for(question).steps.filter(kind="resolve").exists()


def test_members_read_the_minority_report_and_outsiders_do_not(
    disputed: Message, ada: User, bob: User, gus: User, eve: User, asking: Asking
) -> None:
    run = run_for(disputed)
    for reader in (ada, bob, gus):
        shown = asking(reader).get(f"runs/{run.pk}/")
        assert [one["point"] for one in shown["disputes"]] == [POINT]
        said = [one["contribution"]["html"] for one in shown["steps"] if one["kind"] == "consult"]
        assert "<p>I did.</p>" in said
    assert asking(eve).get(f"runs/{run.pk}/").status == 404
    assert asking(eve).post(f"disputes/{Dispute.objects.get().pk}/flip/", {"chosen": "agree"}).status == 404


def test_a_member_flips_a_decision_and_everybody_hears_who_did(
    disputed: Message, den: Room, bob: User, asking: Asking
) -> None:
    found = Dispute.objects.get()
    flipped = asking(bob).post(f"disputes/{found.pk}/flip/", {"chosen": "agree", "why": "I put it there."})
    assert flipped.status == 200, flipped
    assert (flipped["chosen"], flipped["decided_by"], flipped["why"]) == ("agree", "bob", "I put it there.")
    assert [(one["chosen"], one["by"]) for one in flipped["earlier"]] == [("disagree", "echo")]
    told = Event.objects.filter(room=den).latest("seq")
    assert (told.type, told.data["chosen"], told.data["by"]) == ("dispute.decided", "agree", "bob")
    assert asking(bob).post(f"disputes/{found.pk}/flip/", {"chosen": "agree"}).status == 409


def test_a_whispers_disputes_are_for_those_who_read_it(
    den: Room, ada: User, bob: User, mod: User, three: list[Seat], cast: Cast, asking: Asking
) -> None:
    from agents import tasks
    from agents.models import Conduct

    from ..asking import say
    from .conftest import run_out

    Conduct.objects.create(room=den, coordination="parallel")
    cast.says("echo", "Hm." + tail(HOLDS), CHOICE)
    cast.says("nod", "No." + tail({**NOT_SO, "to": "echo"}))
    question = say(den, ada, "@echo @nod quietly", visible_to=["mod", "echo", "nod"])
    tasks.wake(event_of(question).pk)
    run_out(question)
    path = f"disputes/{Dispute.objects.get().pk}/flip/"
    assert asking(bob).post(path, {"chosen": "agree"}).status == 404
    assert asking(mod).post(path, {"chosen": "agree"}).status == 200
    assert set(Event.objects.filter(type="dispute.decided").latest("seq").visible_to or []) >= {ada.pk, mod.pk}


def test_every_prompt_can_be_built_again(disputed: Message) -> None:
    steps = list(run_for(disputed).steps.all())
    again = [recompute(step) for step in steps]
    assert [one.reasons for one in again if one is not None] == [()] * 5
    assert {step.prompt.template for step in steps if step.prompt} != {""}


@pytest.mark.parametrize("which", ["question", "answer"])
def test_when_question_or_answer_is_taken_back_the_words_are_gone(
    disputed: Message, ada: User, mod: User, asking: Asking, which: str
) -> None:
    from agents.together.forgetting import forget

    run = run_for(disputed)
    if which == "question":
        withdraw_message(message=disputed, by=ada)
    else:
        redact_message(message=answer_to(disputed), by=mod)
    shown = asking(ada).get(f"runs/{run.pk}/")
    assert "tea" not in str(shown.json)  # not shown from the first moment
    forget(Event.objects.filter(type__in=["message.withdrawn", "message.redacted"]).latest("seq").pk)
    kept = str([*run.steps.values_list("input", "output", "title"), *Dispute.objects.values_list("point", "positions")])
    assert "tea" not in kept
    assert "Somebody looked" not in kept
    again = [recompute(step) for step in run.steps.all()]
    assert any("taken away" in reason for one in again if one for reason in one.reasons)
    assert asking(ada).post(f"disputes/{Dispute.objects.get().pk}/flip/", {"chosen": "agree"}).status == 409


# --- the vocabulary


@pytest.mark.parametrize(
    "text",
    [
        "Plain words.",
        "Words.\n```json\n{not json}\n```",
        'Words.\n```json\n{"acts": 7}\n```',
        '```json\n{"acts": [3]}\n```',
    ],
)
def test_what_cannot_be_read_is_a_share_of_plain_text(text: str) -> None:
    said = acts.read(text)
    assert said.text == text.strip()
    assert [act.act for act in said.acts] == ["share"]


def test_acts_are_read_and_the_fence_is_taken_off() -> None:
    written = [
        {"act": "share", "point": "a"}, {"act": "delegate", "to": "@Nod", "instruction": "b"},
        {"act": "ask", "to": "nod", "question": "c?"}, {"act": "agree", "point": "d"},
        {"act": "disagree", "point": "e", "evidence": "f"}, {"act": "review", "to": "wit", "score": 2, "points": ["g"]},
        {"act": "review", "to": "wit", "score": 7}, {"act": "share"}, {"act": "sing"}, "nonsense",
    ]  # fmt: skip
    said = acts.read("Words." + tail(*written))  # type: ignore[arg-type]
    assert said.text == "Words."
    assert [acts.facts_of(act) for act in said.acts] == [
        written[0], {**written[1], "to": "nod"}, *written[2:6],  # type: ignore[dict-item]
    ]  # fmt: skip


def test_the_schema_names_all_six() -> None:
    kinds = acts.schema()["properties"]["acts"]["items"]["anyOf"]
    assert [one["properties"]["act"]["const"] for one in kinds] == list(acts.VOCABULARY)


# --- speaking again


def test_after_a_flip_the_answer_is_made_anew_from_the_same_contributions(
    disputed: Message, ada: User, bob: User, eve: User, cast: Cast, asking: Asking
) -> None:
    run = run_for(disputed)
    asking(bob).post(f"disputes/{Dispute.objects.get().pk}/flip/", {"chosen": "agree", "why": "I put it there."})
    cast.says("echo", "It is there after all.")
    assert asking(eve).post(f"runs/{run.pk}/speak/").status == 404
    again = asking(bob).post(f"runs/{run.pk}/speak/")
    assert (again.status, again["requester"], again["attempt"]) == (201, "bob", 2)
    run_out(disputed)
    task = Task.objects.get(pk=again["id"])
    assert (task.status, task.alternative_of, task.reply and task.reply.body) == (
        Status.DONE, run, "It is there after all.",
    )  # fmt: skip
    told = cast.asked("echo")[-1]
    assert [one["from"] for one in told["contributions"]] == ["echo", "nod", "wit"]
    assert [(one["chosen"], one["why"], one["decided_by"]) for one in told["disputes"]] == [
        ("agree", "I put it there.", "bob"),
    ]  # fmt: skip
    assert [one.is_equal for step in task.steps.all() if (one := recompute(step))] == [True]


def test_an_answer_that_is_made_anew_is_disputed_as_the_first_was_and_flipped_itself(
    disputed: Message, bob: User, cast: Cast, asking: Asking
) -> None:
    asking(bob).post(f"disputes/{Dispute.objects.get().pk}/flip/", {"chosen": "agree", "why": "I put it there."})
    again = asking(bob).post(f"runs/{run_for(disputed).pk}/speak/")
    run_out(disputed)
    (beside,) = asking(bob).get(f"runs/{again['id']}/")["disputes"]
    assert (beside["point"], beside["chosen"], beside["decided_by"]) == (POINT, "agree", "bob")
    assert [old["by"] for old in beside["earlier"]] == ["echo"]
    asking(bob).post(f"disputes/{beside['id']}/flip/", {"chosen": "disagree", "why": "It is gone."})
    third = asking(bob).post(f"runs/{again['id']}/speak/")
    assert third.status == 201, third
    run_out(disputed)
    told = cast.asked("echo")[-1]
    assert [one["from"] for one in told["contributions"]] == ["echo", "nod", "wit"]
    assert [(one["chosen"], one["decided_by"]) for one in told["disputes"]] == [("disagree", "bob")]


@pytest.mark.parametrize("kind", ["complete", "resolve"])
def test_an_answer_done_again_from_a_step_has_its_disputes_beside_it(
    disputed: Message, ada: User, cast: Cast, asking: Asking, kind: str
) -> None:
    run = run_for(disputed)
    cast.says("echo", *[CHOICE] * (kind == "resolve"), "It is not there.")
    again = asking(ada).post(f"runs/{run.pk}/steps/{run.steps.get(kind=kind).pk}/retry/")
    run_out(disputed)
    (beside,) = asking(ada).get(f"runs/{again['id']}/")["disputes"]
    assert (beside["point"], beside["chosen"], beside["decided_by"]) == (POINT, "disagree", "echo")
    assert [side["agent"] for side in beside["positions"]] == ["nod", "wit"]


def test_what_was_said_again_is_asked_for_again_like_the_first(
    disputed: Message, bob: User, cast: Cast, asking: Asking
) -> None:
    run = run_for(disputed)
    cast.says("echo", "It is not there, I said.", "It is not there, as I keep saying.")
    second = asking(bob).post(f"messages/{run.reply_id}/regenerate/", {})
    run_out(disputed)
    reply = Task.objects.get(pk=second["id"]).reply_id
    third = asking(bob).post(f"messages/{reply}/regenerate/", {})
    assert (third.status, third["alternative_of"], third["attempt"]) == (201, str(run.pk), 3)
    run_out(disputed)
    assert [one["from"] for one in cast.asked("echo")[-1]["contributions"]] == ["echo", "nod", "wit"]


def test_what_is_said_again_of_a_run_done_again_stands_beside_the_first_and_speaks_of_the_second(
    disputed: Message, bob: User, ada: User, cast: Cast, asking: Asking
) -> None:
    run = run_for(disputed)
    cast.says("nod", "It was there yesterday." + tail(HOLDS))
    of_nod = run.steps.get(kind="consult", agent__user__username="nod")
    beside = asking(ada).post(f"runs/{run.pk}/steps/{of_nod.pk}/retry/")
    run_out(disputed)
    third = asking(bob).post(f"runs/{beside['id']}/speak/")
    assert (third.status, third["alternative_of"]) == (201, str(run.pk))
    assert asking(bob).post(f"runs/{run.pk}/speak/").status == 409, "one is written at a time"
    run_out(disputed)
    assert cast.asked("echo")[-1]["contributions"][1]["text"] == "It was there yesterday."


def test_what_was_said_again_can_be_done_again_with_its_disputes_beside_it(
    disputed: Message, bob: User, ada: User, cast: Cast, asking: Asking
) -> None:
    second = asking(bob).post(f"runs/{run_for(disputed).pk}/speak/")
    run_out(disputed)
    (step,) = Task.objects.get(pk=second["id"]).steps.all()
    third = asking(ada).post(f"runs/{second['id']}/steps/{step.pk}/retry/")
    assert third.status == 201, third
    run_out(disputed)
    told = cast.asked("echo")[-1]
    assert [one["from"] for one in told["contributions"]] == ["echo", "nod", "wit"]
    assert [(one["chosen"], one["decided_by"]) for one in told["disputes"]] == [("disagree", "echo")]
    (beside,) = asking(bob).get(f"runs/{third['id']}/")["disputes"]
    assert (beside["point"], beside["chosen"], beside["decided_by"]) == (POINT, "disagree", "echo")
