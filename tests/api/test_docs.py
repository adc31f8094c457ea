"""The written description knows every command, every event and every code."""

from __future__ import annotations

import re
from pathlib import Path

from rooms.live import consumer, outbox
from rooms.live.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent
PROTOCOL = (ROOT / "docs/protocol.md").read_text()
API = (ROOT / "docs/api.md").read_text()


def test_every_command_is_described_with_its_fields() -> None:
    for type, command in COMMANDS.items():
        lines = [line for line in PROTOCOL.splitlines() if line.startswith("|") and f"`{type}`" in line]
        required = [f"`{name}`" for name, field in command.fields.items() if field.required]
        assert [line for line in lines if all(name in line for name in required)], type


def test_every_event_the_code_records_is_described() -> None:
    recorded: set[str] = set()
    for source in (*ROOT.glob("rooms/**/*.py"), *ROOT.glob("agents/**/*.py")):
        recorded |= set(re.findall(r'"((?:message|reaction|membership|room|seat|run)\.[a-z]+)"', source.read_text()))
    events = recorded - set(COMMANDS) - {"room.closed"}
    assert events >= {"message.posted", "membership.ended", "seat.added"}
    assert {event for event in events if f"`{event}`" not in PROTOCOL} == set()


def test_every_close_code_is_described() -> None:
    codes = {consumer.NOT_SIGNED_IN, consumer.REFUSED, consumer.TRY_AGAIN_LATER, consumer.RESTARTING, outbox.TOO_SLOW}
    assert {code for code in codes if f"| {code} |" not in PROTOCOL} == set()


def test_every_error_of_the_contract_is_described() -> None:
    from rooms import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RoomsError)]
    codes = {kind.code for kind in kinds} - {"error"}
    assert {code for code in codes if f"`{code}`" not in API} == set()
