"""Collects one receiving gateway: open, list, fetch, take in, and only then delete; again and again, for ever.

Reading and taking in overlap: while the next mails come over the wire, the last ones are committed. What goes wrong is
a status with words and a longer wait, never the end of the loop; no other gateway notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Protocol

import structlog
from msgspec import Struct

from postroom.engine.intake import Arrival, Intake
from postroom.engine.retry import Backoff
from postroom.engine.together import lone_error
from postroom.engine.verdict import IntakeRules
from postroom.errors import TemporaryError
from postroom.ports.gateways import GatewayError, GatewayStatus, Listed, Mailbox, ReceivingGateway, Spooler
from postroom.ports.records import Outcome, Receipt
from postroom.ports.store import Store
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

GROUP = 64
"""Mails that share an intake's two commits."""
SESSION_SECONDS = 60.0
"""One POP3 session lasts no longer than this, so that deletions take effect now and then (CHANNEL.md 3)."""
HARD_STATUSES = frozenset({GatewayStatus.AUTH_FAILED})
AFTER_REFUSED_PASSWORD = 1_200.0
"""Seconds between tries of a password the server refused: at most three an hour (PROMISES P6)."""


class Collecting(Struct, frozen=True, kw_only=True):
    """A receiving gateway in force."""

    gateway: ReceivingGateway
    rules: IntakeRules
    poll_every: float
    leave_on_server: bool
    batch: int


class Watcher(Protocol):
    """Told how a gateway is; it shows, it never decides."""

    def status(self, rules: IntakeRules, status: GatewayStatus, words: str) -> None:
        """The gateway's status from now on."""
        ...

    def polled(self, rules: IntakeRules, seconds: float, backlog: int) -> None:
        """A session ended well: how long it took and how many mails were left for later."""
        ...


