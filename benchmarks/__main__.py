"""`python -m benchmarks [measure …]`: measure, and print a table."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import report
from .stage import Stage

if TYPE_CHECKING:
    from .cast import Cast

Measure = Callable[[Stage, "Cast"], Coroutine[Any, Any, dict[str, float]]]

MEASURES = {
    "cold": "standing.cold",
    "sockets": "standing.sockets",
    "send": "speaking.send",
    "send-unopened": "speaking.send_unopened",
    "rest": "speaking.rest",
    "fanout": "hearing.fanout",
    "deliveries": "hearing.deliveries",
    "history": "reading.history",
    "token-one": "waiting.one_stream",
    "token-twenty": "waiting.twenty_streams",
    "stream-plain": "streaming.plain",
    "stream-litellm": "streaming.litellm",
    "stream-gated": "streaming.gated",
    "gates-alone": "streaming.gates_alone",
    "stream-fifty": "streaming.fifty",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(MEASURES)}; all without")
    parser.add_argument("--server", choices=["uvicorn", "daphne"], default="uvicorn")
    parser.add_argument("--repeat", type=int, default=1, help="measure so often and take the median")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose the cores")
    options = parser.parse_args()
    wanted = options.measures or list(MEASURES)
    if unknown := set(wanted) - set(MEASURES):
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    allow_many_sockets()
    with Stage(options.server, pin=not options.no_pin) as stage:
        found = run(stage, wanted, options.repeat)
    show(found, stage, options.json)


def run(stage: Stage, wanted: list[str], repeat: int) -> dict[str, dict[str, float]]:
    """The median of each fact, by measure. A web process serves one measure and is replaced."""
    import django

    django.setup()
    from .cast import gather

    cast = gather()
    gc.freeze()  # Django's objects are not the client's to look through again and again
    found = {}
    for name in wanted:
        module, _, function = MEASURES[name].partition(".")
        measure: Measure = getattr(import_module(f"benchmarks.measures.{module}"), function)
        found[name] = median([one(stage, cast, measure) for _ in range(repeat)])
        print(report.details({name: found[name]}), flush=True)
    return found


def one(stage: Stage, cast: Cast, measure: Measure) -> dict[str, float]:
    try:
        with asyncio.Runner(loop_factory=quick_loop()) as runner:
            return runner.run(measure(stage, cast))
    finally:
        stage.stop_all()


def quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: sorted(run[key] for run in runs)[len(runs) // 2] for key in runs[0]}


def allow_many_sockets() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))


def show(found: dict[str, dict[str, float]], stage: Stage, path: Path | None) -> None:
    figures = {key: value for facts in found.values() for key, value in facts.items()}
    cores = "servers on one core, client on another" if stage.pinned else "cores as the system chose"
    print(f"\n{stage.server}, {cores}; PostgreSQL with fsync on\n")
    print(report.table(figures, stage.server))
    if path:
        path.write_text(json.dumps({"server": stage.server, "pinned": stage.pinned, **found}, indent=2))


if __name__ == "__main__":
    main()
