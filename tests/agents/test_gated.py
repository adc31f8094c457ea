"""Gate, then stream: what the gates forbid is found nowhere, whichever way it came from the model.

Everywhere is: what the channel layer carries, what Redis has, every row of every table, every line of the log, and what
people hear over sockets, streams and polls.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings as house
from django.db import connection

from agents.llm.port import ToolCall
from agents.llm.scripted import Scripted
from agents.models import Agent, Conduct, Reason, RoomNote, Seat, Step
from agents.services import cancel_run
from agents.speaking import gates
from agents.speaking.concluding import passable
from agents.speaking.gates import Gate, Pattern, Window
from rooms.gates import ALLOW, Verdict, Weight
from rooms.handlers import handlers_of
from rooms.live import streams
from rooms.models import Event, Message, Room, User
from rooms.services.messages import redact_message, withdraw_message
from tests.plugins.rest import Asking, Caller
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = ["canary", "Zürich 🙂 näh"]
PAUSE = 0.045
"""Longer than text is gathered, so that each piece comes in a window of its own."""


class Everywhere:
    """Keeps what left the house, and looks into what it keeps."""

    def __init__(self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
        self.caplog = caplog
        self.frames: list[dict[str, Any]] = []
        self.texts: list[str] = []
        serialize = RedisPubSubChannelLayer.serialize

        def overheard(layer: RedisPubSubChannelLayer, message: dict[str, Any]) -> bytes:
            self.frames.append(message)
            self.texts.append(json.dumps(message, ensure_ascii=False))
            self.texts.append(in_redis())
            packed: bytes = serialize(layer, message)
            return packed

        monkeypatch.setattr(RedisPubSubChannelLayer, "serialize", overheard)

    def pieces(self) -> list[tuple[int, str]]:
        shown = [json.loads(frame["text"])["data"] for frame in self.frames if frame.get("kind") == "message.text"]
        return [(piece["offset"], piece["text"]) for piece in shown]

    @property
    def streamed(self) -> str:
        """As a client puts it together: it appends what begins where its own text ends."""
        text = ""
        for offset, piece in self.pieces():
            assert offset == len(text)
            text += piece
        return text

    def all(self) -> str:
        return "\n".join([*self.texts, in_redis(), in_postgres(), self.caplog.text])


def in_redis() -> str:
    """Every key of this test's Redis, whatever it is."""
    client = redis.Redis.from_url(house.REDIS_URL, decode_responses=True, encoding_errors="replace")
    reading: dict[str, Callable[[Any], object]] = {
        "list": lambda key: client.lrange(key, 0, -1),
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
    }
    found = [f"{key!s} {reading[str(client.type(key))](key)}" for key in client.scan_iter()]
    client.close()
    return "\n".join(found)


def in_postgres() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


@pytest.fixture
def everywhere(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Everywhere:
    caplog.set_level(logging.DEBUG)
    redis.Redis.from_url(house.REDIS_URL).flushdb()
    return Everywhere(caplog, monkeypatch)


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch):
    def wire(*chosen: Gate) -> None:
        monkeypatch.setattr(gates, "gates", lambda: (*chosen, gates.size))

    return wire


def forbidding(secret: str, instead: str | None = None) -> Pattern:
    """However many blanks and line ends stand in it."""
    letters = r"\s{0,4}".join(map(re.escape, secret.replace(" ", "")))
    return Pattern("secret", re.compile(letters), 5 * len(secret), instead=instead, reason="That is nobody's business.")


def spoken(scripted: Scripted, *pieces: str) -> None:
    reply = scripted.next_reply()
    for piece in pieces:
        reply.says(piece).delay(PAUSE)


def splits(text: str, secret: str) -> Iterator[tuple[str, str]]:
    start = text.index(secret)
    for at in range(start, start + len(secret) + 1):
        yield text[:at], text[at:]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_refused_is_found_nowhere_at_whatever_letter_the_stream_paused(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any, secret: str
) -> None:
    wired(forbidding(secret))
    text = f"Good morning to everybody who is here today. It is {secret}, as I have been told."
    for pieces in splits(text, secret):
        spoken(scripted, *pieces)
        question = ask(den, ada, "@echo?")
        answer, run = answer_to(question), run_for(question)
        assert (answer.state, run.reason) == ("interrupted", Reason.WITHHELD)
        assert text.startswith(answer.body)
        assert len(answer.body) <= text.index(secret)
        assert answer.body == everywhere.streamed
        everywhere.frames.clear()
    found = everywhere.all()
    assert secret not in found
    assert secret[:-1] not in found
    assert secret[1:] not in found


