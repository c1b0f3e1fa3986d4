"""Times and lengths of time as iCalendar writes them (RFC 5545 §3.3.4-6); what is not one is None."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

YEARS = range(1900, 2200)

Zones = Callable[[str], tzinfo | None]
"""The zone of an IANA name, or None where there is none of that name."""

_MOMENT = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?\Z")
_DURATION = re.compile(
    r"\+?P(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?\Z"
)


class Moment(Struct, frozen=True):
    """A wall-clock time in a zone; without one it is the same time on everybody's wall (§3.3.5, form 1)."""

    local: datetime
    zone: tzinfo | None = None
    is_date: bool = False

    def in_zone(self, zone: tzinfo | None) -> datetime:
        """Give the wall-clock time there."""
        if self.zone is None or zone is None:
            return self.local
        return self.local.replace(tzinfo=self.zone).astimezone(zone).replace(tzinfo=None)


def moment(text: str, zone: tzinfo | None) -> Moment | None:
    """Read a date or a time of that zone, unless it says to be in UTC."""
    found = _MOMENT.match(text.strip().upper())
    if found is None:
        return None
    try:
        local = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 the zone is beside it
    except ValueError:
        return None
    return Moment(local, UTC if found[3] else zone, not found[2]) if local.year in YEARS else None


def duration(text: str) -> timedelta | None:
    """Read a length of time that is not negative."""
    found = _DURATION.match(text.strip().upper())
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
