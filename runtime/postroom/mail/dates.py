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
    fields = parsedate_tz(_ZONE.sub(r" \1\2", without_comments(text).strip()))
    if fields is None:
        return None
    year, month, day, hour, minute, second = fields[:6]
    # RFC 5322 §4.3: a year of three digits is that many years after 1900.
    year += 1900 * (year in _SHORT_YEARS)
    offset = fields[9] or 0
    zone = timezone(timedelta(seconds=offset)) if abs(offset) < _MAX_OFFSET else UTC
    try:
        # RFC 5322 §3.3 allows a leap second; datetime does not.
        return _plausible(datetime(year, month, day, hour, minute, min(second, _LAST_SECOND), tzinfo=zone))
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
