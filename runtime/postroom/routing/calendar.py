"""The calendar of a service time: what kind of day a date is, by layers of which the later wins.

Weekly off-days < public holidays < the days of an iCalendar feed < rest dates < make-up work dates. It knows dates
only; hours and time zones are those of hours.py.
"""

from __future__ import annotations

from datetime import date
from enum import Enum

from msgspec import Struct

SATURDAY, SUNDAY = 5, 6


class DayKind(Enum):
    """What a date is, in the words of a trace."""

    WORKDAY = "workday"
    WEEKLY_OFF = "weekly off-day"
    HOLIDAY = "holiday"
    REST = "rest day"
    MAKE_UP = "make-up workday"


class Day(Struct, frozen=True):
    """A date's kind and the name somebody gave it; empty where it has none."""

    kind: DayKind
    name: str = ""

    @property
    def is_working(self) -> bool:
        """Whether the segments of a workday hold."""
        return self.kind in {DayKind.WORKDAY, DayKind.MAKE_UP}

    @property
    def is_holiday(self) -> bool:
        """Whether it is off for a reason of its own, a public holiday, the feed's or a rest date, not as each week."""
        return self.kind in {DayKind.HOLIDAY, DayKind.REST}

    def __str__(self) -> str:
        return f"{self.kind.value} ({self.name})" if self.name else self.kind.value


class Dates(Struct, frozen=True):
    """The dates from `first` to `last`, both included."""

    first: date
    last: date
    name: str = ""


class Calendar(Struct, frozen=True, kw_only=True):
    """The layers, lowest first."""

    weekly_off: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    """As `date.weekday()` counts: Monday is 0."""
    holidays: dict[date, str] = {}
    """Names by date, expanded beforehand over a span of years; outside of it no date is a holiday."""
    feed: dict[date, str] = {}
    """Rest days of an iCalendar feed, expanded likewise."""
    rest: tuple[Dates, ...] = ()
    make_up: tuple[Dates, ...] = ()

    def day(self, when: date) -> Day:
        """Tell the kind of a date, with the name of the layer that won."""
        for kind, layer in ((DayKind.MAKE_UP, self.make_up), (DayKind.REST, self.rest)):
            for dates in layer:
                if dates.first <= when <= dates.last:
                    return Day(kind, dates.name)
        for kind, named in ((DayKind.REST, self.feed), (DayKind.HOLIDAY, self.holidays)):
            if when in named:
                return Day(kind, named[when])
        return Day(DayKind.WEEKLY_OFF if when.weekday() in self.weekly_off else DayKind.WORKDAY)
