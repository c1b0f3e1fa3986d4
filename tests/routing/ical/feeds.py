"""Makes iCalendar files, and reads them as a channel in Berlin would."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from postroom.routing.ical.lines import Unreadable
from postroom.routing.ical.rest_days import RestDays, read

FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "America/Havana", "Asia/Tokyo")


def event(*lines: str) -> str:
    """An event of these properties."""
    return "\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))


def file(*parts: str) -> bytes:
    """A whole file of these parts."""
    return "\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR", "")).encode()


def zone_of(name: str) -> ZoneInfo | None:
    """Know a few zones."""
    return ZoneInfo(name) if name in ZONES else None


def found(*parts: str) -> RestDays:
    """What the file of these parts says."""
    answer = read(file(*parts), zone_of, FIRST, LAST)
    assert isinstance(answer, RestDays), answer
    return answer


def days(*parts: str, zone: ZoneInfo = BERLIN) -> list[str]:
    """The days off, as `MMDD` in 2026 and `YYYYMMDD` else."""
    return [f"{day:%Y%m%d}".removeprefix("2026") for day in found(*parts).days(zone)]


def of(*lines: str, zone: ZoneInfo = BERLIN) -> list[str]:
    """The days off by one event."""
    return days(event(*lines), zone=zone)


def why_not(content: bytes) -> str:
    """Why the file cannot be used."""
    answer = read(content, zone_of, FIRST, LAST)
    assert isinstance(answer, Unreadable), answer
    return answer.why
