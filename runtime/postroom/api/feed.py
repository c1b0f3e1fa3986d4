"""The journal read once for everybody who listens: each decision with its session, handed to every open stream.

A listener has a bounded buffer; one that lets it fill is dropped, and resumes from the journal by its last id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from postroom.ports.happenings import Batch, read_batch
from postroom.ports.store import Store, Topic
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

BUFFER = 2_000
"""Decisions a listener may leave unread."""
LOOK_AT_LEAST_EVERY = 5.0
"""Seconds, should a ring be lost."""


class Subscription:
    """What one listener has not read yet."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._unread = 0
        self._ring = asyncio.Event()
        self.is_over = False

    def put(self, batch: Batch) -> None:
        """Add decisions; a listener that reads too slowly is dropped with all it did not read."""
        self._unread += len(batch.happenings)
        if self._unread > BUFFER:
            self.end()
            return
        self._batches.append(batch)
        self._ring.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self.is_over = True
        self._batches.clear()
        self._ring.set()

    async def next(self, clock: Clock, within: float) -> Batch | None:
        """The next decisions, or None where none came within that many seconds or none will."""
        if not self._batches and not self.is_over:
            self._ring.clear()
            await clock.wait(self._ring, within)
        if not self._batches:
            return None
        batch = self._batches.popleft()
        self._unread -= len(batch.happenings)
        return batch


class JournalFeed:
    """Passes decisions on to listeners, a read for all of a tenant's together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: dict[str, set[Subscription]] = {}
        self._passed: dict[str, int] = {}
        self._is_closed = False

    @contextmanager
    def listen(self, tenant: str) -> Iterator[Subscription]:
        """Listen to a tenant: `begin` next, then read in the journal what is there already."""
        subscription = Subscription()
        if self._is_closed:
            subscription.end()
        self._listeners.setdefault(tenant, set()).add(subscription)
        try:
            yield subscription
        finally:
            self._listeners[tenant].discard(subscription)
            if not self._listeners[tenant]:
                del self._listeners[tenant]
                self._passed.pop(tenant, None)

    async def begin(self, tenant: str) -> None:
        """Pass on every decision that is not in the journal yet; a listener reads there what is."""
        last = await self._store.read(lambda tx: tx.journal.last(tenant))
        self._passed.setdefault(tenant, last)

    async def run(self) -> None:
        """Pass decisions on until cancelled; a server started anew begins anew."""
        self._is_closed = False
        bell = self._store.bell(Topic.JOURNAL)
        try:
            while True:
                await self._pass_on()
                await bell.wait(LOOK_AT_LEAST_EVERY)
        finally:
            bell.close()
            self.close()

    def close(self) -> None:
        """End every stream, now and later."""
        self._is_closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

    async def _pass_on(self) -> None:
        for tenant in list(self._passed):
            try:
                await self._pass_on_of(tenant)
            except Exception:
                # The streams of every agent depend on this loop: a failed read is logged and tried at the next ring.
                log.exception("events_not_read", tenant=tenant)

    async def _pass_on_of(self, tenant: str) -> None:
        while (after := self._passed.get(tenant)) is not None:
            batch = await self._store.read(partial(read_batch, tenant=tenant, after=after))
            if not batch.happenings or tenant not in self._passed:
                return
            self._passed[tenant] = max(self._passed[tenant], batch.happenings[-1].entry.seq)
            for listener in list(self._listeners.get(tenant, ())):
                listener.put(batch)
