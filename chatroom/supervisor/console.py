"""Lines on the terminal: who speaks, then what; coloured when a person is looking."""

from __future__ import annotations

import os
import sys

COLOURS = {"up": 1, "setup": 35, "web": 36, "worker": 32, "beat": 33, "relay": 34, "postgres": 35, "redis": 31}
WIDTH = 8


def coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def say(who: str, line: str) -> None:
    prefix = f"{who:<{WIDTH}} |"
    if coloured():
        prefix = f"\033[{COLOURS.get(who, 37)}m{prefix}\033[0m"
    try:
        print(prefix, line, flush=True)
    except OSError:  # the terminal is gone; the children are ended all the same
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def banner(address: str, *, demo: bool, scripted: bool, reachable: bool) -> None:
    """`reachable`: other machines get through to it."""
    lines = ["", f"  chatroom is ready at  {address}", ""]
    if demo:
        lines += [
            "  Sign in as ada, bob, mod, eve or gus. Password of all: chatroom-demo",
            "  Two browsers, two people: talk, and mention an agent, such as @echo.",
            "",
        ]
    if demo and reachable:
        lines += [
            "  Other machines reach this one, and that password is known to everybody. For real use start with",
            "  DEMO=0 and data of its own: CHATROOM_VAR=…",
            "",
        ]
    if scripted:
        lines += [
            "  Agents answer from a script now. To connect a real model, stop this and start again with",
            "    OPENAI_API_KEY=… LLM_MODEL=openai/gpt-4o-mini make up          any provider LiteLLM knows",
            "    LLM_API_BASE=http://127.0.0.1:11434/v1 LLM_MODEL=openai/llama3.2 make up   or a server of your own",
            "",
        ]
    lines += ["  Ctrl-C ends everything; the data stays.", ""]
    for line in lines:
        say("up", line)
