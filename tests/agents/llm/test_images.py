"""Pictures go to models that can see; the others are told that there was one."""

from __future__ import annotations

from agents.llm.candidates import without_images
from agents.llm.litellm_backend import LiteLLM
from agents.llm.port import Image, Request, Turn
from tests.agents.llm.hearing import hear
from tests.upstream.server import Upstream

SEEN = Turn("user", "what is this?", "ada", images=(Image("image/png", b"\x89PNG"),))


async def test_a_picture_goes_out_as_a_part_of_what_was_said(litellm: LiteLLM, upstream: Upstream) -> None:
    await hear(litellm, Request("openai/fine", (SEEN,), upstream.params()))
    assert upstream.calls[0].messages[0]["content"] == [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]


def test_whoever_cannot_see_is_told_that_there_was_one() -> None:
    (turn,) = without_images(Request("x", (SEEN,))).turns
    assert (turn.content, turn.images) == ("what is this?\n[image: not seen]", ())
