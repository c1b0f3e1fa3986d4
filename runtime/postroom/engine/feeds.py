"""The iCalendar feeds of every calendar in the settings: read again and again, the last good state kept.

A feed that cannot be fetched or read changes nothing: its days stay as they were, over restarts too, and it is said in
the log and the metrics. Who compiles service times asks `of`, and again whenever `version` has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, tzinfo
from zoneinfo import ZoneInfo

import structlog
from msgspec import Struct

from postroom.engine.feed_cache import FeedCache
from postroom.engine.feed_source import LANE, FeedSource, Fetched
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports.world import Clock, Offload
from postroom.routing.ical.lines import Unreadable
from postroom.routing.ical.rest_days import RestDays, read
from postroom.settings.public_holidays import AFTER, BEFORE
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

LOOK_EVERY = 60.0
"""Seconds between looks at files and at the settings; addresses have `refresh_every` of their own."""
RETRY_AFTER = 300.0
"""Seconds after which an address that failed is asked again."""


class Feed(Struct, frozen=True, kw_only=True):
    """A calendar of the settings that has a feed."""

    tenant: str
    calendar: str
    source: str
    folder: str
    refresh_every: float

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine."""
        return "://" not in self.source


@dataclass(slots=True)
class _State:
    """What is known of a feed; due at a monotonic time, and good for the years around `year`."""

    feed: Feed
    fetched: Fetched | None = None
    days: RestDays | None = None
    year: int = 0
    due: float = 0.0


class Feeds:
    """The feeds of the settings in force."""

    def __init__(  # noqa: PLR0917 its ports, one by one
        self,
        current: Callable[[], Generation],
        source: FeedSource,
        cache: FeedCache,
        metrics: Metrics,
        clock: Clock,
        offload: Offload,
    ) -> None:
        self._current = current
        self._source = source
        self._cache = cache
        self._metrics = metrics
        self._clock = clock
        self._offload = offload
        self._states: dict[tuple[str, str], _State] = {}
        self.version = 0
        """Grows with every change of what `of` gives."""

    def of(self, tenant: str) -> dict[str, RestDays]:
        """Give what is known of a tenant's feeds, by calendar; one that was never read is not there."""
        return {name: state.days for (space, name), state in self._states.items() if space == tenant and state.days}

    async def prepare(self) -> None:
        """Take up what was kept, before the first service time is asked for; it asks no server."""
        self._follow_settings()
        for state in self._states.values():
            await self._recall(state)
            if state.feed.is_file:
                await self._refresh(state)

    async def run(self) -> None:
        """Read whatever is due, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Read what is due now, by the settings in force now."""
        self._follow_settings()
        for state in list(self._states.values()):
            if state.days is None:
                await self._recall(state)
            if state.due <= self._clock.monotonic():
                await self._refresh(state)
            if state.fetched is not None and state.year != self._clock.now().year:
                await self._take(state, state.fetched)

    def _follow_settings(self) -> None:
        wanted = {(feed.tenant, feed.calendar): feed for feed in feeds_of(self._current())}
        for key, state in list(self._states.items()):
            if key not in wanted:
                self._metrics.forget_calendar_feed(*key)
            if key not in wanted or wanted[key].source != state.feed.source:
                del self._states[key]
                self.version += state.days is not None
        for key, feed in wanted.items():
            self._states.setdefault(key, _State(feed)).feed = feed

    async def _recall(self, state: _State) -> None:
        feed = state.feed
        kept = await self._offload.run(LANE, self._cache.load, feed.tenant, feed.calendar, feed.source)
        if kept is not None:
            await self._take(state, kept)

    async def _refresh(self, state: _State) -> None:
        feed, now = state.feed, self._clock.monotonic()
        state.due = now + (LOOK_EVERY if feed.is_file else min(RETRY_AFTER, feed.refresh_every))
        try:
            fetched = await self._source.fetch(feed.source, feed.folder, state.fetched)
            is_new = state.fetched is None or fetched.content != state.fetched.content
            why = await self._take(state, fetched) if is_new else ""
            if is_new and not why:
                await self._offload.run(LANE, self._cache.save, feed.tenant, feed.calendar, feed.source, fetched)
        except (TemporaryError, OSError) as error:
            why = str(error)
        self._metrics.calendar_feed(feed.tenant, feed.calendar, is_good=not why)
        if why:
            log.warning("calendar_feed_failed", tenant=feed.tenant, calendar=feed.calendar, why=why)
        elif not feed.is_file:
            state.due = now + feed.refresh_every

    async def _take(self, state: _State, fetched: Fetched) -> str:
        """Put it in force, or say why it cannot be."""
        year = self._clock.now().year
        span = date(year - BEFORE, 1, 1), date(year + AFTER, 12, 31)
        found = await self._offload.run(LANE, read, fetched.content, zone_of, *span)
        if isinstance(found, Unreadable):
            return found.why
        self.version += found != state.days
        state.fetched, state.days, state.year = fetched, found, year
        names = {"tenant": state.feed.tenant, "calendar": state.feed.calendar}
        log.info("calendar_feed_read", **names, spans=len(found.spans), not_understood=found.not_understood)
        return ""


def feeds_of(generation: Generation) -> Iterator[Feed]:
    """Every feed in the settings."""
    for tenant in generation.tenants:
        for calendar in tenant.calendars:
            if calendar.ical is not None:
                yield Feed(
                    tenant=tenant.name,
                    calendar=calendar.name,
                    source=calendar.ical.source,
                    folder=generation.folder,
                    refresh_every=calendar.ical.refresh_every,
                )


def zone_of(name: str) -> tzinfo | None:
    """Give the zone of an IANA name; None for any other, like those that a calendar brings along."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None
