"""Dates as mails write them, read into aware datetimes; it never raises, and None means nobody can say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from postroom.mail.comments import without_comments

_LONGEST = 120
_EARLIEST, _LATEST = 1900, 9999
_LAST_SECOND = 59
_MAX_OFFSET = 24 * 3600
_SHORT_YEARS = range(100, 1000)
_USUAL = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d)"
    r" ([+-])(\d\d)(\d\d)(?: \([A-Z]{1,5}\))?",
    re.ASCII,
)
"""RFC 5322 §3.3 to the letter, as nearly all mails write it."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONE = re.compile(r"(?:GMT|UTC?)? ?([+-]\d\d):?(\d\d)$")
"""`+01:00` and `GMT+0100` for `+0100`."""


def parse_date(value: str) -> datetime | None:
    """The time a Date field names (RFC 5322 §3.3 and its wild relatives); a missing zone is taken as UTC."""
    text = value.strip()[:_LONGEST]
    return _rfc5322(text) or _iso8601(text)


def received_date(value: str) -> datetime | None:
    """The time in a Received field: what follows its last semicolon (RFC 5321 §4.4)."""
    _, semicolon, date = value.rpartition(";")
    return parse_date(date) if semicolon else None


def _rfc5322(text: str) -> datetime | None:
    if usual := _USUAL.fullmatch(text):
        day, month, year, hour, minute, second, sign, hours, minutes = usual.groups()
        offset = int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60)
        return _moment((int(year), _MONTHS.index(month) + 1, int(day)), (int(hour), int(minute), int(second)), offset)
    fields = parsedate_tz(_ZONE.sub(r" \1\2", without_comments(text).strip()))
    if fields is None:
        return None
    # RFC 5322 §4.3: a year of three digits is that many years after 1900.
    year = fields[0] + 1900 * (fields[0] in _SHORT_YEARS)
    return _moment((year, *fields[1:3]), fields[3:6], fields[9] or 0)


def _moment(day: tuple[int, int, int], time: tuple[int, int, int], offset: int) -> datetime | None:
    hour, minute, second = time
    zone = timezone(timedelta(seconds=offset)) if abs(offset) < _MAX_OFFSET else UTC
    try:
        # RFC 5322 §3.3 allows a leap second; datetime does not.
        return _plausible(datetime(*day, hour, minute, min(second, _LAST_SECOND), tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def _iso8601(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _plausible(when if when.tzinfo else when.replace(tzinfo=UTC))


def _plausible(when: datetime) -> datetime | None:
    """Only times a view in any zone can show."""
    return when if _EARLIEST <= when.year < _LATEST else None
