"""The loop that fires timers: each is taken from the store and answered in one transaction, so it fires once.

What a row says of its due time is when to look: whether it is due is computed from its start under the settings in
force. A customer's silence is believed only once his mailbox has been listed to its end after the due time. Late timers
(after downtime) fire once, in the order of their due times.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from postroom.errors import TemporaryError
from postroom.ports.records import TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint
from postroom.session.deadlines import due_at
from postroom.session.events import OF_TIMER, AnyEvent, OfferExpired
from postroom.session.state import Session, SessionId, TimerKind

log = structlog.get_logger(__name__)

AT_ONCE = 256
"""Timers taken by one unit; the rest wait for the next."""
POSTPONED = timedelta(minutes=10)
"""How long a timer waits whose event could not be decided."""
LOOK_AT_LEAST_EVERY = 30.0
"""Seconds between two looks at the clock while nothing is due, so that a clock set forward is noticed."""


LISTING_LOOK = timedelta(seconds=1)
LISTING_LOOK_AT_MOST = timedelta(minutes=2)

OF_THE_CUSTOMER = frozenset({TimerKind.REMINDER, TimerKind.CUSTOMER_SILENCE})
"""Deadlines that a mail still lying in the mailbox would have stopped."""

ListedSince = Callable[[str, str, datetime], bool]
"""Whether the mailbox of (tenant, channel) was listed to its end by a poll begun after that time."""


class TimerLoop:
    """Fires what is due, then sleeps until the next due time or until a timer is armed."""

    def __init__(  # noqa: PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        step: Step,
        clock: Clock,
        failpoint: Failpoint,
        late: Callable[[float], None],
        listed_since: ListedSince,
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._failpoint = failpoint
        self._late = late
        self._listed_since = listed_since
        self._has_begun = False
        self._began_at = clock.now()

    async def run(self, first: Callable[[], Awaitable[object]] | None = None) -> None:
        """Fire timers until cancelled; `first` is done before any fires, once."""
        if first is not None and not self._has_begun:
            await first()
            self._has_begun = True
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
            return await self._fire(AT_ONCE)
        except TemporaryError:
            raise
        except Exception as error:  # noqa: BLE001 whatever one timer's event breaks on, the others must not wait for it
            log.warning("timers_one_by_one", why=f"{type(error).__name__}: {error}")
            return await self._fire_each()

    async def _fire_each(self) -> int:
        """Fire as many as a group has, each in a transaction of its own."""
        fired = 0
        for _ in range(AT_ONCE):
            try:
                one = await self._fire(1)
            except TemporaryError:
                raise
            except Exception:
                log.exception("timer_postponed", seconds=POSTPONED.total_seconds())
                one = await self._store.write(self._postpone)
            if not one:
                break
            fired += one
        return fired

    async def _fire(self, limit: int) -> int:
        now = self._clock.now()
        taken, fired = await self._store.write(lambda tx: self._take(tx, now, limit))
        if fired:
            self._failpoint("timer_fired_commit_post")
        for timer in fired:
            self._late((now - timer.due_at).total_seconds())
        return taken

    def _take(self, tx: Tx, now: datetime, limit: int) -> tuple[int, list[TimerRow]]:
        taken = tx.timers.take_due(now, limit)
        sessions = dict(tx.sessions.several([timer.session for timer in taken]))
        fired = [timer for timer in taken if self._fire_one(tx, timer, sessions, now)]
        if fired:
            self._failpoint("timer_fired_pre_commit")
        return len(taken), fired

    def _fire_one(self, tx: Tx, timer: TimerRow, known: dict[SessionId, Session], now: datetime) -> bool:
        """Fire it where it is due; `known` are sessions as they are now, and what may have changed leaves it."""
        session = known.pop(timer.session, None) or tx.sessions.get(timer.session)
        if session is None or not self._is_due(tx, timer, session, now):
            return False
        self._step.at(tx, session, event_of(timer))
        if timer.kind is TimerKind.OFFER_EXPIRY:
            # Who let too many offers run out loses his other ones: their sessions are not what they were.
            known.clear()
        return True

    def _is_due(self, tx: Tx, timer: TimerRow, session: Session, now: datetime) -> bool:
        """Whether it is due by the settings in force; one that is not yet is put back for later."""
        due = due_at(timer.kind, timer.started_at, session, self._step.policy(session.tenant, session.channel))
        if due is None:
            return False
        if due > now:
            tx.timers.arm(replace(timer, due_at=due))
            return False
        if timer.kind in OF_THE_CUSTOMER and not self._listed_since(session.tenant, session.channel, due):
            # Who is late because nobody served him is looked at soon: the first listing may end at any moment.
            tx.timers.arm(replace(timer, due_at=now + _next_look(max(due, self._began_at), now)))
            return False
        return True

    def _postpone(self, tx: Tx) -> int:
        """Let the first one due be tried again later: what it is about must not stay undecided for ever."""
        now = self._clock.now()
        first = list(tx.timers.take_due(now, 1))
        for timer in first:
            tx.timers.arm(replace(timer, due_at=now + POSTPONED))
        return len(first)

    async def _seconds_to_next(self) -> float:
        next_due = await self._store.read(lambda tx: tx.timers.next_due())
        if next_due is None:
            return LOOK_AT_LEAST_EVERY
        return min(max((next_due - self._clock.now()).total_seconds(), 0.0), LOOK_AT_LEAST_EVERY)


def event_of(timer: TimerRow) -> AnyEvent:
    """What a timer's firing means to its session."""
    if timer.kind is TimerKind.OFFER_EXPIRY:
        return OfferExpired(token=timer.token)
    return OF_TIMER[timer.kind]


def _next_look(due: datetime, now: datetime) -> timedelta:
    """When to ask again whether the mailbox was listed: ever more seldom, while its server is away."""
    return min(max((now - due) / 8, LISTING_LOOK), LISTING_LOOK_AT_MOST)
