"""One session with an open box: choose from its listing, fetch and take in at the same time, and only then delete.

What is deleted was read in this very session, and every octet of it is committed. It never waits for another session
and decides nothing about when the next one is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from msgspec.structs import replace

from postroom.engine.collecting import Choice, Collecting, Polled, Rows, choose, in_turn, may_forget
from postroom.engine.collecting_lessons import Lessons
from postroom.engine.collecting_queue import ArrivalQueue, Budget
from postroom.engine.intake import Arrival, Received
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.together import lone_error
from postroom.engine.vanished import Vanished
from postroom.engine.verdict import IntakeRules
from postroom.errors import TemporaryError
from postroom.ports.gateways import Fetched, GatewayError, GatewayStatus, Listed, Mailbox, Spooler
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

SESSION_SECONDS = 60.0
"""One POP3 session lasts no longer than this, so that deletions take effect now and then."""
LOOKED_UP = 2_000
"""UIDLs of a listing that are looked up in the ledger at once."""
LOOK_EVERY = 16 * 1024 * 1024
"""Octets read between two looks at the disk's free space."""


class TakesIn(Protocol):
    """Takes mails in; the one there is is engine/intake.py. Raises TemporaryError, nothing lost."""

    async def receive(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> Received:
        """The first commit: their bytes and ledger rows."""
        ...

    async def settle(self, rules: IntakeRules, received: Received) -> list[Listed]:
        """The second commit: their outcomes; gives those the server may forget."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the sessions of all gateways have in common; `jitter` gives a number in [0, 1)."""

    intake: TakesIn
    store: Store
    spooler: Spooler
    budget: Budget
    space: SpaceWatch
    clock: Clock
    jitter: Callable[[], float]
    is_paused: Callable[[str], bool] = lambda _: False
    """Whether no new session may be begun for the tenant."""


@dataclass(frozen=True, slots=True)
class _Durable:
    """A group between its two commits."""

    group: list[Arrival]
    received: Received


class Session:
    """A box between opening and closing."""

    def __init__(
        self, current: Collecting, shared: Shared, lessons: Lessons, vanished: Vanished, mailbox: Mailbox
    ) -> None:
        self._current = current
        self._shared = shared
        self._lessons = lessons
        self._vanished = vanished
        self._mailbox = mailbox
        self._queue = ArrivalQueue(shared.budget)
        self._is_cut_short = False
        self._no_room = ""

    async def run(self, most: int, stopping: asyncio.Event) -> Polled:
        """Read at most so many mails and end the session. Raises GatewayError, TemporaryError."""
        whole = await self._mailbox.listing()
        listing, kept = self._lessons.listed(whole, self._shared.clock.monotonic())
        choice, unseen = await self._choose(listing)
        wanted = in_turn(choice, self._lessons)[:most]
        taken = await self._take(wanted, stopping) if wanted else []
        if choice.resized:
            self._lessons.resized(set(taken).intersection(choice.resized))
        if taken:
            await self._mailbox.taken_in(taken)
        confirmed = await self._delete_and_close(taken)
        left = len(choice.new) + len(choice.due) + unseen - len(taken)
        # The next session follows at once only where this one got on: a server must never make us turn in circles.
        is_more = bool(taken) and confirmed and (self._is_cut_short or len(wanted) < len(taken) + left)
        polled = self._polled(is_more=is_more, left=left, kept=kept)
        await self._look_for_vanished(whole)
        return replace(polled, taken=len(taken))

    def _polled(self, *, is_more: bool, left: int, kept: int) -> Polled:
        if self._no_room:
            return Polled(left=left, words=self._no_room)
        if kept:
            words = f"the server confirmed the deletion of {kept} mails and lists them still; they were taken in once"
            return Polled(is_more=is_more, left=left, status=GatewayStatus.DRAINING_STUCK, words=words)
        return Polled(is_more=is_more, left=left)

    async def _look_for_vanished(self, whole: Sequence[Listed]) -> None:
        """Let the ledger forget what is long gone. Of a box whose mails stay, an empty listing is not believed."""
        keep_for = self._current.ledger_for
        if keep_for is not None and (whole or not self._current.leave_on_server):
            await self._vanished.look(self._current.rules.gateway_key, {one.uid for one in whole}, keep_for)

    # -- choosing -----------------------------------------------------------------------------------------------

    async def _choose(self, listing: Sequence[Listed]) -> tuple[Choice, int]:
        """What to read, and how many mails of the listing need no look before the next session."""
        choice = Choice()
        enough = self._current.batch + len(self._lessons.last)
        for start in range(0, len(listing), LOOKED_UP):
            # Where mails stay, new ones may stand anywhere; where they go, the first ones are enough for a session.
            if not self._current.leave_on_server and len(choice.new) > enough:
                return choice, len(listing) - start
            part = listing[start : start + LOOKED_UP]
            rows = await self._rows(part)
            choice += choose(self._current, part, rows, self._lessons, self._shared.clock.now())
        return choice, 0

    async def _rows(self, mails: Sequence[Listed]) -> Rows:
        return await self._shared.store.read(partial(_known, self._current.rules.gateway_key, mails))

    # -- reading and taking in ----------------------------------------------------------------------------------

    async def _take(self, wanted: Sequence[Listed], stopping: asyncio.Event) -> list[Listed]:
        """Fetch and take in at the same time; gives what is committed and need not be kept by the server."""
        fault: GatewayError | TemporaryError | None = None
        try:
            async with lone_error(), asyncio.TaskGroup() as group:
                taking = group.create_task(self._take_in())
                try:
                    await self._fetch(wanted, stopping)
                except (GatewayError, TemporaryError) as error:
                    # What came before the fault is whole, and is taken in before the fault is told.
                    fault = error
                await self._queue.end()
        finally:
            self._queue.close()
        if fault is not None:
            raise fault
        return taking.result()

    async def _fetch(self, wanted: Sequence[Listed], stopping: asyncio.Event) -> None:
        """Fetch until all is there, the session has lasted long enough, or the disk has no room."""
        clock = self._shared.clock
        deadline = clock.monotonic() + SESSION_SECONDS
        largest, unlooked = self._largest(wanted), LOOK_EVERY
        async with aclosing(self._mailbox.fetch(wanted, self._shared.spooler)) as fetching:
            while not (self._is_cut_short or self._no_room):
                if unlooked >= LOOK_EVERY:
                    unlooked, self._no_room = 0, await self._shared.space.why_not(largest)
                    continue
                arrival = await anext(fetching, None)
                if arrival is None:
                    return
                octets = arrival.size if isinstance(arrival, Fetched) else 0
                largest, unlooked = max(largest, octets), unlooked + octets
                await self._queue.put(arrival)
                self._is_cut_short = stopping.is_set() or clock.monotonic() > deadline

    def _largest(self, wanted: Sequence[Listed]) -> int:
        """Octets of the largest mail that is wanted whole."""
        return max((one.size for one in wanted if one.size <= self._current.largest), default=0)

    async def _take_in(self) -> list[Listed]:
        """Take in group after group: while one is brought to its outcomes, the next is made durable."""
        done: list[Listed] = []
        durable = await self._receive_next()
        while durable is not None:
            durable, settled = await self._settle_and_receive_next(durable)
            done += settled
        return done

    async def _settle_and_receive_next(self, durable: _Durable) -> tuple[_Durable | None, list[Listed]]:
        following, fault = None, None
        async with lone_error(), asyncio.TaskGroup() as both:
            settling = both.create_task(self._settle(durable))
            try:
                following = await self._receive_next()
            except TemporaryError as error:
                # What is durable is brought to its outcomes before the fault is told.
                fault = error
        if fault is not None:
            raise fault
        return following, settling.result()

    async def _receive_next(self) -> _Durable | None:
        """Make the next group durable; None once there is none."""
        group = await self._queue.group()
        if not group:
            return None
        with self._in_hand(group):
            return _Durable(group, await self._shared.intake.receive(self._current.rules, group))

    async def _settle(self, durable: _Durable) -> list[Listed]:
        with self._in_hand(durable.group):
            done = await self._shared.intake.settle(self._current.rules, durable.received)
        self._lessons.taken_in(done)
        self._queue.taken_in(durable.group)
        return done

    @contextmanager
    def _in_hand(self, group: list[Arrival]) -> Iterator[None]:
        """Give back what a group needs when it is not taken in."""
        try:
            yield
        except Exception:
            self._lessons.broke_off([arrival.listed for arrival in group])
            self._queue.forget(group)
            raise
        except BaseException:
            # Cancelled: a thread may still be at work on these spools, so only their memory is given back.
            self._queue.taken_in(group)
            raise

    # -- deleting -----------------------------------------------------------------------------------------------

    async def _delete_and_close(self, taken: Sequence[Listed]) -> bool:
        """Delete what may go and end the session; False where the server did not confirm the end."""
        gone = await self._may_forget(taken)
        if gone:
            await self._mailbox.delete(gone)
        declined = {one.listed.uid for one in self._mailbox.declined}
        for one in self._mailbox.declined:
            log.warning("mail_declined", gateway=self._current.rules.gateway_key, uid=one.listed.uid, why=one.words)
        self._lessons.declined(declined)
        if await self._mailbox.close():
            self._lessons.deleted([one for one in gone if one.uid not in declined], self._shared.clock.monotonic())
            return True
        if gone:
            log.warning("quit_not_confirmed", gateway=self._current.rules.gateway_key, mails=len(gone))
        return False

    async def _may_forget(self, taken: Sequence[Listed]) -> list[Listed]:
        rows = await self._rows(taken) if taken and self._current.leave_for is not None else {}
        return may_forget(self._current, taken, rows, self._shared.clock.now())


def _known(gateway: str, mails: Sequence[Listed], tx: Tx) -> Rows:
    return tx.ledger.known(gateway, [one.uid for one in mails])
