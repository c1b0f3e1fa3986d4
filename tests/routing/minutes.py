"""A slow model of work time: it asks the zone about every single minute, and knows nothing of days or stretches."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from postroom.routing.hours import ServiceTime

MINUTE = timedelta(minutes=1)


def is_open(service: ServiceTime, t: datetime) -> bool:
    """Look at the clock on the wall, then at the calendar beside it."""
    local = t.astimezone(service.zone)
    label = local.hour * 60 + local.minute
    segments = service.workday if is_working(service, local.date()) else service.non_workday
    return any(label in range(start, end) for start, end in segments)


def is_working(service: ServiceTime, day: date) -> bool:
    """Let each layer overrule those before it."""
    calendar = service.calendar
    working = day.weekday() not in calendar.weekly_off
    if day in calendar.holidays or day in calendar.feed:
        working = False
    if any(day in listed(dates.first, dates.last) for dates in calendar.rest):
        working = False
    return working or any(day in listed(dates.first, dates.last) for dates in calendar.make_up)


def listed(first: date, last: date) -> list[date]:
    """Every date of a range."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


class Minutes:
    """So many minutes from `start` on, each looked at once."""

    def __init__(self, service: ServiceTime, start: datetime, count: int) -> None:
        self.start = start
        self.open = [is_open(service, start + n * MINUTE) for n in range(count)]

    def work_time(self) -> timedelta:
        """Count those that are open."""
        return MINUTE * self.open.count(True)

    def first(self, *, open_: bool) -> datetime | None:
        """Find the first that is open, or closed; None where none is."""
        return self.start + self.open.index(open_) * MINUTE if open_ in self.open else None

    def after(self, wanted: int) -> datetime | None:
        """Count until so many open ones are over; None where they are fewer."""
        for n, is_open_ in enumerate((*self.open, False)):
            if not wanted:
                return self.start + n * MINUTE
            wanted -= is_open_
        return None
