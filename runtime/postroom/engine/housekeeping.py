"""The loop that throws away what was kept for a time only: answers nobody asks for again, old acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from postroom.errors import TemporaryError
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

EVERY = 3600.0
ANSWERS_KEPT = timedelta(hours=72)
"""How long a request with an Idempotency-Key gets the answer it got the first time."""
AUDIT_KEPT = 366 * 86_400.0


class Housekeeping:
    """Tidies up once an hour."""

    def __init__(self, store: Store, clock: Clock, audit_kept: Callable[[], float] = lambda: AUDIT_KEPT) -> None:
        """`audit_kept` is how many seconds the audit log goes back."""
        self._store = store
        self._clock = clock
        self._audit_kept = audit_kept

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
        now = self._clock.now()
        audited = now - timedelta(seconds=self._audit_kept())

        def unit(tx: Tx) -> int:
            tx.people.forget_before(now)
            tx.audit.forget_before(audited)
            return tx.idempotency.forget_before(now - ANSWERS_KEPT)

        forgotten = await self._store.write(unit)
        if forgotten:
            log.info("answers_forgotten", count=forgotten)
        return forgotten
