"""One answer that breaks off anywhere, and the ways in which other models go on with it, or do not."""

from typing import TYPE_CHECKING

from agents.llm.resuming import GO_ON
from tests.upstream.behaviours import Pace, behaviour, finish, reply, speak

if TYPE_CHECKING:
    from tests.upstream.server import Call, Connection

STORY = (
    "Once upon a time, a fox lived in a wood.\n\nIt had 3 cubs:\n\n- Ada,\n- Bob\n- and Eve. They ate well. The end."
)


def pieces(text: str, size: int = 4) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@behaviour("story", Pace(count=10_000))
async def story(to: "Connection", call: "Call", pace: Pace) -> None:
    """From its beginning, whatever was asked."""
    await reply(to, call, pace, pieces(STORY))


@behaviour("snap")
async def snap(to: "Connection", call: "Call", pace: Pace) -> None:
    """So many characters of it; then the connection is cut."""
    await speak(to, call, pace, pieces(STORY[: pace.count], 3))
    to.transport.write(b"400\r\ndata: ")
    to.transport.close()


@behaviour("continues")
async def continues(to: "Connection", call: "Call", pace: Pace) -> None:
    """The rest after a last turn of the assistant, as providers that take a prefix do."""
    last = call.messages[-1]
    await reply(to, call, pace, pieces(rest(last["content"]) if last["role"] == "assistant" else STORY, 5))


@behaviour("obeys")
async def obeys(to: "Connection", call: "Call", pace: Pace) -> None:
    """Asked to, it repeats the last words and goes on from there, with blanks as it likes them."""
    last = str(call.messages[-1]["content"])
    anchor = last.removeprefix(GO_ON) if last.startswith(GO_ON) else ""
    said = " " + anchor.replace("\n\n", "\n") + rest(call.messages[-2]["content"]) if anchor else STORY
    await reply(to, call, pace, pieces(said, 3))


@behaviour("wanders")
async def wanders(to: "Connection", call: "Call", pace: Pace) -> None:
    await reply(to, call, pace, pieces("Sure! Once there was something else."))


@behaviour("slips")
async def slips(to: "Connection", call: "Call", pace: Pace) -> None:
    """It begins again from the beginning, and says it in other words soon."""
    await speak(to, call, pace, pieces("Once upon a time, two wolves lived in a cave."))
    await finish(to, call, 9)


def rest(said: str) -> str:
    assert STORY.startswith(said), said
    return STORY[len(said) :]
