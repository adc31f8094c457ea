"""What a run finds: the invariants, what violated them, and counts of what was done."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum


class Invariant(StrEnum):
    LOG = "a room's log has no gap and tells of each message"
    KEPT = "what was acknowledged is kept, once"
    ORDER = "who listens gets every event, once and in order"
    CAUGHT_UP = "who listens comes to the end of the log"
    PRIVATE = "nobody reads what is not for them"
    OWN_EVENTS = "nobody is spared what is for them"
    CLOSED = "nothing is sent after room.closed"
    SHOWN = "what was shown while it was written is the message"
    REST = "everything comes to rest"
    ENDS = "a run ends once, and its end is told"
    BOUNDS = "a chain takes no more turns than it may"
    QUOTAS = "nobody gets more than their quota"
    BUDGETS = "no account is overdrawn"
    HOLDS = "what was set aside is given back"
    ACCOUNTS = "accounts of people, rooms and agents are the sums of the ledger"
    CHAINS = "accounts of chains are the sums of the ledger"
    CLAIMS = "what was charged for a step is what the ledger has for it"
    PLACES = "places at providers are given back"
    FORGOTTEN = "what was taken back is nowhere any more"
    FORBIDDEN = "a forbidden word is nowhere"
    SILENT_LOGS = "logs have nothing of what was said"
    DOORS = "doors answer, and if they cannot, with 503"
    PROCESSES = "no process ends by itself"
    CHAOS = "people and listeners of the chaos make no mistakes"


@dataclass
class Findings:
    violations: dict[Invariant, list[str]] = field(default_factory=lambda: defaultdict(list))
    unasked: dict[Invariant, str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    facts: dict[str, object] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def tell(self, *what: object) -> None:
        print(f"{time.monotonic() - self.began:6.1f}", *what, flush=True)

    def violated(self, invariant: Invariant, *what: object) -> None:
        said = " ".join(map(str, what))[:1500]
        self.violations[invariant].append(said)
        self.tell("!!", f"{invariant}:", said[:300])

    def answered(self, what: str, status: object, text: str = "") -> None:
        """Count an answer of a door. 503 is an answer; any other that begins with a five is a fault."""
        self.statuses[f"{what} {status}"] += 1
        if isinstance(status, int) and status >= 500 and status != 503:
            self.violated(Invariant.DOORS, status, what, text[:600])