class Collector:
    """One gateway's loop."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        current: Callable[[], Collecting],
        intake: Intake,
        store: Store,
        spooler: Spooler,
        clock: Clock,
        jitter: Callable[[], float],
        watcher: Watcher,
    ) -> None:
        self._current = current
        self._intake = intake
        self._store = store
        self._spooler = spooler
        self._clock = clock
        self._jitter = jitter
        self._watcher = watcher
        self._backoff = Backoff()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until asked to stop; a session in hand is finished first."""
        self._watcher.status(self._current().rules, GatewayStatus.CONNECTING, "")
        while not stopping.is_set():
            await self._clock.wait(stopping, await self._poll(stopping))

    async def _poll(self, stopping: asyncio.Event) -> float:
        """One session; gives the seconds to wait before the next."""
        current = self._current()
        try:
            left = await self.collect_once(current, stopping)
        except GatewayError as error:
            return self._failed(current.rules, error.status, error.words, error.retry_after)
        except TemporaryError as error:
            return self._failed(current.rules, GatewayStatus.CONNECTION_SUCCEEDED, f"intake waits: {error}", None)
        except Exception as error:
            log.exception("collecting_failed", gateway=current.rules.gateway_key)
            return self._failed(current.rules, GatewayStatus.CONNECTION_FAILED, f"internal error: {error}", None)
        self._backoff = Backoff()
        self._watcher.status(current.rules, GatewayStatus.CONNECTION_SUCCEEDED, "")
        return 0.0 if left else current.poll_every * (0.9 + 0.2 * self._jitter())

    def _failed(self, rules: IntakeRules, status: GatewayStatus, words: str, retry_after: float | None) -> float:
        self._backoff = self._backoff.failed()
        self._watcher.status(rules, status, words)
        wait = max(self._backoff.seconds(self._jitter()), retry_after or 0.0)
        if status in HARD_STATUSES:
            wait = max(wait, AFTER_REFUSED_PASSWORD)
        log.warning("gateway_failed", gateway=rules.gateway_key, status=status.value, why=words, again_in=round(wait))
        return wait

    async def collect_once(self, current: Collecting, stopping: asyncio.Event) -> bool:
        """One whole session; True when mails were left for the next. Raises GatewayError, TemporaryError."""
        began = self._clock.monotonic()
        mailbox = await current.gateway.open()
        try:
            wanted = await self._wanted(current, await mailbox.listing())
            # After failures sessions grow shorter, so that what did arrive is deleted before the fault strikes again.
            now = wanted[: max(current.batch >> self._backoff.failures, 1)]
            taken, is_cut_short = await self._take(current, mailbox, now, stopping)
            if taken and not current.leave_on_server:
                await mailbox.delete(taken)
            self._note_declined(current, mailbox)
            if not await mailbox.close() and taken:
                log.warning("quit_not_confirmed", gateway=current.rules.gateway_key, mails=len(taken))
        except BaseException:
            mailbox.abort()
            raise
        seconds = self._clock.monotonic() - began
        self._watcher.polled(current.rules, seconds, len(wanted) - len(taken))
        return is_cut_short or len(now) < len(wanted)

    def _note_declined(self, current: Collecting, mailbox: Mailbox) -> None:
        for one in mailbox.declined:
            log.warning("mail_declined", gateway=current.rules.gateway_key, uid=one.listed.uid, why=one.words)

    async def _wanted(self, current: Collecting, listing: Sequence[Listed]) -> list[Listed]:
        """What to read of the listing.

        When mails are deleted, everything but stubs is read, even what the ledger knows: a server may give an old
        UIDL to a new mail, and nothing is deleted that this very session has not read and found committed.
        When mails stay on the server, a known UIDL of the same size is the same mail.
        """
        key = current.rules.gateway_key
        known = await self._store.read(lambda tx: tx.ledger.known(key, [one.uid for one in listing]))
        is_done = _is_same if current.leave_on_server else _is_stub
        return [one for one in listing if not any(is_done(row, one) for row in known.get(one.uid, ()))]

    async def _take(
        self, current: Collecting, mailbox: Mailbox, wanted: Sequence[Listed], stopping: asyncio.Event
    ) -> tuple[list[Listed], bool]:
        """Fetch and take in at the same time; gives what the server may forget, and whether there was more to read."""
        arrivals: asyncio.Queue[Arrival | None] = asyncio.Queue(maxsize=2 * GROUP)
        fault: GatewayError | None = None
        is_cut_short = False
        async with lone_error(), asyncio.TaskGroup() as group:
            taking = group.create_task(self._take_groups(current, arrivals))
            try:
                is_cut_short = await self._fetch(mailbox, wanted, arrivals, stopping)
            except GatewayError as error:
                # What came before the fault is whole, and is taken in before the fault is told.
                fault = error
            await arrivals.put(None)
        if fault is not None:
            raise fault
        return taking.result(), is_cut_short

    async def _fetch(
        self, mailbox: Mailbox, wanted: Sequence[Listed], arrivals: asyncio.Queue[Arrival | None], stop: asyncio.Event
    ) -> bool:
        """Fetch until all is there (False), or until the session has lasted long enough (True)."""
        deadline = self._clock.monotonic() + SESSION_SECONDS
        async with aclosing(mailbox.fetch(wanted, self._spooler)) as fetching:
            async for arrival in fetching:
                await arrivals.put(arrival)
                if stop.is_set() or self._clock.monotonic() > deadline:
                    return True
        return False

    async def _take_groups(self, current: Collecting, arrivals: asyncio.Queue[Arrival | None]) -> list[Listed]:
        done: list[Listed] = []
        while (arrival := await arrivals.get()) is not None:
            group = [arrival]
            while len(group) < GROUP and not arrivals.empty():
                following = arrivals.get_nowait()
                if following is None:
                    done += await self._intake.take(current.rules, group)
                    return done
                group.append(following)
            done += await self._intake.take(current.rules, group)
        return done


def _is_same(row: Receipt, listed: Listed) -> bool:
    return row.listed_size == listed.size


def _is_stub(row: Receipt, listed: Listed) -> bool:
    return row.outcome is Outcome.OVERSIZE and row.listed_size == listed.size
