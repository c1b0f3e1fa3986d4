"""The loop that throws away what was kept for a time only: answers to requests that nobody repeats any more."""

from __future__ import annotations

from datetime import timedelta

import structlog

from postroom.errors import TemporaryError
from postroom.ports.store import Store
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

EVERY = 3600.0
ANSWERS_KEPT = timedelta(hours=72)
"""How long a request with an Idempotency-Key gets the answer it got the first time."""


class Housekeeping:
    """Tidies up once an hour."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Tidy up until cancelled; what cannot be done now is done an hour later."""
        while True:
            try:
                await self.tidy()
            except TemporaryError as error:
                log.warning("housekeeping_waits", why=str(error))
            await self._clock.sleep(EVERY)

    async def tidy(self) -> int:
        """Throw away what is too old; gives how many answers that were."""
        when = self._clock.now() - ANSWERS_KEPT
        forgotten = await self._store.write(lambda tx: tx.idempotency.forget_before(when))
        if forgotten:
            log.info("answers_forgotten", count=forgotten)
        return forgotten
