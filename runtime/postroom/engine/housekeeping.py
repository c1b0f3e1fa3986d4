"""The loop that throws away what was kept for a time only, and that no decision can ask for any more.

Answers to requests that nobody repeats, old acts, drafts of sessions that are long over, automatic replies that no cap
and no `again_after` looks back on, counts of past days, figures of past years, and addresses that may be written to
again. The ledger is left alone here: a mail may be on its server for as long as it likes, and what the ledger forgot
would be taken in a second time; engine/vanished.py has the listings to tell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from postroom.errors import TemporaryError
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

EVERY = 3600.0
ANSWERS_KEPT = timedelta(hours=72)
"""How long a request with an Idempotency-Key gets the answer it got the first time."""
AUDIT_KEPT = 366 * 86_400.0

DRAFTS_KEPT = timedelta(days=30)
AUTOMATIC_KEPT = timedelta(days=400)
"""Longer than the longest `again_after`."""
DAYS_KEPT = timedelta(days=40)
COUNTED_KEPT = timedelta(days=400)
"""How far back figures can be asked for: a year, and the month it is compared with."""
AT_ONCE = 500


class Housekeeping:
    """Tidies up once an hour."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tenants: Callable[[], Iterable[str]] = tuple,
        audit_kept: Callable[[], float] = lambda: AUDIT_KEPT,
        sweeps: Sequence[Callable[[], Awaitable[int]]] = (),
    ) -> None:
        """`audit_kept` is how many seconds the audit log goes back; `sweeps` tidy what is no row alone."""
        self._store = store
        self._clock = clock
        self._tenants = tenants
        self._audit_kept = audit_kept
        self._sweeps = tuple(sweeps)

    async def run(self) -> None:
        """Tidy up until cancelled; what cannot be done now is done an hour later."""
        while True:
            try:
                await self.tidy()
            except TemporaryError as error:
                log.warning("housekeeping_waits", why=str(error))
            await self._clock.sleep(EVERY)

    async def tidy(self) -> int:
        """Throw away what is too old; gives how much that was."""
        now = self._clock.now()
        audited = now - timedelta(seconds=self._audit_kept())

        def unit(tx: Tx) -> int:
            tx.people.forget_before(now)
            tx.audit.forget_before(audited)
            return tx.idempotency.forget_before(now - ANSWERS_KEPT)

        forgotten = await self._store.write(unit)
        if forgotten:
            log.info("answers_forgotten", count=forgotten)
        for sweep in self._sweeps:
            forgotten += await sweep()
        return forgotten + await self._tidy_sending()

    async def _tidy_sending(self) -> int:
        now = self._clock.now()
        day = (now - DAYS_KEPT).date().isoformat()
        forgotten = await self._store.write(lambda tx: tx.undeliverable.forget(now))
        for tenant in self._tenants():
            forgotten += await self._store.write(partial(_forget_days, tenant, day))
            forgotten += await self._in_pieces(partial(_forget_counted, tenant, now - COUNTED_KEPT))
        forgotten += await self._in_pieces(lambda tx: tx.drafts.forget_before(now - DRAFTS_KEPT, AT_ONCE))
        return forgotten + await self._in_pieces(lambda tx: tx.automatic.forget_before(now - AUTOMATIC_KEPT, AT_ONCE))

    async def _in_pieces(self, unit: Callable[[Tx], int]) -> int:
        """However much it is, nobody waits long for the writer."""
        forgotten = piece = await self._store.write(unit)
        while piece == AT_ONCE:
            piece = await self._store.write(unit)
            forgotten += piece
        return forgotten


def _forget_days(tenant: str, day: str, tx: Tx) -> int:
    return tx.sent.forget_days_before(tenant, day)


def _forget_counted(tenant: str, when: datetime, tx: Tx) -> int:
    return tx.statistics.forget_before(tenant, when, AT_ONCE)
