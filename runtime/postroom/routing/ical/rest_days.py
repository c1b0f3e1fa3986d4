"""An iCalendar file to the days that are off by it, over a span of years.

A day is off when one event covers all of it as the channel's clock counts it: every all-day event, and a timed one
from midnight to midnight or longer. An event of some hours takes no day off, for a channel's hours are its segments; a
cancelled one neither. Whether an event is shown as busy or free plays no part: calendars of public holidays say free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import repeat

from msgspec import Struct

from postroom.routing.ical.events import Event, event
from postroom.routing.ical.lines import Unreadable, events
from postroom.routing.ical.moment import Moment, Zones
from postroom.routing.ical.recurrence import occurrences

MOST_STEPS = 50_000
"""Months, weeks and days looked at or covered before a file is refused; a yearly event of a day takes about 40."""

_DAY = timedelta(days=1)


class Span(Struct, frozen=True):
    """A named stretch of time, from its begin up to its end: both in UTC, or both without zone on everybody's wall."""

    begin: datetime
    end: datetime
    name: str


class RestDays(Struct, frozen=True, kw_only=True):
    """What a file says; `not_understood` counts the events that were passed over."""

    spans: tuple[Span, ...] = ()
    not_understood: int = 0

    def days(self, zone: tzinfo) -> dict[date, str]:
        """Give the dates of that zone which are off, each with the name of the first event that covers it."""
        found: dict[date, str] = {}
        for span in self.spans:
            for day in _covered(span, zone):
                found.setdefault(day, span.name)
        return found


def read(content: bytes, zones: Zones, first: date, last: date) -> RestDays | Unreadable:
    """Read a file, its events expanded from `first` to `last`."""
    found = events(content)
    if isinstance(found, Unreadable):
        return found
    every = [event(properties, zones) for properties in found]
    understood = [one for one in every if one is not None]
    spans: list[Span] = []
    for step, span in enumerate(_spans(understood, first, last)):
        if step >= MOST_STEPS:
            return Unreadable(f"its events take more than {MOST_STEPS:,} steps to expand")
        if span is not None:
            spans.append(span)
    return RestDays(spans=tuple(spans), not_understood=len(every) - len(understood))


def _spans(every: list[Event], first: date, last: date) -> Iterator[Span | None]:
    """Give each occurrence that may cover a day, and None for every step of looking and every day it covers."""
    replaced: dict[str, list[Moment]] = {}
    for one in every:
        if one.replaces is not None:
            replaced.setdefault(one.uid, []).append(one.replaces)
    for one in every:
        # no clock is turned so far that a day has less than half its hours
        if not one.is_cancelled and one.lasts >= _DAY / 2:
            left_out = (*one.without, *(replaced.get(one.uid, ()) if one.replaces is None else ()))
            yield from _of_event(one, left_out, first, last)


def _of_event(one: Event, left_out: Sequence[Moment], first: date, last: date) -> Iterator[Span | None]:
    times = {moment.in_zone(one.start.zone) for moment in left_out}
    dates = {moment.local.date() for moment in left_out if moment.is_date}
    for begin in _begins(one, first, last):
        yield None
        if begin is None or begin in times or begin.date() in dates:
            continue
        if first <= (begin + one.lasts).date() and begin.date() <= last:
            yield from repeat(None, one.lasts.days)
            yield Span(_instant(begin, one.start.zone), _instant(begin + one.lasts, one.start.zone), one.name)


def _begins(one: Event, first: date, last: date) -> Iterator[datetime | None]:
    """Give each wall-clock time at which it begins, some twice; the start is one whatever the rule says (§3.8.5.3)."""
    start = one.start.local
    yield start
    for moment in one.also:
        yield moment.in_zone(one.start.zone)
    if one.rule is not None:
        for day in occurrences(one.rule, start.date(), first - one.lasts, last):
            yield None if day is None else datetime.combine(day, start.time())


def _covered(span: Span, zone: tzinfo) -> Iterator[date]:
    where = zone if span.begin.tzinfo else None
    day = (span.begin.astimezone(zone) if where else span.begin).date()
    begins = _instant(datetime.combine(day, time()), where)
    while (ends := _instant(datetime.combine(day + _DAY, time()), where)) <= span.end:
        if span.begin <= begins:
            yield day
        day, begins = day + _DAY, ends


def _instant(local: datetime, zone: tzinfo | None) -> datetime:
    return local if zone is None else local.replace(tzinfo=zone).astimezone(UTC)
