"""Collects one receiving gateway: a session, a wait, and the next session, for ever.

What goes wrong in a session is a status with words and a longer wait, never the end of the loop; no other gateway
notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from msgspec.structs import replace

from postroom.engine.collecting import Collecting, Polled
from postroom.engine.collecting_lessons import Lessons
from postroom.engine.collecting_session import Session, Shared
from postroom.engine.draining import Draining
from postroom.engine.pace import next_wait
from postroom.engine.retry import Backoff
from postroom.engine.switches import Switch
from postroom.engine.vanished import Vanished
from postroom.engine.verdict import IntakeRules
from postroom.errors import TemporaryError
from postroom.ports.gateways import GatewayError, GatewayStatus, TellingGateway

log = structlog.get_logger(__name__)

HARD_STATUSES = frozenset({GatewayStatus.AUTH_FAILED})
AFTER_REFUSED_PASSWORD = 1_200.0
"""Least seconds between two tries of a password that the server refused: never more than three in an hour."""


OUT_OF_SERVICE = 86_400.0
BETWEEN_NEWS = 1.0
PAUSED = 30.0
"""Seconds until a collector that is paused looks again; it is called when it may go on."""


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

    def __init__(
        self,
        current: Callable[[], Collecting],
        shared: Shared,
        watcher: Watcher,
        switch: Switch | None = None,
        first_after: float = 0.0,
    ) -> None:
        self._current = current
        self._shared = shared
        self._clock = shared.clock
        self._watcher = watcher
        self._backoff = Backoff()
        self._lessons = Lessons()
        self._vanished = Vanished(shared.store, shared.clock)
        self._draining = Draining()
        self._pace = current().poll_every
        self._switch = switch
        self._first_after = first_after
        self._hampered = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until asked to stop; a session in hand is finished first. Out of service it waits to be rebuilt."""
        switch = self._switch or Switch(stopping)
        self._watcher.status(self._current().rules, GatewayStatus.CONNECTING, "")
        if self._first_after:
            # Once: started again after a fault, it has waited already.
            first_after, self._first_after = self._first_after, 0.0
            await self._clock.wait(switch.bell, first_after)
        while not stopping.is_set():
            if switch.answer():
                self._backoff, self._draining = Backoff(), Draining()
            await self._rest(switch.bell, await self._turn(switch))
        await self._leave()

    async def _turn(self, switch: Switch) -> float:
        """A session, where one may be begun now; gives the seconds to wait after it, unless the bell rings."""
        if switch.is_off:
            await self._leave()
            self._watcher.status(self._current().rules, GatewayStatus.DISCONNECTED, "")
            return OUT_OF_SERVICE
        if self._shared.is_paused(self._current().rules.tenant):
            await self._leave()
            return PAUSED
        return await self._poll(switch.bell)

    async def _rest(self, bell: asyncio.Event, seconds: float) -> None:
        """Wait so long, or until the bell rings: also the server may ring it, where it tells of new mail."""
        gateway = self._current().gateway
        if not isinstance(gateway, TellingGateway):
            await self._clock.wait(bell, seconds)
            return
        # A server that tells of mail without end makes us look once a second, not more.
        if await self._clock.wait(bell, min(seconds, BETWEEN_NEWS)) or seconds <= BETWEEN_NEWS:
            return
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(gateway.idle(bell))
            await self._clock.wait(bell, seconds - BETWEEN_NEWS)
            telling.cancel()

    async def _leave(self) -> None:
        gateway = self._current().gateway
        if isinstance(gateway, TellingGateway):
            await gateway.leave()

    async def _poll(self, stopping: asyncio.Event) -> float:
        """One session; gives the seconds to wait before the next."""
        current = self._current()
        try:
            polled = await self.collect_once(current, stopping)
        except GatewayError as error:
            return self._failed(current.rules, error.status, error.words, error.retry_after)
        except TemporaryError as error:
            return self._failed(current.rules, GatewayStatus.CONNECTION_SUCCEEDED, f"intake waits: {error}", None)
        except Exception as error:
            log.exception("collecting_failed", gateway=current.rules.gateway_key)
            return self._failed(current.rules, GatewayStatus.CONNECTION_FAILED, f"internal error: {error}", None)
        self._went_on(current.rules, polled)
        return 0.0 if polled.is_more else self._next_wait(current, polled) * (0.9 + 0.2 * self._shared.jitter())

    def _next_wait(self, current: Collecting, polled: Polled) -> float:
        shortest, longest = (current.poll_every if one is None else one for one in (current.poll_min, current.poll_max))
        self._pace = next_wait(self._pace, polled.taken, shortest, longest)
        return self._pace

    async def collect_once(self, current: Collecting, stopping: asyncio.Event) -> Polled:
        """One whole session. Raises GatewayError, TemporaryError."""
        began = self._clock.monotonic()
        mailbox = await current.gateway.open()
        try:
            # After failures sessions grow shorter, so that what did arrive is deleted before the fault strikes again.
            most = max(current.batch >> self._backoff.failures, 1)
            polled = await Session(current, self._shared, self._lessons, self._vanished, mailbox).run(most, stopping)
        except BaseException:
            mailbox.abort()
            raise
        self._watcher.polled(current.rules, self._clock.monotonic() - began, polled.left)
        return polled

    def _went_on(self, rules: IntakeRules, polled: Polled) -> None:
        self._backoff = Backoff()
        polled = self._unless_stuck(polled)
        self._watcher.status(rules, polled.status, polled.words)
        if polled.words != self._hampered:
            self._hampered = polled.words
            log.warning("gateway_hampered", gateway=rules.gateway_key, why=polled.words or "not any more")

    def _unless_stuck(self, polled: Polled) -> Polled:
        now = self._clock.monotonic()
        self._draining = self._draining.polled(polled.left, polled.taken, now)
        words = self._draining.words(polled.left, now)
        if not words:
            return polled
        words = f"{words}; {polled.words}" if polled.words else words
        return replace(polled, status=GatewayStatus.DRAINING_STUCK, words=words)

    def _failed(self, rules: IntakeRules, status: GatewayStatus, words: str, retry_after: float | None) -> float:
        self._backoff = self._backoff.failed()
        self._watcher.status(rules, status, words)
        jitter = self._shared.jitter()
        wait = max(self._backoff.seconds(jitter), retry_after or 0.0)
        if status in HARD_STATUSES:
            wait = max(wait, AFTER_REFUSED_PASSWORD * (1.0 + jitter / 10))
        log.warning("gateway_failed", gateway=rules.gateway_key, status=status.value, why=words, again_in=round(wait))
        return wait
