"""A tenant's calendars: which days its channels work; names, types, ranges and defaults."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Struct

from postroom.settings.rules import AtMost, Between, Check, Mark, Name, OneOf, Seconds, Unit

WEEK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS = range(2000, 2200)
_LEAP_YEAR = 2000

WeekDay = Annotated[str, OneOf(WEEK_DAYS)]
HolidayName = Annotated[str, AtMost(200, least=1)]


def day_of(text: str) -> date | None:
    """Read a date like `2026-01-31` of a year that makes sense here, or give None."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS and text == found.isoformat() else None


def yearly(text: str) -> tuple[int, int] | None:
    """Read a month and day like `12-24`, or give None."""
    found = day_of(f"{_LEAP_YEAR}-{text}")
    return (found.month, found.day) if found is not None else None


def is_source(text: str) -> bool:
    """Whether a calendar may be read from there: a file, https, or http from this machine itself."""
    if "://" not in text:
        return bool(text)
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        return False
    is_right = url.scheme == "https" or (url.scheme == "http" and _is_loopback(host or ""))
    return is_right and bool(host) and port != 0 and "@" not in url.netloc and text.isascii() and text.isprintable()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Day = Annotated[
    str,
    Check(
        lambda text: day_of(text) is not None,
        f"must be a date like `2026-01-31`, of a year from {YEARS[0]} to {YEARS[-1]}",
    ),
]
OnDay = Annotated[
    str,
    Check(
        lambda text: day_of(text) is not None or yearly(text) is not None,
        f"must be a month and day like `12-24`, or a date like `2026-01-31` of a year from {YEARS[0]} to {YEARS[-1]}",
    ),
]
Source = Annotated[
    str,
    Mark.HIDDEN,  # who knows the address of a private calendar may read it
    AtMost(2000),
    Check(
        is_source,
        "must be a file, or an https address without a password in it (plain http only from this machine itself)",
    ),
]


class Days(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The dates from one to another, both included; written as one date, or with these keys."""

    name: Annotated[str, AtMost(200)] = ""
    from_: Day
    to: Day | None = None
    """The same day where it is not written."""


class AddedHoliday(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A holiday of one's own, each year or once."""

    name: HolidayName
    on: OnDay


class PublicHolidays(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public holidays of a country, or of a part of it."""

    country: Annotated[str, AtMost(20, least=1)]
    subdivision: Annotated[str, AtMost(100, least=1)] | None = None
    add: Annotated[tuple[AddedHoliday, ...], AtMost(400)] = ()
    without: Annotated[tuple[HolidayName, ...], AtMost(400)] = ()
    """Holidays that are worked: by name, or by date as in `add`."""


class Ical(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An iCalendar file whose days are off; written as the place it is at, or with these keys."""

    source: Source
    """A file relative to the configuration folder, or an address."""
    refresh_every: Annotated[Seconds, Between(60, 30 * 86_400.0, Unit.SECONDS)] = 12 * 3600.0


class CalendarSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar that channels name in `work_time`; later layers win over those before."""

    name: Name
    weekly_off: Annotated[tuple[WeekDay, ...], AtMost(7)] = ("sat", "sun")
    holidays: PublicHolidays | None = None
    ical: Ical | None = None
    rest: Annotated[tuple[Days, ...], AtMost(1000)] = ()
    make_up: Annotated[tuple[Days, ...], AtMost(1000)] = ()


DEFAULT = CalendarSettings(name="default")
"""What a channel has that names no calendar, unless the tenant writes one of that name."""
