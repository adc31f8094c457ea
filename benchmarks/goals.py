"""What is measured, and how good we want to be: `reach` is promised, `aim` is hoped for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    title: str
    unit: str
    reach: float
    aim: float
    more_is_better: bool = False
    on_daphne: float | None = None
    digits: int = 0

    def holds(self, value: float, server: str = "uvicorn") -> bool:
        reach = self.on_daphne if server == "daphne" and self.on_daphne is not None else self.reach
        return value >= reach if self.more_is_better else value <= reach


GOALS = {
    "send.rate": Goal("sends acknowledged over the WebSocket, 10 people in 10 rooms", "/s", 800, 1500, True),
    "send.p95": Goal("… until the acknowledgement, p95", "ms", 20, 15, digits=1),
    "rest.rate": Goal("the same through REST, with token and membership", "/s", 250, 400, True),
    "fanout.p50": Goal("a message to 500 listeners, 5 a second: p50", "ms", 15, 10, on_daphne=30, digits=1),
    "fanout.p99": Goal("… p99", "ms", 60, 30, on_daphne=100, digits=1),
    "deliveries.rate": Goal("deliveries at most, to 500 listeners", "/s", 30_000, 45_000, True, on_daphne=15_000),
    "history.p50": Goal("a page of 50 in a room of 100,000: p50", "ms", 4, 2, digits=2),
    "history.p95": Goal("… p95", "ms", 10, 4, digits=2),
    "paging.p50": Goal("… the 150 pages before it: p50", "ms", 4, 2, digits=2),
    "token.one": Goal("first word above a direct call, one stream: p95", "ms", 20, 12, digits=1),
    "token.twenty": Goal("… 20 streams at once: p95", "ms", 150, 60, digits=1),
    "plain.cpu": Goal("processor for a word delivered, 20 answers, plain lane", "ms", 0.45, 0.3, digits=2),
    "litellm.cpu": Goal("… LiteLLM's lane", "ms", 0.9, 0.7, digits=2),
    "late.p50": Goal("a word on its way, 20 answers at once: p50", "ms", 25, 22, digits=1),
    "late.p95": Goal("… p95", "ms", 60, 45, digits=1),
    "fifty.p95": Goal("… 50 answers at once, one worker: p95", "ms", 150, 60, digits=1),
    "gates.added": Goal("what a gate that reaches 64 characters adds to that: p95", "ms", 30, 5, digits=1),
    "gates.alone": Goal("… without servers around it", "ms", 30, 5, digits=1),
    "socket.kb": Goal("memory of a live socket", "KB", 40, 30, digits=1),
    "cold.seconds": Goal("web process: from its start to the first page", "s", 2, 1.5, digits=2),
    "cold.mb": Goal("… memory then", "MB", 150, 120),
}
