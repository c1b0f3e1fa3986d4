"""The loop that opens and closes channels.

At closing what waits becomes an offline message, or waits for the next opening; in work time offline messages are
routed, the oldest first and no faster than the channel allows.
Nothing is armed for it: who waits is asked of the store, and the hour of the settings in force, so a changed calendar
counts at once and a missed opening is made up for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from postroom.engine.world import no_failpoint
from postroom.errors import TemporaryError
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint
from postroom.session.effects import Ignore
from postroom.session.events import AnyEvent, ClosingReached, OpeningReached
from postroom.session.policy import Policy
from postroom.session.state import SessionId

log = structlog.get_logger(__name__)

LOOK_AT_LEAST_EVERY = 15.0
"""Seconds between two looks, so that a changed clock or calendar is noticed."""
AT_ONCE = 64
"""Sessions that are closed in one unit."""

RateOf = Callable[[str, str], int]
"""How many offline messages of (tenant, channel) may be routed a second."""


class HoursLoop:
    """Opens and closes channels until cancelled."""

    def __init__(
        self, store: Store, step: Step, clock: Clock, rate_of: RateOf, failpoint: Failpoint = no_failpoint
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._rate_of = rate_of
        self._failpoint = failpoint
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Look when the next channel opens or closes, and when the clock or the settings changed."""
        bell = self._store.bell(Topic.HOURS)
        try:
            while True:
                await bell.wait(await self._look())
        finally:
            bell.close()

    async def _look(self) -> float:
        try:
            return await self.look()
        except TemporaryError as error:
            log.warning("hours_not_kept", why=str(error))
            return LOOK_AT_LEAST_EVERY

    async def look(self) -> float:
        """Bring every waiting session in line with the hour; gives the seconds until there may be more to do."""
        channels = await self._store.read(lambda tx: tx.sessions.waiting_channels())
        await self._tell_queues(channels)
        return min([await self._keep(*channel) for channel in channels], default=LOOK_AT_LEAST_EVERY)

    async def _tell_queues(self, channels: Sequence[tuple[str, str]]) -> None:
        """Let the queues be looked at once when a channel opened: who waited for that time is brought no event."""
        now, looked_at = self._clock.now(), self._looked_at
        hours = [self._step.policy(*channel).hours for channel in channels]
        if looked_at and any(one.is_open(now) and not one.is_open(looked_at) for one in hours):
            await self._store.write(lambda tx: tx.wake(Topic.QUEUES))
        self._looked_at = now

    async def _keep(self, tenant: str, channel: str) -> float:
        policy, now = self._step.policy(tenant, channel), self._clock.now()
        if policy.hours.is_open(now):
            return await self._open(tenant, channel, policy, now)
        if not policy.finish_queue:
            while await self._bring(ClosingReached(), lambda tx: tx.sessions.to_close(tenant, channel, now, AT_ONCE)):
                pass
        return _seconds(policy.hours.next_opening(now), now)

    async def _open(self, tenant: str, channel: str, policy: Policy, now: datetime) -> float:
        rate = self._rate_of(tenant, channel)
        while await self._bring(OpeningReached(), lambda tx: tx.sessions.opened_early(tenant, channel, now, AT_ONCE)):
            pass
        routed = await self._bring(OpeningReached(), lambda tx: tx.sessions.to_open(tenant, channel, now, rate))
        return 1.0 if routed == rate else _seconds(policy.hours.next_closing(now), now)

    async def _bring(self, event: AnyEvent, who: Callable[[Tx], Sequence[SessionId]]) -> int:
        """Bring the event to these sessions in one unit; gives for how many it meant something.

        Writes nothing for nobody. Whom it meant nothing to is not brought it again at once: while a unit waits for its
        turn, the hour may change.
        """
        sessions = await self._store.read(who)
        if not sessions:
            return 0
        try:
            return await self._store.write(lambda tx: self._decide(tx, event, who(tx)))
        except TemporaryError:
            raise
        except Exception:  # noqa: BLE001 whatever one session breaks on, the others must not wait for it
            return await self._one_by_one(event, sessions)

    async def _one_by_one(self, event: AnyEvent, sessions: Sequence[SessionId]) -> int:
        meant = 0
        for session in sessions:
            try:
                meant += await self._store.write(partial(self._decide, event=event, sessions=[session]))
            except TemporaryError:
                raise
            except Exception:
                log.exception("session_passed_over", session=session)
        return meant

    def _decide(self, tx: Tx, event: AnyEvent, sessions: Sequence[SessionId]) -> int:
        decided = [self._step(tx, session, event) for session in sessions]
        self._failpoint("hour_commit_pre")
        return sum(not any(isinstance(effect, Ignore) for effect in effects) for _, effects in decided)


def _seconds(until: datetime | None, now: datetime) -> float:
    if until is None:
        return LOOK_AT_LEAST_EVERY
    return min(max((until - now).total_seconds(), 0.01), LOOK_AT_LEAST_EVERY)
