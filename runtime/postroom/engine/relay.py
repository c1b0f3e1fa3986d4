"""The loop that carries effects out of the house: leases outbox rows in a bounded window, hands each to its performer.

A row's lease is its performer's right to act; a row whose performer died is taken again when the lease runs out, or at
once after a restart, for one node has one relay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta

import structlog

from postroom.engine.retry import next_try
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.records import OutboxRow
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.session.effects import Effect

log = structlog.get_logger(__name__)

Performer = Callable[[OutboxRow], Awaitable[None]]
"""Carries out one row and closes it, or gives it back for later, in the store."""

LEASE = timedelta(minutes=20)
"""How long a row is left to its performer before the relay asks for it again; one that still runs keeps it."""
WINDOW = 64
"""Wide enough that a relay that hangs, with its pool full and some waiting for it, leaves room for the others."""
LOOK_AT_LEAST_EVERY = 30.0
LOOK_AGAIN_AFTER = 0.5


class Impossible(PermanentError):
    """The effect names something that is not in the store, and never will be: it cannot be carried out."""


class Relay:
    """Hands due rows to performers, at most WINDOW at once."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        performers: Mapping[type[Effect], Performer],
        held: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`held` gives the tenants whose replies stay where they are, EVERYBODY for all."""
        self._store = store
        self._clock = clock
        self._token = ids.secret()
        self._performers = performers
        self._held = held
        self._running: set[str] = set()
        self._wake = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until asked to stop, and let what is in hand finish; cut off, it is taken again by the next start."""
        await self._store.write(lambda tx: tx.outbox.reclaim())
        async with asyncio.TaskGroup() as performers, asyncio.TaskGroup() as watchers:
            watching = [watchers.create_task(self._wake_on_bell()), watchers.create_task(self._wake_on(stopping))]
            while not stopping.is_set():
                self._wake.clear()
                for row in await self._lease():
                    performers.create_task(self._perform(row))
                await self._clock.wait(self._wake, await self._seconds_to_next())
            for task in watching:
                task.cancel()

    async def relay_due(self) -> int:
        """Hand what is due now to its performers, one row after the other; gives how many rows that were."""
        rows = await self._lease()
        for row in rows:
            await self._perform(row)
        return len(rows)

    async def _wake_on_bell(self) -> None:
        bell = self._store.bell(Topic.OUTBOX)
        try:
            while True:
                await bell.wait()
                self._wake.set()
        finally:
            bell.close()

    async def _wake_on(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._wake.set()

    async def _lease(self) -> list[OutboxRow]:
        free = WINDOW - len(self._running)
        if free <= 0:
            return []
        now, held = self._clock.now(), self._held()
        try:
            rows = await self._store.write(lambda tx: list(tx.outbox.lease(self._token, now, now + LEASE, free, held)))
        except TemporaryError as error:
            # The loop must not fail for it: those who have a mail at a server would be cut off in the middle.
            log.warning("outbox_waits", why=str(error))
            return []
        # A row whose performer outlasted its lease comes again: its lease is renewed so, and it is not begun twice.
        fresh = [row for row in rows if row.id not in self._running]
        self._running.update(row.id for row in fresh)
        return fresh

    async def _perform(self, row: OutboxRow) -> None:
        try:
            await self._performers[type(row.effect)](row)
        except TemporaryError as error:
            log.warning("effect_postponed", row=row.id, effect=type(row.effect).__name__, why=str(error))
            await self._give_back(row, str(error))
        except Impossible as error:
            log.exception("effect_given_up", row=row.id, effect=type(row.effect).__name__)
            words = str(error)
            await self._close(row, lambda tx: tx.outbox.fail(row.id, words))
        except Exception as error:
            log.exception("effect_failed", row=row.id, effect=type(row.effect).__name__)
            await self._give_back(row, f"{type(error).__name__}: {error}")
        finally:
            self._running.discard(row.id)
            self._wake.set()

    async def _give_back(self, row: OutboxRow, words: str) -> None:
        """Let it be tried again, ever more seldom."""
        due = next_try(row.attempts + 1, self._clock.now(), is_gateway_fault=True)
        await self._close(row, lambda tx: tx.outbox.again(row.id, due, words))

    async def _close(self, row: OutboxRow, unit: Callable[[Tx], None]) -> None:
        try:
            await self._store.write(unit)
        except TemporaryError as error:
            log.warning("outbox_row_left_leased", row=row.id, why=str(error))

    async def _seconds_to_next(self) -> float:
        held = self._held()
        try:
            next_due = await self._store.read(lambda tx: tx.outbox.next_due(held))
        except TemporaryError as error:
            log.warning("outbox_waits", why=str(error))
            return LOOK_AGAIN_AFTER
        if next_due is None or len(self._running) >= WINDOW:
            return LOOK_AT_LEAST_EVERY
        seconds = (next_due - self._clock.now()).total_seconds()
        # A row that is due and not leased waits for an earlier one of its conversation: look again soon, not at once.
        return min(seconds, LOOK_AT_LEAST_EVERY) if seconds > 0 else LOOK_AGAIN_AFTER
