"""Recurrence rules: known ones by their dates, those that are not counted refused, and a law."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.ical.recurrence import occurrences
from postroom.routing.ical.rule_text import read_rule

START = date(2026, 1, 1)


def looked(text: str, start: date, first: date, last: date) -> list[date]:
    rule = read_rule(text, date.fromisoformat)
    assert rule is not None
    return [day for day in occurrences(rule, start, first, last) if day is not None]


def dates(text: str, start: date = START, first: date = START, last: date = date(2027, 12, 31)) -> list[str]:
    return [f"{day:%y%m%d}" for day in looked(text, start, first, last)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=YEARLY", ["260101", "270101"]),
        ("freq=yearly;", ["260101", "270101"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", ["261126", "271125"]),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", ["260525", "270531"]),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,31", ["261224", "261231", "271224", "271231"]),
        ("FREQ=YEARLY;BYMONTH=3,2;COUNT=3", ["260201", "260301", "270201"]),
        ("FREQ=YEARLY;BYMONTHDAY=-1;UNTIL=2026-03-30", ["260131", "260228"]),
        ("FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=13", ["260213", "260313", "261113", "270813"]),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=MO;BYSETPOS=2,-1", ["260112", "260126", "270111", "270125"]),
        ("FREQ=YEARLY;INTERVAL=2", ["260101"]),
        ("FREQ=MONTHLY;COUNT=3", ["260101", "260201", "260301"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["260131", "260331", "260531"]),
        ("FREQ=MONTHLY;BYDAY=1FR;BYMONTH=6,7", ["260605", "260703", "270604", "270702"]),
        ("FREQ=MONTHLY;INTERVAL=6;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["260130", "260731", "270129", "270730"]),
        ("FREQ=WEEKLY;COUNT=2", ["260101", "260108"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=4", ["260111", "260112", "260125", "260126"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO;COUNT=4", ["260104", "260112", "260118", "260126"]),
        ("FREQ=WEEKLY;BYDAY=SA;BYMONTH=2;COUNT=5", ["260207", "260214", "260221", "260228", "270206"]),
        ("FREQ=DAILY;UNTIL=2026-01-03", ["260101", "260102", "260103"]),
        ("FREQ=DAILY;INTERVAL=400", ["260101", "270205"]),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=1;BYDAY=SU", ["260201"]),
    ],
)  # fmt: skip
def test_a_rule_gives_its_dates(rule: str, expected: list[str]) -> None:
    assert dates(rule) == expected


def test_a_leap_day_comes_in_leap_years() -> None:
    assert dates("FREQ=YEARLY", start=date(2024, 2, 29), first=date(2024, 1, 1), last=date(2032, 12, 31)) == [
        "240229", "280229", "320229",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        "", "FREQ", "FREQ=HOURLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "BYMONTH=1", "FREQ=YEARLY;BYWEEKNO=1",
        "FREQ=YEARLY;BYYEARDAY=1", "FREQ=YEARLY;BYHOUR=1", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYDAY=2MO",
        "FREQ=WEEKLY;BYDAY=1MO", "FREQ=DAILY;BYDAY=1MO", "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=YEARLY;INTERVAL=0",
        "FREQ=YEARLY;INTERVAL=x", "FREQ=YEARLY;COUNT=0", "FREQ=YEARLY;COUNT=100001", "FREQ=YEARLY;UNTIL=x",
        "FREQ=YEARLY;BYMONTH=13", "FREQ=YEARLY;BYMONTHDAY=0", "FREQ=YEARLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=YEARLY;BYDAY=M", "FREQ=YEARLY;WKST=XX", "FREQ=YEARLY;BYSETPOS=367", "FREQ=YEARLY;BYMONTH=",
    ],
)  # fmt: skip
def test_a_rule_that_is_not_counted_is_none(rule: str) -> None:
    assert read_rule(rule, date.fromisoformat) is None


RULES = st.builds(
    "FREQ={};INTERVAL={}{}".format,
    st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]),
    st.integers(1, 7),
    st.sampled_from(["", ";BYMONTH=2,5", ";BYDAY=MO,TU"]),
)


@given(RULES, st.dates(date(1990, 1, 1), date(2020, 1, 1)), st.integers(0, 9000))
def test_to_look_from_later_gives_the_later_dates(rule: str, start: date, ahead: int) -> None:
    first = start + timedelta(days=ahead)
    last = first + timedelta(days=900)
    every = looked(rule, start, start, last)
    assert looked(rule, start, first, last) == [day for day in every if day >= first]
