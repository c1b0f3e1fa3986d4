"""Throws away what the ledger knows of mails that are long gone from their server, a look a day at a whole listing.

The ledger is what keeps a mail from coming in twice, so a row goes only when all of this holds: it is older than the
retention, it was missing from every listing looked at for a week, and so was every other row of the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from postroom.ports.records import Aged
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 86_400.0
MISSED_FOR = timedelta(days=7)
PAGE = 500


class Vanished:
    """One gateway's looks; when the last one was is forgotten with the process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._looked_at: float | None = None

    async def look(self, gateway: str, listed: Collection[str], keep_for: timedelta) -> int:
        """Compare the ledger with a complete listing's UIDs, once a day; gives how many rows were thrown away.

        Raises TemporaryError; what was not done is done at the next look.
        """
        if self._looked_at is not None and self._clock.monotonic() - self._looked_at < LOOK_EVERY:
            return 0
        now, forgotten = self._clock.now(), 0
        page = await self._page(gateway, None, now - keep_for)
        while page:
            forgotten += await self._sort_out(page, listed, now)
            page = await self._page(gateway, page[-1], now - keep_for)
        self._looked_at = self._clock.monotonic()
        if forgotten:
            log.info("ledger_forgot", gateway=gateway, mails=forgotten)
        return forgotten

    async def _page(self, gateway: str, after: Aged | None, seen_before: datetime) -> Sequence[Aged]:
        return await self._store.read(lambda tx: tx.ledger.aged(gateway, after, seen_before, PAGE))

    async def _sort_out(self, page: Sequence[Aged], listed: Collection[str], now: datetime) -> int:
        missing = [one for one in page if one.uid not in listed]
        missed = [one.id for one in missing if one.missed_at is None]
        back = [one.id for one in page if one.missed_at is not None and one.uid in listed]
        gone = [one.id for one in missing if one.missed_at is not None and one.missed_at <= now - MISSED_FOR]
        if not (missed or back or gone):
            return 0
        return await self._store.write(partial(_write, missed, back, gone, now))


def _write(missed: Sequence[str], back: Sequence[str], gone: Sequence[str], now: datetime, tx: Tx) -> int:
    tx.ledger.missed(missed, now)
    tx.ledger.listed_again(back)
    return sum(tx.ledger.forget(receipt, now - MISSED_FOR) for receipt in gone)
