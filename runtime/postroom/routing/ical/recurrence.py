"""Recurrence rules (RFC 5545 §3.3.10) by the date alone: on which dates an event begins again.

Years, months, weeks and days are counted; hours are not, nor week numbers, days of the year, and an n-th weekday of a
whole year. It gives a step for each month, week or day it looks at, so that who asks can bound the looking.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from itertools import repeat

from msgspec import Struct

_DAY = timedelta(days=1)
_MONTHS = 12


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
    for begins, dates in _stretches(rule, start, first):
        if begins > last or left == 0:
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


def _stretches(rule: Rule, start: date, first: date) -> Iterator[tuple[date, list[date]]]:
    """Each stretch, its first date and the dates of it that the rule meets; where nothing is counted, from `first`."""
    ahead = max((first - start).days, 0) if rule.count is None else 0
    match rule.frequency:
        case Frequency.YEARLY:
            return _years(rule, start, _skipped(rule, ahead // 366))
        case Frequency.MONTHLY:
            return _months(rule, start, _skipped(rule, ahead // 31))
        case Frequency.WEEKLY:
            return _weeks(rule, start, _skipped(rule, ahead // 7))
        case Frequency.DAILY:
            return _days(rule, start, _skipped(rule, ahead))


def _skipped(rule: Rule, stretches: int) -> int:
    """How many of them may be skipped: whole intervals, and one less than there are."""
    return max(stretches // rule.interval - 1, 0) * rule.interval


def _steps(rule: Rule) -> int:
    return len(_months_of_year(rule)) if rule.frequency is Frequency.YEARLY else 1


def _months_of_year(rule: Rule, default: int = 1) -> list[int]:
    every = range(1, _MONTHS + 1) if rule.month_days or rule.week_days else (default,)
    return sorted(rule.months or every)


def _years(rule: Rule, start: date, ahead: int) -> Iterator[tuple[date, list[date]]]:
    months = _months_of_year(rule, start.month)
    for year in range(start.year + ahead, date.max.year, rule.interval):
        yield date(year, 1, 1), [day for month in months for day in _of_month(rule, start, year, month)]


def _months(rule: Rule, start: date, ahead: int) -> Iterator[tuple[date, list[date]]]:
    begun = start.year * _MONTHS + start.month - 1
    for number in range(begun + ahead, date.max.year * _MONTHS, rule.interval):
        year, month = number // _MONTHS, number % _MONTHS + 1
        is_met = not rule.months or month in rule.months
        yield date(year, month, 1), _of_month(rule, start, year, month) if is_met else []


def _of_month(rule: Rule, start: date, year: int, month: int) -> list[date]:
    length = monthrange(year, month)[1]
    days = [date(year, month, day) for day in range(1, length + 1)]
    if not rule.month_days and not rule.week_days:
        return days[start.day - 1 : start.day]
    return [day for day in days if _is_met(rule, day, length)]


def _is_met(rule: Rule, day: date, length: int) -> bool:
    """Whether the rule's days of the month and weekdays admit the date."""
    if rule.month_days and not {day.day, day.day - length - 1} & rule.month_days:
        return False
    from_first, from_last = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
    here = {(which, day.weekday()) for which in (0, from_first, from_last)}
    return not rule.week_days or bool(here & rule.week_days)


def _weeks(rule: Rule, start: date, ahead: int) -> Iterator[tuple[date, list[date]]]:
    begins = start - _DAY * ((start.weekday() - rule.week_start) % 7)
    wanted = {weekday for _, weekday in rule.week_days} or {start.weekday()}
    for number in range(begins.toordinal() + 7 * ahead, date.max.toordinal() - 7, 7 * rule.interval):
        days = (date.fromordinal(number + n) for n in range(7))
        met = [day for day in days if day.weekday() in wanted and (not rule.months or day.month in rule.months)]
        yield date.fromordinal(number), met


def _days(rule: Rule, start: date, ahead: int) -> Iterator[tuple[date, list[date]]]:
    for number in range(start.toordinal() + ahead, date.max.toordinal(), rule.interval):
        day = date.fromordinal(number)
        in_month = not rule.months or day.month in rule.months
        yield day, [day] if in_month and _is_met(rule, day, monthrange(day.year, day.month)[1]) else []
