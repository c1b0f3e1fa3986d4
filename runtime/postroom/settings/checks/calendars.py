"""Calendars: their holidays are known, their ranges do not end before they begin, and they leave some day to work."""

from __future__ import annotations

from difflib import get_close_matches

from postroom.settings import public_holidays
from postroom.settings.calendars import WEEK_DAYS, CalendarSettings, Days, PublicHolidays, day_of, yearly
from postroom.settings.problem import Page, shown
from postroom.settings.schema import Tenant

YEAR = 2026
"""Names of holidays are looked up around this year: whether settings are valid is no matter of when they are read."""


def check(page: Page, tenant: Tenant) -> None:
    """Check each calendar by itself; whether channels name one that is there is service's."""
    for index, calendar in enumerate(tenant.calendars):
        path = f"calendars[{index}]"
        for key in ("rest", "make_up"):
            for place, days in enumerate(getattr(calendar, key)):
                _in_order(page, f"{path}.{key}[{place}]", days)
        if calendar.holidays is not None:
            _holidays(page, f"{path}.holidays", calendar.holidays)
        _ical(page, f"{path}.ical", calendar)


def _in_order(page: Page, path: str, days: Days) -> None:
    if days.to is not None and page.is_sound(f"{path}.from", f"{path}.to") and days.to < days.from_:
        page.problem(f"{path}.to", f"must not be before `from` ({days.from_})", shown(days.to))


def _holidays(page: Page, path: str, settings: PublicHolidays) -> None:
    known = public_holidays.countries()
    if settings.country not in known:
        page.problem(
            f"{path}.country",
            "must be the ISO 3166 code of a country whose holidays are known, like `DE` or `US`",
            shown(settings.country),
        )
        return
    if settings.subdivision is not None and not public_holidays.is_subdivision(settings.country, settings.subdivision):
        there = ", ".join(known[settings.country]) or "none"
        words = f"{settings.country} has no such subdivision; it has {there}"
        page.problem(f"{path}.subdivision", words, shown(settings.subdivision))
        return
    _without(page, f"{path}.without", settings)


def _without(page: Page, path: str, settings: PublicHolidays) -> None:
    named = public_holidays.names(settings.country, settings.subdivision, YEAR)
    by_fold = {name.casefold(): name for name in named}
    for place, one in enumerate(settings.without):
        if one.casefold() in by_fold or day_of(one) or yearly(one):
            continue
        close = [by_fold[fold] for fold in get_close_matches(one.casefold(), by_fold, n=1)]
        hint = f"did you mean {shown(close[0])}?" if close else "they are " + ", ".join(sorted(named))
        page.problem(f"{path}[{place}]", f"is neither a date nor the name of a holiday there: {hint}", shown(one))


def _ical(page: Page, path: str, calendar: CalendarSettings) -> None:
    if calendar.ical is None or "://" in calendar.ical.source:
        return
    if not (page.folder / calendar.ical.source).is_file():
        page.warning(f"{path}.source", "there is no such file now; until there is one, it takes no day off")


def works_some_day(calendar: CalendarSettings) -> bool:
    """Whether any date is a working day."""
    return bool(calendar.make_up) or len(set(calendar.weekly_off)) < len(WEEK_DAYS)
