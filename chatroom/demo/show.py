"""`make demo`: people and an agent talk over the public doors, in a terminal, from the first word to the event log."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable

from chatroom.env import SettingError
from chatroom.services import ServiceError

from .client import Frame, Live, Person, Refused
from .stage import Stage
from .terminal import Terminal

PASSWORD = "chatroom-demo"  # noqa: S105  (that of the demo data, printed at every start)
ROOM = "lamp"
WRITING = 90.0
"""Seconds for an answer, whoever writes it."""


def main() -> int:
    try:
        return asyncio.run(perform(Terminal(sys.stdout)))
    except (ServiceError, SettingError, Refused, TimeoutError) as error:
        print(f"\nThe demonstration stopped: {str(error) or 'something took too long.'}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


async def perform(terminal: Terminal) -> int:
    end_on_sigterm()
    began = time.monotonic()
    async with Stage() as stage:
        await set_up(stage, terminal)
        await Show(stage, terminal).play()
        terminal.heading("The end")
        terminal.note("Ending the processes; nothing of this stays behind.")
    terminal.note(f"Done in {time.monotonic() - began:.0f} s.")
    return 0


def end_on_sigterm() -> None:
    """Like Ctrl-C: what was started is ended, in order."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def set_up(stage: Stage, terminal: Terminal) -> None:
    terminal.heading("A house of its own")
    for sentence, work in (
        ("PostgreSQL and Redis", stage.servers),
        ("tables, people, a week of talk", stage.prepare),
        ("web process and worker", stage.processes),
    ):
        began = time.monotonic()
        terminal.begin(sentence)
        await work()
        terminal.end(f"{time.monotonic() - began:.1f} s")


