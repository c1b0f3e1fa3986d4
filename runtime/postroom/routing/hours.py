"""Work time: when a channel is served, and how much of that lies between two instants.

A segment is a pair of wall-clock labels of the channel's zone, in minutes of the local day, `(480, 1020)` for
08:00-17:00; 1440 is the 24:00 at the day's end. A time is work time when the label its clock shows lies in a segment of
its own local date: the workday's on a working day, the other ones on any other. So an hour that the clock skips is no
time, an hour that it repeats counts twice, and a date that it skips does not exist; a night shift is two segments, each
judged by its own date, and one stretch where they meet.

Instants are aware, results are in UTC, and a stretch holds its beginning and not its end. It looks HORIZON_DAYS ahead
and no further. It never asks for the time, and knows no holiday but the calendar's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from postroom.routing.calendar import Calendar, Day

HORIZON_DAYS = 3653
"""Ten years: what does not come within them does not come."""

DAYS_KEPT = 4096
"""Days whose stretches are remembered; more than the horizon, so that looking at all of it twice computes it once."""

_NONE, _SECOND, _DAY = timedelta(), timedelta(seconds=1), timedelta(days=1)
_WHOLE_DAY = ((0, 1440),)

Segment = tuple[int, int]
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTime:
    """A channel's work time. Segments are in order and do not overlap."""

    workday: tuple[Segment, ...]
    non_workday: tuple[Segment, ...] = ()
    zone: tzinfo
    calendar: Calendar
    _known: dict[int, tuple[Stretch, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_open(self, t: datetime) -> bool:
        """Whether `t` is work time."""
        t = t.astimezone(UTC)
        return any(start <= t < end for start, end in self._stretches(t.toordinal()))

    def next_opening(self, t: datetime) -> datetime | None:
        """Give the first instant of work time at or after `t`: `t` itself when open, None beyond the horizon."""
        t = t.astimezone(UTC)
        return next((max(start, t) for start, _ in self._ahead(t)), None)

    def next_closing(self, t: datetime) -> datetime | None:
        """Give the first instant at or after `t` that is no work time: `t` itself when closed, None beyond the horizon.

        It looks across midnight: segments that meet are one stretch.
        """
        if self.workday == self.non_workday == _WHOLE_DAY:
            return None
        t = t.astimezone(UTC)
        closing = t
        for start, end in self._ahead(t):
            if start > closing:
                break
            closing = end
        return closing if closing.toordinal() < t.toordinal() + HORIZON_DAYS else None

    def add_work_time(self, t: datetime, duration: timedelta) -> datetime | None:
        """Give the first instant by which so much work time has passed since `t`, None beyond the horizon.

        What ends with the day's work ends at closing, not at the next opening. No time, or less, is over at `t`.
        """
        t = t.astimezone(UTC)
        if duration <= _NONE:
            return t
        for start, end in self._ahead(t):
            begun = max(start, t)
            if duration <= end - begun:
                return begun + duration
            duration -= end - begun
        return None

    def work_time_between(self, a: datetime, b: datetime) -> timedelta:
        """Measure the work time from `a` to `b`; negative where `b` is before `a`."""
        if b < a:
            return -self.work_time_between(b, a)
        a, b = a.astimezone(UTC), b.astimezone(UTC)
        parts = (
            min(end, b) - max(start, a)
            for day in range(a.toordinal(), b.toordinal() + 1)
            for start, end in self._stretches(day)
            if start < b and a < end
        )
        return sum(parts, _NONE)

    def day_kind(self, day: date) -> Day:
        """Tell what a date of the channel's zone is, with the name of a holiday or rest date."""
        return self.calendar.day(day)

    def day_at(self, t: datetime) -> Day:
        """Tell what the local date at `t` is."""
        return self.calendar.day(t.astimezone(self.zone).date())

    def _ahead(self, t: datetime) -> Iterator[Stretch]:
        """What of each UTC day is work time and not over at `t`, up to the horizon."""
        today = t.toordinal()
        for day in range(today, today + HORIZON_DAYS):
            for stretch in self._stretches(day):
                if t < stretch[1]:
                    yield stretch

    def _stretches(self, day: int) -> tuple[Stretch, ...]:
        """The work time within a UTC day, given as an ordinal. UTC days are in order whatever local clocks do."""
        found = self._known.get(day)
        if found is None:
            if len(self._known) >= DAYS_KEPT:
                self._known.clear()
            start = datetime.fromordinal(day).replace(tzinfo=UTC)
            found = self._known[day] = self._merged(start, start + _DAY)
        return found

    def _merged(self, start: datetime, end: datetime) -> tuple[Stretch, ...]:
        merged: list[Stretch] = []
        for opening, closing in self._pieces(start, end):
            meets = merged and merged[-1][1] == opening
            merged.append((merged.pop()[0] if meets else opening, closing))
        return tuple(merged)

    def _pieces(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """Give every segment of every local date as far as it lies in the UTC day, in order."""
        for begin, until, offset in _steady(self.zone, start, end):
            local = (begin + offset).date()
            while (midnight := datetime(local.year, local.month, local.day, tzinfo=UTC) - offset) < until:
                for opens, closes in self._segments(local):
                    opening, closing = midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes)
                    if opening < until and begin < closing:
                        yield max(opening, begin), min(closing, until)
                local += _DAY

    def _segments(self, day: date) -> tuple[Segment, ...]:
        return self.workday if self.calendar.day(day).is_working else self.non_workday


def _steady(zone: tzinfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Split a UTC day where the zone changes its offset from UTC, which no zone does twice in a day."""
    before, after = _offset(zone, start), _offset(zone, end)
    if before == after:
        yield start, end, before
        return
    low, high = start, end
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    yield start, high, before
    yield high, end, after


def _offset(zone: tzinfo, t: datetime) -> timedelta:
    return t.astimezone(zone).utcoffset() or _NONE
