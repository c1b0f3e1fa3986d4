"""Recurrence rules (RFC 5545 §3.3.10) by the date alone: on which dates an event begins again.

Years, months, weeks and days are counted; hours are not, nor week numbers, days of the year, and an n-th weekday of a
whole year. It gives a step for each month, week or day it looks at, so that who asks can bound the looking.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from itertools import count, repeat, takewhile

from msgspec import Struct

_DAY = timedelta(days=1)
_MONTHS = 12

Stretch = tuple[date, list[date]]
"""A year, month, week or day by its first date, and the dates of it that a rule meets."""


class Frequency(Enum):
    """How long the stretch is that a rule repeats."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"


class Rule(Struct, frozen=True, kw_only=True):
    """A rule; an empty part restricts nothing."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    """The last date on which an occurrence may begin."""
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    """-1 is the last of the month."""
    week_days: frozenset[tuple[int, int]] = frozenset()
    """Which of its kind in the month (-1 is the last, 0 is each), and the weekday, Monday being 0."""
    positions: frozenset[int] = frozenset()
    """Which of the dates in each stretch."""
    week_start: int = 0


def occurrences(rule: Rule, start: date, first: date, last: date) -> Iterator[date | None]:
    """Give the dates from `first` to `last` on which it begins again, and None for each step of looking."""
    last = min(last, rule.until or last)
    left = rule.count
    for _, dates in takewhile(lambda stretch: stretch[0] <= last, _stretches(rule, start, first)):
        if left == 0:
            return
        yield from repeat(None, _steps(rule))
        for day in _positioned(rule, dates):
            if day < start or left == 0:
                continue
            left = None if left is None else left - 1
            if first <= day <= last:
                yield day


def _positioned(rule: Rule, dates: list[date]) -> list[date]:
    if not rule.positions:
        return dates
    return [day for place, day in enumerate(dates, 1) if {place, place - len(dates) - 1} & rule.positions]


def _stretches(rule: Rule, start: date, first: date) -> Iterator[Stretch]:
    """Give stretch after stretch without end; where no occurrence is counted, from about `first`."""
    ahead = max((first - start).days, 0) if rule.count is None else 0
    match rule.frequency:
        case Frequency.YEARLY:
            return _years(rule, start, _skipped(rule, ahead // 366))
        case Frequency.MONTHLY:
            return _months(rule, start, _skipped(rule, ahead // 31))
        case Frequency.WEEKLY:
            return _weeks(rule, start, _skipped(rule, ahead // 7))
    return _days(rule, start, _skipped(rule, ahead))


def _skipped(rule: Rule, stretches: int) -> int:
    """How many of them may be skipped: whole intervals, and one less than there are."""
    return max(stretches // rule.interval - 1, 0) * rule.interval


def _steps(rule: Rule) -> int:
    return len(_months_of_year(rule)) if rule.frequency is Frequency.YEARLY else 1


def _months_of_year(rule: Rule, default: int = 1) -> list[int]:
    every = range(1, _MONTHS + 1) if rule.month_days or rule.week_days else (default,)
    return sorted(rule.months or every)


def _years(rule: Rule, start: date, ahead: int) -> Iterator[Stretch]:
    months = _months_of_year(rule, start.month)
    return (
        (date(year, 1, 1), [day for month in months for day in _of_month(rule, start, year, month)])
        for year in count(start.year + ahead, rule.interval)
    )


def _months(rule: Rule, start: date, ahead: int) -> Iterator[Stretch]:
    begun = start.year * _MONTHS + start.month - 1
    every = (divmod(number, _MONTHS) for number in count(begun + ahead, rule.interval))
    return (
        (date(year, month + 1, 1), _of_month(rule, start, year, month + 1) if _in_months(rule, month + 1) else [])
        for year, month in every
    )


def _of_month(rule: Rule, start: date, year: int, month: int) -> list[date]:
    weekday, length = monthrange(year, month)
    if not rule.month_days and not rule.week_days:
        return [date(year, month, start.day)] if start.day <= length else []
    met = (day for day in range(1, length + 1) if _is_met(rule, day, (weekday + day - 1) % 7, length))
    return [date(year, month, day) for day in met]


def _is_met(rule: Rule, day: int, weekday: int, length: int) -> bool:
    """Whether the rule's days of the month and weekdays admit this day of a month of so many."""
    if rule.month_days and day not in rule.month_days and day - length - 1 not in rule.month_days:
        return False
    if not rule.week_days or (0, weekday) in rule.week_days:
        return True
    from_first, from_last = (day - 1) // 7 + 1, -((length - day) // 7) - 1
    return (from_first, weekday) in rule.week_days or (from_last, weekday) in rule.week_days


def _weeks(rule: Rule, start: date, ahead: int) -> Iterator[Stretch]:
    begins = start - _DAY * ((start.weekday() - rule.week_start) % 7)
    wanted = {weekday for _, weekday in rule.week_days} or {start.weekday()}
    firsts = map(date.fromordinal, count(begins.toordinal() + 7 * ahead, 7 * rule.interval))
    weeks = ([first + n * _DAY for n in range(7)] for first in firsts)
    return (
        (week[0], [day for day in week if day.weekday() in wanted and _in_months(rule, day.month)]) for week in weeks
    )


def _days(rule: Rule, start: date, ahead: int) -> Iterator[Stretch]:
    every = map(date.fromordinal, count(start.toordinal() + ahead, rule.interval))
    return ((day, [day] if _is_day_met(rule, day) else []) for day in every)


def _is_day_met(rule: Rule, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    return _in_months(rule, day.month) and _is_met(rule, day.day, day.weekday(), length)


def _in_months(rule: Rule, month: int) -> bool:
    return not rule.months or month in rule.months
