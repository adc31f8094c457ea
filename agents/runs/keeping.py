"""The leases of this process, extended by a thread of their own: from the claim of a step until its end is written.

Nobody else can promise to be back in time. Whoever begins a run may wait for the model's library, which the first call
of a process imports: on a loaded machine that took longer than a lease, and the run was taken for dead under a living
worker. Whoever ends one waits for a turn, and the loop that carries the answers may be busy with all of them. This
thread wakes each few seconds for one statement.

No lease is kept for ever: who claims says until when, so that what hangs in a living process is swept as well.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from uuid import UUID

from rooms import background, prepared

from .claims import EXTEND, HEARTBEAT, LEASE, Claim, keys_of

log = logging.getLogger(__name__)

AGAIN = 0.5
"""Seconds after which it is tried again when the database did not answer."""
BEGINNING = 120.0
"""Seconds for which a step may be begun: by far more than the import of any library takes."""
ENDING = 60.0
"""Seconds for which its end may wait to be written."""


@dataclass(slots=True)
class Kept:
    """`until` is monotonic."""

    claim: Claim
    until: float


class Keeper:
    """Extends the leases of all that it was given, and forgets those which are somebody else's by now."""

    def __init__(self) -> None:
        self._kept: dict[UUID, Kept] = {}
        self._stirred = threading.Condition()
        self._thread: threading.Thread | None = None

    def keep(self, claim: Claim, seconds: float) -> None:
        """For so long from now on, at most. Called again it counts anew."""
        with self._stirred:
            self._kept[claim.step_id] = Kept(claim, time.monotonic() + seconds)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._go_on, name="leases", daemon=True)
                self._thread.start()
            self._stirred.notify()

    def let_go(self, claim: Claim) -> None:
        with self._stirred:
            kept = self._kept.get(claim.step_id)
            if kept is not None and kept.claim.fence == claim.fence:
                del self._kept[claim.step_id]

    def keeps(self, claim: Claim) -> bool:
        with self._stirred:
            return claim.step_id in self._kept

    def _go_on(self) -> None:
        while True:
            with self._stirred:
                self._stirred.wait_for(lambda: self._kept)
            time.sleep(HEARTBEAT)
            while not self._beat():
                time.sleep(AGAIN)

    def _beat(self) -> bool:
        """Whether it worked."""
        claims = self._those_to_extend()
        try:
            self._extend(claims)
        except Exception as error:  # whatever it is: without this thread all runs of the process would be lost
            log.warning("the leases of %s runs could not be extended yet: %s", len(claims), error)
            return False
        return True

    def _those_to_extend(self) -> list[Claim]:
        now = time.monotonic()
        with self._stirred:
            for step_id in [step_id for step_id, kept in self._kept.items() if kept.until < now]:
                log.error("step %s takes longer than it may; its lease is not extended any more", step_id)
                del self._kept[step_id]
            return [kept.claim for kept in self._kept.values()]

    def _extend(self, claims: list[Claim]) -> None:
        if not claims:
            return
        began = time.monotonic()
        extended = dict(background.with_connection(prepared.fetch, EXTEND, keys_of(claims) | {"lease": LEASE}))
        for claim in claims:
            if claim.step_id not in extended:
                self.let_go(claim)
            elif extended[claim.step_id]:
                claim.lease.since = began


_keeper = Keeper()
keep, let_go = _keeper.keep, _keeper.let_go
