"""The layers of a calendar: the later wins, and says its name."""

from __future__ import annotations

from datetime import date

import pytest

from postroom.routing.calendar import Calendar, Dates, DayKind

DAY = date(2026, 5, 1)
LAYERS = (
    ("workday", Calendar()),
    ("weekly off-day", Calendar(weekly_off=frozenset({4}))),
    ("holiday (Labour Day)", Calendar(weekly_off=frozenset({4}), holidays={DAY: "Labour Day"})),
    ("rest day (stocktaking)", Calendar(holidays={DAY: "Labour Day"}, feed={DAY: "stocktaking"})),
    ("rest day (outing)", Calendar(feed={DAY: "stocktaking"}, rest=(Dates(DAY, DAY, "outing"),))),
    ("make-up workday", Calendar(rest=(Dates(DAY, DAY, "outing"),), make_up=(Dates(DAY, DAY),))),
)


@pytest.mark.parametrize(("words", "calendar"), LAYERS, ids=[words for words, _ in LAYERS])
def test_a_later_layer_wins_over_those_before_it(words: str, calendar: Calendar) -> None:
    assert str(calendar.day(DAY)) == words


def test_a_range_holds_both_its_ends_and_the_first_that_holds_the_date_names_it() -> None:
    calendar = Calendar(rest=(Dates(date(2026, 8, 3), date(2026, 8, 14), "summer"), Dates(date(2026, 8, 14), DAY)))
    kinds = [calendar.day(date(2026, 8, day)).kind for day in (3, 14, 17)]
    assert kinds == [DayKind.REST, DayKind.REST, DayKind.WORKDAY]
    assert calendar.day(date(2026, 8, 14)).name == "summer"


def test_only_days_that_are_off_for_a_reason_of_their_own_are_holidays() -> None:
    days = [calendar.day(DAY) for _, calendar in LAYERS]
    assert [day.is_holiday for day in days] == [False, False, True, True, True, False]
    assert [day.is_working for day in days] == [True, False, False, False, False, True]


def test_saturday_and_sunday_are_off_where_nothing_is_said() -> None:
    kinds = [Calendar().day(date(2026, 3, day)).kind for day in range(6, 10)]
    assert kinds == [DayKind.WORKDAY, DayKind.WEEKLY_OFF, DayKind.WEEKLY_OFF, DayKind.WORKDAY]
