"""The service time of each channel by the settings and feeds in force, compiled once and kept until one changes."""

from __future__ import annotations

from collections.abc import Callable

from postroom.engine.feeds import Feeds
from postroom.ports.world import Clock
from postroom.routing.hours import ServiceTime
from postroom.settings import compile as compiled
from postroom.settings.schema import Generation


class ServiceTimes:
    """Give a channel's service time as fast as a dictionary does."""

    def __init__(self, current: Callable[[], Generation], feeds: Feeds, clock: Clock) -> None:
        self._current = current
        self._feeds = feeds
        self._clock = clock
        self._made_for: tuple[int, int, int] = (0, 0, 0)
        self._made: dict[tuple[str, str], ServiceTime | None] = {}

    def of(self, tenant: str, channel: str) -> ServiceTime | None:
        """Give it as of now; None for a channel that the settings do not have."""
        generation = self._current()
        made_for = generation.number, self._feeds.version, self._clock.now().year
        if made_for != self._made_for:
            self._made, self._made_for = {}, made_for
        if (tenant, channel) not in self._made:
            self._made[tenant, channel] = self._compiled(generation, tenant, channel)
        return self._made[tenant, channel]

    def _compiled(self, generation: Generation, tenant: str, channel: str) -> ServiceTime | None:
        space = generation.tenant(tenant)
        found = space.channel(channel) if space is not None else None
        if space is None or found is None:
            return None
        return compiled.service_time(space, found, self._feeds.of(tenant), self._clock.now().year)