def test_what_is_replaced_is_replaced_across_the_border_and_offsets_follow(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    secret = SECRETS[1]
    wired(forbidding(secret, "[gone 🙂]"))
    text = f"It is {secret}, and {secret} again, which everybody should know by heart by now, I should say."
    for pieces in splits(text, secret):
        spoken(scripted, *pieces)
        question = ask(den, ada, "@echo?")
        assert answer_to(question).body == text.replace(secret, "[gone 🙂]") == everywhere.streamed
        assert run_for(question).reason == Reason.ANSWERED
        everywhere.frames.clear()
    assert secret not in everywhere.all()


def test_letter_by_letter_over_three_windows_and_with_a_pause_in_its_midst(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary"))
    spoken(scripted, "I know of a c", "an", "a", "r", "y and more")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.WITHHELD
    assert "can" not in everywhere.all().replace("cancel", "")


def test_a_stream_that_ends_in_its_midst_keeps_what_never_became_forbidden(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary"))
    spoken(scripted, "I know of a can", "al")
    assert answer_to(ask(den, ada, "@echo?")).body == "I know of a canal" == everywhere.streamed
    scripted.says("and a cana").truncates()
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.TRUNCATED, "and a cana")


def test_what_was_held_back_when_somebody_stopped_it_is_never_seen(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary"))
    scripted.says("The word that you are looking for, my dear friends, is canar").stalls()
    with Aside() as aside:
        asked = aside.run(ask, den, ada, "@echo?")
        writing = until(lambda: Message.objects.filter(state="writing").first())
        until(lambda: streams.text_so_far(writing.pk))
        cancel_run(run=until(lambda: writing.task), by=ada)
        asked.result(PATIENCE)
    answer = Message.objects.get(pk=writing.pk)
    assert (answer.state, answer.body) == ("interrupted", everywhere.streamed)
    assert "The word".startswith(answer.body[:8])
    assert "cana" not in everywhere.all()


def test_over_a_round_of_tools_it_is_held_back_too(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary"))
    scripted.says("Let me see what I can find about this: it is can").calls("calculator", expression="1+1")
    scripted.says("ary, of course")
    question = ask(den, ada, "@echo?")
    run, answer = run_for(question), answer_to(question)
    assert run.steps.filter(kind="tool").count() == 1
    assert (answer.state, run.reason) == ("interrupted", Reason.WITHHELD)
    assert "Let me see what I can find about this: it is ".startswith(answer.body)
    assert answer.body == everywhere.streamed
    found = everywhere.all()
    assert "is can" not in found
    assert "ary, of" not in found
    assert set(Step.objects.values_list("unsaid", flat=True)) == {""}


def test_over_a_round_of_tools_nothing_is_lost_of_what_may_be_said(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary", "[bird]"))
    for number in (1, 2):
        scripted.says(f"Let me see, {number}: can").calls("calculator", expression="1+1")
    scripted.says("ary: two.")
    question = ask(den, ada, "@echo?")
    whole = "Let me see, 1: can\n\nLet me see, 2: [bird]: two."
    assert answer_to(question).body == whole == everywhere.streamed
    told = [turn.content for turn in scripted.requests[-1].turns if turn.calls]
    assert told == ["Let me see, 1: can", "Let me see, 2: can"]
    assert set(Step.objects.values_list("unsaid", flat=True)) == {""}


def test_what_only_the_whole_shows_is_gone_with_the_end(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    def whole_only(window: Window) -> Verdict:
        return Verdict(Weight.REFUSE, rule="sum") if window.whole and "canary" in window.text else ALLOW

    whole_only.reach = 32  # type: ignore[attr-defined]
    wired(whole_only)
    spoken(scripted, "It may be said that it is a ", "can", "ary")
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.WITHHELD, "")
    assert "canary" not in everywhere.all()


def test_arguments_of_tools_pass_the_gates_before_anybody_sees_them(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary", "[gone]"))
    scripted.says("Well.").calls("search_room", words="the canary")
    scripted.says("Nothing.")
    question = ask(den, ada, "@echo?")
    assert run_for(question).steps.get(kind="tool").input["arguments"] == '{"words": "the [gone]"}'
    wired(forbidding("canary"))
    scripted.calls("search_room", words="the canary")
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, run_for(question).steps.count()) == (Reason.WITHHELD, 1)
    assert "canary" not in everywhere.all()


@pytest.mark.parametrize("written", [r"the c\u0061nary", r"the \u0063an\n\u0061ry", r"the can\u0000ary"])
def test_nor_do_escapes_lead_round_them(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any, written: str
) -> None:
    """Many models write whatever is not ASCII in escapes."""
    for instead, reason in (("[gone]", Reason.ANSWERED), (None, Reason.WITHHELD)):
        wired(forbidding("canary", instead))
        call = {"name": "write_note", "arguments": f'{{"title": "Birds", "text": "{written}"}}'}
        scripted.next_reply()._add(call=call).finishes("tool_calls")
        scripted.says("Noted.")
        question = ask(den, ada, "@echo?")
        scripted.queue.clear()
        assert run_for(question).reason == reason
        page = Caller(session_of=ada).get(f"/rooms/den/uses/?run={run_for(question).pk}").response.content.decode()
        assert "canary" not in everywhere.all() + page
    assert RoomNote.objects.get().body == "the [gone]"


@pytest.mark.parametrize("name", ["canary", "the_can ary"])
def test_a_tool_that_is_none_is_no_way_to_say_something(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any, name: str
) -> None:
    for instead, reason in (("[gone]", Reason.ANSWERED), (None, Reason.WITHHELD)):
        wired(forbidding("canary", instead))
        scripted.calls(name).finishes("tool_calls")
        scripted.says("Nothing.")
        assert run_for(ask(den, ada, "@echo?")).reason == reason
        scripted.queue.clear()
    assert "canary" not in everywhere.all().replace(" ", "").replace("_", "")


def test_nor_are_arguments_too_deep_to_be_looked_through(wired: Any) -> None:
    wired(forbidding("canary"))
    deep = '{"a": ' + "[" * 600 + r'"c\u0061nary"' + "]" * 600 + "}"
    (call,) = passable([ToolCall("c1", "add", deep)], {"add"})
    assert json.loads(call.arguments) == "nested too deeply"


def test_arguments_with_harmless_escapes_stay_as_they_were_written(wired: Any) -> None:
    wired(forbidding("canary"))
    for written in (r'{"a": "Z\u00fcrich\n", "b": 1}', r'{"a": "\n', "{}"):
        assert passable([ToolCall("c1", "add", written)], {"add"})[0].arguments == written


def test_nor_is_the_id_of_a_call(wired: Any) -> None:
    wired(forbidding("canary", "[gone]"))
    calls = [ToolCall("canary", "add", "{}"), ToolCall("c1", "add", "{}"), ToolCall("c1", "add", "{}")]
    assert [call.id for call in passable(calls, {"add"})] == ["call_1_0", "c1", "call_3_2"]


@pytest.mark.parametrize("instead", [None, "[gone]"])
def test_what_a_tool_answers_is_no_way_to_say_something(
    den: Room, ada: User, armed: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any, instead: str | None
) -> None:
    wired(forbidding("4111111111111111", instead))
    scripted.calls("calculator", expression="4*10**15 + 111111111111111")
    scripted.says("There you are.")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "There you are."
    assert "4111111111111111" not in everywhere.all()
    told = scripted.requests[-1].turns[-1].content
    assert ("may not be shown" if instead is None else "[gone]") in told


# --- thinking


def test_what_a_model_says_to_itself_is_kept_with_the_run_and_never_streamed(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary", "[gone]"))
    scripted.thinks("Is it a can", "ary? I should ", "say four.").says("Four.")
    question = ask(den, ada, "@echo?")
    assert run_for(question).steps.get().output["thinking"] == "Is it a [gone]? I should say four."
    assert answer_to(question).body == "Four."
    assert "I should" not in "".join(everywhere.texts)
    assert "canary" not in everywhere.all()


def test_thoughts_that_a_gate_refuses_are_forgotten_and_the_answer_stands(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    wired(forbidding("canary"))
    scripted.thinks("Is it a canary?").says("Four.")
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.ANSWERED, "Four.")
    assert "thinking" not in run_for(question).steps.get().output
    assert "canary" not in everywhere.all()


def test_long_thoughts_are_cut_where_nothing_forbidden_is_cut_in_two(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    for start in (3_990, 3_998, 4_000, 4_020, 4_030):
        wired(forbidding("canary", ""))
        reply = scripted.thinks("canary" * 5 + "x" * (start - 30) + "canary" + "y" * 9_000).thinks("z" * 100_000)
        reply.says("So.")
        kept = run_for(ask(den, ada, "@echo?")).steps.get().output["thinking"]
        assert 3_900 < len(kept) <= 4_000
        assert "can" not in kept


def test_thoughts_go_with_the_words_they_were_about(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    for recalled in ("read", "question", "answer"):
        said = say(den, bob, "something")
        scripted.thinks("Hm, something.").says("So.")
        question = ask(den, ada, "@echo?")
        step = run_for(question).steps.get()
        assert step.output["thinking"] == "Hm, something."
        message = {"read": said, "question": question, "answer": answer_to(question)}[recalled]
        (redact_message if recalled == "read" else withdraw_message)(message=message, by=message.author)
        event = Event.objects.filter(message=message).latest("seq")
        for handler in handlers_of(event.type):
            handler(event.pk)
        step.refresh_from_db()
        assert "thinking" not in step.output, recalled


# --- only after full review


@pytest.fixture
def reviewed(den: Room) -> Conduct:
    return Conduct.objects.create(room=den, whole_review=True)


def test_where_the_whole_is_reviewed_first_nothing_is_seen_before_all_of_it(
    den: Room, ada: User, seat: Seat, reviewed: Conduct, scripted: Scripted, everywhere: Everywhere
) -> None:
    spoken(scripted, "One, ", "two ", "and three.")
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert (answer.state, answer.body) == ("visible", "One, two and three.")
    assert everywhere.pieces() == []
    kinds = [frame["kind"] for frame in everywhere.frames if "kind" in frame]
    assert kinds.index("message.started") < kinds.index("message.finished")
    before = "".join(everywhere.texts).partition("message.finished")[0]
    assert "One" not in before


def test_where_the_whole_is_reviewed_first_what_it_refuses_was_never_seen(
    den: Room, ada: User, seat: Seat, reviewed: Conduct, scripted: Scripted, everywhere: Everywhere, wired: Any
) -> None:
    def whole_only(window: Window) -> Verdict:
        return Verdict(Weight.REFUSE, rule="tone") if window.whole and "grumble" in window.text else ALLOW

    wired(whole_only)
    spoken(scripted, "I grumble, ", "and grumble")
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.WITHHELD, "")
    assert "grumble" not in everywhere.all()


@pytest.mark.parametrize("end", ["stopped", "broken", "cut"])
def test_where_the_whole_is_reviewed_first_an_answer_that_breaks_off_is_not_seen(
    den: Room,
    ada: User,
    seat: Seat,
    reviewed: Conduct,
    scripted: Scripted,
    everywhere: Everywhere,
    settings: Any,
    end: str,
) -> None:
    reply = scripted.says("One, two and ")
    with Aside() as aside:
        if end == "stopped":
            reply.stalls()
            asked = aside.run(ask, den, ada, "@echo?")
            writing = until(lambda: Message.objects.filter(state="writing").select_related("task").first())
            until(lambda: Step.objects.filter(status="running").exclude(prompt_sha256="").exists())
            cancel_run(run=until(lambda: Message.objects.get(pk=writing.pk).task), by=ada)
        elif end == "broken":
            reply.fails("down")
            asked = aside.run(ask, den, ada, "@echo?")
        else:
            settings.MESSAGE_MAX_CHARACTERS = 10
            asked = aside.run(ask, den, ada, "@echo?")
        question = asked.result(PATIENCE)
    answer = answer_to(question)
    assert (answer.state, answer.body) == ("interrupted", "")
    assert run_for(question).reason == {"stopped": "cancelled", "broken": "down", "cut": "too_large"}[end]
    assert "One, two" not in everywhere.all()


def test_where_the_whole_is_reviewed_first_rounds_of_tools_say_nothing_either(
    den: Room, ada: User, armed: Seat, reviewed: Conduct, scripted: Scripted, everywhere: Everywhere
) -> None:
    scripted.says("Let me look.").calls("calculator", expression="1+1")
    scripted.says("Once more.").calls("calculator", expression="2+2")
    scripted.says("Two, then four.")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "Let me look.\n\nOnce more.\n\nTwo, then four."
    assert everywhere.pieces() == []
    assert "Let me look" not in "".join(everywhere.texts).partition("message.finished")[0]
    told = [turn.content for turn in scripted.requests[-1].turns if turn.calls]
    assert told == ["Let me look.", "Once more."]
    assert not Step.objects.exclude(unsaid="").exists()


def test_what_a_step_has_not_said_is_shown_to_nobody_who_looks_into_the_run(
    den: Room, ada: User, bob: User, armed: Seat, reviewed: Conduct, scripted: Scripted, asking: Asking
) -> None:
    from agents.runs import life as runs

    scripted.says("Let me look.").calls("calculator", expression="1+1")
    question = say(den, ada, "@echo?")
    (first,) = woken(question)
    runs.run(first)
    run = run_for(question)
    assert run.steps.get(pk=first).unsaid == "Let me look."
    for who in (ada, bob):
        found = asking(who).get(f"runs/{run.pk}/")
        assert found.status == 200
        assert "Let me look" not in repr(found.json)
        assert "Let me look" not in repr(asking(who).get(f"messages/{run.reply_id}/").json)


def test_a_room_without_the_wish_streams_as_ever(
    den: Room, ada: User, seat: Seat, scripted: Scripted, everywhere: Everywhere
) -> None:
    Conduct.objects.create(room=den)
    spoken(scripted, "One, ", "two.")
    ask(den, ada, "@echo?")
    assert everywhere.pieces() == [(0, "One, "), (5, "two.")]
    assert Agent.objects.count() == 1
