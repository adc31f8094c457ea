"""How a demonstration looks. Colours only where a person is looking; every line makes sense without them."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

NAME = 8
WIDTH = 96
DIM, BOLD = "2", "1"
COLOURS = {"Ada": "36", "Bob": "33", "Echo": "32"}


class Terminal:
    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.coloured = out.isatty() and not os.environ.get("NO_COLOR")
        self.column = 0

    def paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self.coloured and colour else text

    def line(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    # --- around the talk

    def heading(self, text: str) -> None:
        self.line()
        self.line(self.paint(text, BOLD))
        self.line(self.paint("─" * len(text), DIM))

    def note(self, text: str) -> None:
        self.line(self.paint(textwrap.fill(f"· {text}", WIDTH, subsequent_indent="  "), DIM))

    def begin(self, text: str) -> None:
        print(f"  {text:<34}", end="", file=self.out, flush=True)

    def end(self, text: str) -> None:
        self.line(self.paint(f"{text:>8}", DIM))

    def call(self, method: str, path: str, answer: str) -> None:
        self.line(f"  {self.paint(f'{method:<4} {path}', DIM)}  {answer}")

    # --- the talk

    def speak(self, name: str) -> None:
        """What follows is written by somebody, piece by piece."""
        print(f"  {self.painted_name(name)} ", end="", file=self.out, flush=True)
        self.column = 0

    def write(self, text: str) -> None:
        """A piece of text, wherever it was cut: its lines below each other, long ones broken at a space."""
        for character in text:
            if character == "\n" or (character == " " and self.column > WIDTH - 3 * NAME):
                self.out.write("\n" + " " * (NAME + 3))
                self.column = 0
            else:
                self.out.write(character)
                self.column += 1
        self.out.flush()

    def painted_name(self, name: str) -> str:
        return self.paint(f"{name:<{NAME}}", COLOURS.get(name, ""))

    def message(self, message: Mapping[str, Any]) -> None:
        first, *more = textwrap.wrap(one_line(message), WIDTH - NAME - 6) or [""]
        self.line(f"  {message['seq']:>3} {self.painted_name(message['author']['display_name'])} {first}")
        for text in more[:2]:
            self.line(f"{' ' * (NAME + 7)}{text}")

    def frame(self, frame: Mapping[str, Any]) -> None:
        """A numbered frame as a person would tell it."""
        message = frame.get("data", {}).get("message")
        if frame["type"] == "message.posted":
            self.message(message)
        elif frame["type"] in TOLD and isinstance(message, dict):
            self.line(f"  {frame['id']:>3} {self.paint(TOLD[frame['type']].format(**told(frame)), DIM)}")
        elif frame["type"] == "skip":
            self.line(f"  {frame['id']:>3} {self.paint('skip: something that is not for Bob', DIM)}")

    def event(self, frame: Mapping[str, Any]) -> None:
        self.line(f"  {frame['id']:>3}  {frame['type']:<20} {self.paint(facts_of(frame), DIM)}".rstrip())


TOLD = {
    "reaction.added": "{user} marks {seq} with {emoji}",
    "message.edited": "{author} says it differently: {body}",
}


def told(frame: Mapping[str, Any]) -> dict[str, Any]:
    data, message = frame["data"], frame["data"]["message"]
    author = message["author"]["display_name"]
    return {"user": data.get("user"), "emoji": data.get("emoji"), "author": author, **pick(message, "seq", "body")}


def pick(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts[name] for name in names}


def one_line(message: Mapping[str, Any]) -> str:
    return " ".join(message["body"].split()) or f"({message['state']})"


def facts_of(frame: Mapping[str, Any]) -> str:
    """What an event says in one short line: the message as it is now, or the event's own small facts."""
    data = frame.get("data") or {}
    message = data.get("message")
    if isinstance(message, dict):
        mark = f" {data['emoji']}" if "emoji" in data else ""
        return textwrap.shorten(f"{message['author']['username']}: {one_line(message)}", 60, placeholder=" …") + mark
    return " ".join(str(data[name]) for name in ("username", "agent", "role", "trigger", "status") if name in data)
