"""A clock that a test may set, so that a week of service takes seconds: in test mode only, and never in production.

Only what the wall says moves. Seconds that never jump, sleeping and waiting stay real, and with them every deadline of
the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from postroom.engine.anew import wake_all
from postroom.engine.world import TEST_MODE, SystemClock
from postroom.errors import ConfigurationError
from postroom.ports.store import Store

CLOCK_START = "POSTROOM_CLOCK_START"


class SetClock(SystemClock):
    """The machine's clocks, the wall's moved by what a test says."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Give the time as it was set, and as it has run on since."""
        return super().now() + self._offset

    def set(self, when: datetime) -> None:
        """Let it be that time now; it must be aware."""
        self._offset = when - super().now()


class HeardClock:
    """The clock of a service in test mode, whose moves everybody hears of who waits for a time."""

    def __init__(self, clock: SetClock, store: Store) -> None:
        self._clock = clock
        self._store = store

    def now(self) -> datetime:
        """The time it shows."""
        return self._clock.now()

    async def set(self, when: datetime) -> None:
        """Set it, and ring."""
        self._clock.set(when)
        await self._store.write(wake_all)


def clock_from(environment: Mapping[str, str]) -> SystemClock:
    """Read POSTROOM_CLOCK_START=TIME; raises ConfigurationError outside test mode or where it is no time."""
    start, is_test = environment.get(CLOCK_START), environment.get(TEST_MODE) == "1"
    if not is_test:
        if start is not None:
            raise ConfigurationError(f"{CLOCK_START} is set, which falsifies every time, and {TEST_MODE} is not 1")
        return SystemClock()
    clock = SetClock()
    if start is not None:
        clock.set(_time(start))
    return clock


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = datetime.min  # noqa: DTZ901 without a zone, and so refused below
    if when.tzinfo is None:
        raise ConfigurationError(f"{CLOCK_START}={text!r} is not a time like 2026-03-06T15:00:00Z")
    return when.astimezone(UTC)
