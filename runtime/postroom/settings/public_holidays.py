"""The public holidays of a country over a span of years, as plain dates and names.

The only place that knows the `holidays` library: what is expanded here once is what the core is given.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from postroom.settings.calendars import AddedHoliday, PublicHolidays, day_of, yearly

BEFORE, AFTER = 2, 11
"""Years expanded before and after the present one: timers and reports look back little, and work time is counted at
most ten years ahead, which is eleven where it begins at the end of a year."""

_BETWEEN = "; "
"""The library's sign between two holidays of one date."""


def countries() -> dict[str, list[str]]:
    """Every country the library knows by its ISO 3166 code, with the codes of its subdivisions."""
    return holidays.list_supported_countries()


def is_subdivision(country: str, subdivision: str) -> bool:
    """Whether the country has that subdivision, by code or by name."""
    try:
        holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError:
        return False
    return True


def names(country: str, subdivision: str | None, year: int) -> frozenset[str]:
    """Every name that a holiday there has within the span."""
    return frozenset(one for named in _expanded(country, subdivision, year).values() for one in named.split(_BETWEEN))


def expanded(settings: PublicHolidays | None, year: int) -> dict[date, str]:
    """Give the name of each holiday in the years around `year`, as the settings take some away and add others."""
    if settings is None:
        return {}
    found = {
        day: _BETWEEN.join(left)
        for day, named in _expanded(settings.country, settings.subdivision, year).items()
        if (left := [name for name in named.split(_BETWEEN) if not _is_left_out(settings, day, name)])
    }
    for added in settings.add:
        for day in _dates(added, year):
            found[day] = _BETWEEN.join(filter(None, (found.get(day), added.name)))
    return found


@lru_cache(maxsize=64)
def _expanded(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    years = range(year - BEFORE, year + AFTER + 1)
    # named in the country's own language; unasked, the library takes that of the process
    language = holidays.country_holidays(country).default_language
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=years, language=language))


def _is_left_out(settings: PublicHolidays, day: date, name: str) -> bool:
    said = {name.casefold(), day.isoformat(), day.isoformat()[5:]}
    return any(one.casefold() in said for one in settings.without)


def _dates(added: AddedHoliday, year: int) -> list[date]:
    month_day = yearly(added.on)
    if month_day is None:
        once = day_of(added.on)
        return [once] if once is not None else []
    years = range(year - BEFORE, year + AFTER + 1)
    return [day for one in years if (day := day_of(f"{one:04}-{added.on}")) is not None]
