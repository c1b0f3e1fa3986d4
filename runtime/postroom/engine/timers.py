"""The loop that fires timers: each is taken from the store and answered in one transaction, so it fires once.

Late timers (after downtime) fire once, in order of their due times; nothing is recomputed from how late they are.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from postroom.errors import TemporaryError
from postroom.ports.records import TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint
from postroom.session.events import AnyEvent, OfferExpired
from postroom.session.state import TimerKind

log = structlog.get_logger(__name__)

AT_ONCE = 64
"""Timers taken by one unit; the rest wait for the next."""
LOOK_AT_LEAST_EVERY = 30.0
"""Seconds between two looks at the clock while nothing is due, so that a clock set forward is noticed."""


class TimerLoop:
    """Fires what is due, then sleeps until the next due time or until a timer is armed."""

    def __init__(
        self, store: Store, step: Step, clock: Clock, failpoint: Failpoint, late: Callable[[float], None]
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._failpoint = failpoint
        self._late = late

    async def run(self) -> None:
        """Fire timers until cancelled."""
        bell = self._store.bell(Topic.TIMERS)
        try:
            while True:
                await self.fire_due()
                await bell.wait(await self._seconds_to_next())
        finally:
            bell.close()

    async def fire_due(self) -> int:
        """Fire everything due by now and give how many that were."""
        fired = 0
        while taken := await self._fire_some():
            fired += taken
        return fired

    async def _fire_some(self) -> int:
        try:
            return len(await self._store.write(lambda tx: self._take(tx, AT_ONCE)))
        except TemporaryError:
            raise
        except Exception:
            # One timer of the group has an event that cannot be decided: the others must not wait for it.
            log.exception("timers_one_by_one")
            return await self._fire_one()

    async def _fire_one(self) -> int:
        try:
            return len(await self._store.write(lambda tx: self._take(tx, 1)))
        except TemporaryError:
            raise
        except Exception:
            log.exception("timer_dropped")
            return len(await self._store.write(lambda tx: tx.timers.take_due(self._clock.now(), 1)))

    def _take(self, tx: Tx, limit: int) -> list[TimerRow]:
        now = self._clock.now()
        due = list(tx.timers.take_due(now, limit))
        for timer in due:
            self._step(tx, timer.session, event_of(timer))
            self._late((now - timer.due_at).total_seconds())
        if due:
            self._failpoint("timer_fired_pre_commit")
        return due

    async def _seconds_to_next(self) -> float:
        next_due = await self._store.read(lambda tx: tx.timers.next_due())
        if next_due is None:
            return LOOK_AT_LEAST_EVERY
        return min(max((next_due - self._clock.now()).total_seconds(), 0.0), LOOK_AT_LEAST_EVERY)


def event_of(timer: TimerRow) -> AnyEvent:
    """What a timer's firing means to its session."""
    match timer.kind:
        case TimerKind.OFFER_EXPIRY:
            return OfferExpired(token=timer.token)
