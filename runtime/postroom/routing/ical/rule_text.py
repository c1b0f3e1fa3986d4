"""The text of a recurrence rule, `FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO`, to its value; what is not understood is None."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from postroom.routing.ical.recurrence import Frequency, Rule

_KNOWN = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"},
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}\Z")
_WEEK_DAY = re.compile(r"([+-]?[0-9]{1,2})?([A-Z]{2})\Z")
_WEEK_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def read_rule(text: str, until: Callable[[str], date]) -> Rule | None:
    """Read a rule; `until` tells the last date on which an occurrence may begin, and raises ValueError for none."""
    parts = dict(part.partition("=")[::2] for part in text.strip().strip(";").upper().split(";"))
    if not parts.keys() <= _KNOWN:
        return None
    try:
        rule = Rule(
            frequency=Frequency(parts.get("FREQ")),
            interval=_number(parts.get("INTERVAL", "1"), 1, 1000),
            count=_number(parts["COUNT"], 1, 100_000) if "COUNT" in parts else None,
            until=until(parts["UNTIL"]) if "UNTIL" in parts else None,
            months=_numbers(parts, "BYMONTH", 1, 12),
            month_days=_numbers(parts, "BYMONTHDAY", -31, 31),
            week_days=frozenset(_week_day(one) for one in _listed(parts, "BYDAY")),
            positions=_numbers(parts, "BYSETPOS", -366, 366),
            week_start=_WEEK_DAYS.index(parts.get("WKST", "MO")),
        )
    except ValueError:
        return None
    return rule if _is_counted(rule) else None


def _is_counted(rule: Rule) -> bool:
    """Whether recurrence.py counts so: an n-th weekday only within a month, days of the month not in weeks."""
    within_month = rule.frequency is Frequency.MONTHLY or (rule.frequency is Frequency.YEARLY and bool(rule.months))
    has_nth = any(which for which, _ in rule.week_days)
    return (within_month or not has_nth) and not (rule.frequency is Frequency.WEEKLY and rule.month_days)


def _listed(parts: dict[str, str], key: str) -> list[str]:
    return parts[key].split(",") if key in parts else []


def _numbers(parts: dict[str, str], key: str, low: int, high: int) -> frozenset[int]:
    return frozenset(_number(one, low, high) for one in _listed(parts, key))


def _number(text: str, low: int, high: int) -> int:
    if _NUMBER.match(text) is None or not low <= int(text) <= high or not int(text):
        raise ValueError(text)
    return int(text)


def _week_day(text: str) -> tuple[int, int]:
    found = _WEEK_DAY.match(text)
    if found is None:
        raise ValueError(text)
    return _number(found[1], -5, 5) if found[1] else 0, _WEEK_DAYS.index(found[2])
