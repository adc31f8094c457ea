"""What a picture adds to a question is told before it is asked, as it is counted when a model is shown it."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from agents.context import pictures
from agents.llm.port import image_tokens
from agents.models import Agent, Seat, Step
from rooms.models import Attachment, Room, User
from tests.files import attached, picture
from tests.plugins.rest import Answer, Asking
from tests.upstream.server import Upstream

from ..asking import ask, say
from .conftest import Deploy

pytestmark = pytest.mark.django_db(transaction=True)

BIG = (1024, 768)
COUNTS = image_tokens(*BIG)
IN_WORDS = ceil(len("[image: cat.png, 1024×768]".encode()) / 4)


@pytest.fixture
def cat(den: Room, ada: User, seat: Seat) -> Attachment:
    """ada's, in no message yet."""
    return cat_of(den, ada)


def cat_of(room: Room, who: User) -> Attachment:
    return attached(room, who, content=picture(size=BIG))


def estimate(asking: Asking, who: User, *files: Attachment, body: str = "@echo what is this?", **facts: Any) -> Answer:
    ids = [str(file.pk) for file in files]
    return asking(who).post("rooms/den/estimate/", {"body": body, "attachments": ids, **facts})


def added(asking: Asking, who: User, *files: Attachment) -> int:
    """Tokens that these files add to a question."""
    with_files, plain = (estimate(asking, who, *some)["tokens"] for some in (files, ()))
    assert isinstance(with_files, int)
    return with_files - int(plain)


def shown_for(question: Any) -> list[dict[str, str]]:
    return Step.objects.get(task__trigger_message=question).pictures


@pytest.mark.parametrize(("sees", "counts"), [(True, COUNTS), (False, 0)])
def test_a_picture_counts_for_a_route_that_sees_and_words_about_it_for_any(
    ada: User, cat: Attachment, deploy: Deploy, asking: Asking, upstream: Upstream, sees: bool, counts: int
) -> None:
    deploy("fine-n3", sees_images=sees)
    assert added(asking, ada, cat) == counts + IN_WORDS
    assert not upstream.calls
    cat.refresh_from_db()
    assert cat.message_id is None, "it is still to be sent"


def test_it_costs_what_a_deployment_says_that_counts_more_and_for_each_call(
    den: Room, ada: User, cat: Attachment, deploy: Deploy, asking: Asking
) -> None:
    Agent.objects.update(parameters={"price": {"prompt": 1, "completion": 0}})
    deploy("fine-n3", sees_images=True, image_tokens=2_500)
    assert added(asking, ada, cat) == 2_500 + IN_WORDS
    costs = estimate(asking, ada, cat)
    plain = estimate(asking, ada)
    assert costs["micros"] - plain["micros"] == costs["most_micros"] - plain["most_micros"] == 2_500 + IN_WORDS


def test_pictures_of_the_conversation_count_as_those_that_are_shown_and_whispered_ones_do_not(
    den: Room, ada: User, bob: User, cat: Attachment, deploy: Deploy, asking: Asking
) -> None:
    deploy("fine-n3", sees_images=True)
    before = estimate(asking, ada)["tokens"]
    say(den, bob, "", attachments=[cat_of(den, bob).pk], visible_to=["ada"])
    assert estimate(asking, ada)["tokens"] == before
    say(den, bob, "", attachments=[cat_of(den, bob).pk])
    after = estimate(asking, ada)["tokens"] - before
    assert COUNTS + IN_WORDS <= after <= COUNTS + IN_WORDS + 4, "and the turn it stands in"
    assert len(shown_for(ask(den, ada, "@echo what is this?"))) == 1


def test_no_more_count_than_would_be_shown(
    den: Room, ada: User, cat: Attachment, deploy: Deploy, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy("fine-n3", sees_images=True)
    three = [cat, cat_of(den, ada), cat_of(den, ada)]
    monkeypatch.setattr(pictures, "MOST", 2)
    assert added(asking, ada, *three) == 2 * COUNTS + 3 * IN_WORDS
    monkeypatch.setattr(pictures, "MOST", 8)
    Agent.objects.update(max_prompt_tokens=3 * COUNTS)
    assert added(asking, ada, *three) == COUNTS + 3 * IN_WORDS, "half of what may be told"
    assert len(shown_for(ask(den, ada, "@echo what is this?", attachments=[file.pk for file in three]))) == 1


@pytest.mark.usefixtures("_litellm")
def test_a_model_called_by_its_name_alone_counts_them_once_it_was_shown_one(
    den: Room, ada: User, cat: Attachment, asking: Asking, upstream: Upstream, settings: Any
) -> None:
    settings.LLM_MODEL, settings.LLM_API_BASE, settings.LLM_API_KEY = "openai/gpt-4o-mini", upstream.base, "sk-any"
    assert added(asking, ada, cat) == IN_WORDS
    ask(den, ada, "@echo what is this?", attachments=[cat_of(den, ada).pk])
    assert added(asking, ada, cat) == COUNTS + IN_WORDS


def test_a_picture_says_enough_where_an_agent_answers_without_being_named(
    den: Room, ada: User, cat: Attachment, deploy: Deploy, asking: Asking
) -> None:
    deploy("fine-n3", sees_images=True)
    Seat.objects.update(trigger="always")
    assert estimate(asking, ada, cat, body="")["calls"] == 1
    refused = estimate(asking, ada, body="")
    assert (refused.status, list(refused["fields"])) == (400, ["body"])


def test_only_what_one_could_send_is_counted(
    den: Room, ada: User, bob: User, eve: User, cat: Attachment, deploy: Deploy, asking: Asking
) -> None:
    deploy("fine-n3", sees_images=True)
    assert estimate(asking, eve, cat).status == 404
    sent = cat_of(den, ada)
    say(den, ada, "look", attachments=[sent.pk])
    for who, files in ((bob, [cat]), (ada, [sent]), (ada, [cat, cat])):
        refused = estimate(asking, who, *files)
        assert (refused.status, list(refused["fields"])) == (400, ["attachments"])