class Show:
    """The acts, in their order. Bob's socket is the one we look over the shoulder of."""

    def __init__(self, stage: Stage, terminal: Terminal) -> None:
        self.terminal = terminal
        self.ada = Person(stage.address, "ada")
        self.bob = Person(stage.address, "bob")
        self.shown = 0

    async def play(self) -> None:
        await self.a_room_is_made()
        ada, bob = await self.ada.come_in(), await self.bob.come_in()
        await self.people_talk(ada, bob)
        await self.the_agent_answers(ada, bob)
        await self.things_change(ada, bob)
        await bob.close()
        await self.bob_comes_back(ada)
        await ada.close()
        await self.history_is_paged()
        await self.the_log_is_printed()

    async def a_room_is_made(self) -> None:
        self.terminal.heading("Ada makes a room, brings Bob, and gives Echo a seat")
        await asyncio.gather(self.ada.sign_in(PASSWORD), self.bob.sign_in(PASSWORD))
        facts = {"name": "The lamp", "slug": ROOM, "topic": "It flickers", "visibility": "private"}
        room = await self.ada.ask("POST", "rooms/", facts)
        self.terminal.call("POST", "/api/v1/rooms/", f"«{room['name']}», {room['visibility']}, ada is {room['role']}")
        await self.ada.ask("POST", f"rooms/{ROOM}/members/", {"username": "bob", "role": "member"})
        self.terminal.call("POST", f"/api/v1/rooms/{ROOM}/members/", "bob is a member")
        await self.ada.ask("POST", f"rooms/{ROOM}/agents/", {"agent": "echo", "trigger": "mention"})
        self.terminal.call("POST", f"/api/v1/rooms/{ROOM}/agents/", "echo answers when mentioned")

    async def people_talk(self, ada: Live, bob: Live) -> None:
        self.terminal.heading("They talk: two WebSockets, and this is what Bob's shows")
        await asyncio.gather(ada.ask("room.open", room=ROOM), bob.ask("room.open", room=ROOM))
        await self.says(ada, bob, "The lamp over the gate flickers, but only when it rains.")
        await self.says(bob, bob, "Then it's the seal or the screw clamp. Did you feel the **housing**, is it warm?")
        await self.says(ada, bob, "Cold. And it stopped as soon as I touched the cable.")

    async def says(self, speaker: Live, listener: Live, body: str) -> Frame:
        said: Frame = await speaker.ask("message.post", room=ROOM, body=body, client_id=f"demo-{time.monotonic_ns()}")
        await self.show_until(listener, lambda frame: frame.get("id") == said["seq"])
        return said

    async def the_agent_answers(self, ada: Live, bob: Live) -> None:
        self.terminal.heading("Ada asks Echo, and Bob watches the answer being written")
        asked = await self.says(ada, bob, "@echo please summarise what we know so far.")
        began = time.monotonic()
        frames = await bob.until(lambda frame: frame["type"] == "message.started", WRITING)
        self.shown = frames[-1]["id"]
        first, text = await self.watch(bob, frames[-1]["data"]["message"])
        took = time.monotonic() - began
        self.terminal.note(
            f"The answer to number {asked['seq']}: {len(text)} characters, "
            f"the first after {first - began:.2f} s, all of them after {took:.1f} s."
        )

    async def watch(self, bob: Live, message: Frame) -> tuple[float, str]:
        """Print an answer as it comes. When it began, and what was shown of it by pieces."""
        self.terminal.speak(message["author"]["display_name"])
        first, text = 0.0, ""
        async with asyncio.timeout(WRITING):
            while True:
                frame = await bob.frame(WRITING)
                if frame["type"] == "message.text" and frame["data"]["offset"] == len(text):
                    first = first or time.monotonic()
                    text += frame["data"]["text"]
                    self.terminal.write(frame["data"]["text"])
                elif frame["type"] in ("message.finished", "message.interrupted"):
                    self.shown = frame["id"]
                    self.settle(text, frame["data"]["message"])
                    return first or time.monotonic(), frame["data"]["message"]["body"]

    def settle(self, text: str, message: Frame) -> None:
        """The finished message is the truth: whatever its pieces did not show comes now."""
        self.terminal.write(message["body"].removeprefix(text))
        self.terminal.line()
        if message["notice"]:
            self.terminal.note(message["notice"])

    async def things_change(self, ada: Live, bob: Live) -> None:
        self.terminal.heading("Then what usually happens: a mark, an edit, a whisper")
        said = await self.says(bob, bob, "I'll open it tomorow, before it rains.")
        await ada.ask("reaction.add", message=said["id"], emoji="👍")
        await bob.ask("message.edit", message=said["id"], body="I'll open it tomorrow, before it rains.")
        await ada.ask("message.post", room=ROOM, body="Remind me to buy him a new seal.", visible_to=["echo"])
        await self.show_until(bob, lambda frame: frame["type"] == "skip")
        self.terminal.note(
            "Ada whispered to Echo. Bob learns the number, so that he knows he missed nothing, and no more."
        )

    async def bob_comes_back(self, ada: Live) -> None:
        self.terminal.heading("Bob's connection breaks, Ada goes on, Bob comes back with the last number he saw")
        last = self.shown
        for body in ("It has begun to rain.", "And it flickers. I've marked the clamp with a piece of tape."):
            await ada.ask("message.post", room=ROOM, body=body)
        bob = await self.bob.come_in()
        opened = await bob.ask("room.open", room=ROOM, after=last)
        self.terminal.note(f"room.open after={last}; the log is at {opened['last_seq']}")
        await self.show_until(bob, lambda frame: frame.get("id") == opened["last_seq"])
        await bob.close()

    async def show_until(self, live: Live, wanted: Callable[[Frame], bool]) -> None:
        """Print numbered frames as they come; a number that is not the next one would be said."""
        for frame in await live.until(wanted):
            if "id" not in frame:
                continue
            if self.shown and frame["id"] != self.shown + 1:
                raise Refused(f"number {frame['id']} came after {self.shown}")
            self.shown = frame["id"]
            self.terminal.frame(frame)

    async def history_is_paged(self) -> None:
        self.terminal.heading("The history, backwards, four to a page")
        path, pages = f"rooms/{ROOM}/messages/?limit=4", 0
        while True:
            page = await self.bob.ask("GET", path)
            pages += 1
            self.terminal.call("GET", f"/api/v1/{path}", f"{len(page['results'])} messages")
            for message in page["results"]:
                self.terminal.message(message)
            if not page["has_before"]:
                break
            path = f"rooms/{ROOM}/messages/?limit=4&before={page['results'][0]['seq']}"
        self.terminal.note(f"{pages} pages. Ada's whisper is not on them.")

    async def the_log_is_printed(self) -> None:
        self.terminal.heading("The room's event log, as Bob may read it")
        log = await self.bob.ask("GET", f"rooms/{ROOM}/events/?after=0")
        for frame in log["results"]:
            self.terminal.event(frame)
        numbers = [frame["id"] for frame in log["results"]]
        if numbers != list(range(1, log["last_seq"] + 1)):
            raise Refused(f"the log has holes: {numbers}")
        self.terminal.note(f"{len(numbers)} events, numbered 1 to {numbers[-1]}, no hole.")
