"""Which days an iCalendar file takes off."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.ical.lines import Unreadable
from postroom.routing.ical.rest_days import MOST_STEPS, RestDays, read
from tests.routing.ical.feeds import BERLIN, FIRST, LAST, days, event, file, found, of, why_not, zone_of

NEW_YORK, HAVANA = ZoneInfo("America/New_York"), ZoneInfo("America/Havana")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART;VALUE=DATE:20260501"], ["0501"]),
        (["DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260504"], ["0501", "0502", "0503"]),
        (["DTSTART:20260501", "DURATION:P1W"], ["0501", "0502", "0503", "0504", "0505", "0506", "0507"]),
        (["DTSTART:20260501T000000", "DTEND:20260502T000000"], ["0501"]),
        (["DTSTART:20260501T000000", "DURATION:PT23H59M59S"], []),
        (["DTSTART:20260430T180000", "DTEND:20260502T080000"], ["0501"]),
        (["DTSTART:20260501T090000", "DTEND:20260501T170000"], []),
        (["DTSTART:20260501T000000"], []),
        (["DTSTART:20251230", "DURATION:P3D"], ["20251230", "20251231", "0101"]),
        (["DTSTART:20251101"], []),
        (["DTSTART:20280101"], []),
    ],
)
def test_a_day_is_off_when_one_event_covers_all_of_it(lines: list[str], expected: list[str]) -> None:
    assert of(*lines) == expected


def test_a_timed_event_takes_off_the_days_it_covers_on_the_channels_own_clock() -> None:
    lines = ("DTSTART;TZID=America/New_York:20260501T000000", "DTEND;TZID=America/New_York:20260502T120000")
    assert of(*lines, zone=NEW_YORK) == ["0501"]
    assert of(*lines) == [], "06:00 of the 1st to 18:00 of the 2nd"
    assert of("DTSTART:20260430T220000Z", "DTEND:20260501T220000Z") == ["0501"]
    assert of("DTSTART:20260430T220000Z", "DTEND;TZID=Europe/Berlin:20260502T000000") == ["0501"]


def test_a_day_that_a_turned_clock_makes_shorter_or_longer_is_still_one_day() -> None:
    turned = ((BERLIN, "20260329", "20260330"), (BERLIN, "20261025", "20261026"), (HAVANA, "20260308", "20260309"))
    for zone, day, after in turned:
        lines = (f"DTSTART;TZID={zone.key}:{day}T000000", f"DTEND;TZID={zone.key}:{after}T000000")
        assert of(*lines, zone=zone) == [day[4:]]


def test_a_zone_that_is_not_known_is_that_of_the_channel() -> None:
    lines = ("DTSTART;TZID=W. Europe Standard Time:20260501T000000", "DURATION:P1D")
    assert of(*lines) == of(*lines, zone=NEW_YORK) == ["0501"]


def test_an_event_that_comes_again_takes_off_each_of_its_days_but_those_left_out() -> None:
    lines = ("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY")
    assert of(*lines) == ["0501", "20270501"]
    assert of(*lines, "EXDATE;VALUE=DATE:20260501") == ["20270501"]
    assert of(*lines, "EXDATE:20270501T000000,20260501T000000") == []
    assert of(*lines, "RDATE:20260701,nonsense,20260702") == ["0701", "0702", "0501", "20270501"]


def test_a_time_left_out_in_another_zone_is_the_same_time() -> None:
    lines = ("DTSTART;TZID=Europe/Berlin:20260501T000000", "DURATION:P1D", "RRULE:FREQ=DAILY;COUNT=3")
    assert of(*lines, "EXDATE:20260501T220000Z") == ["0501", "0503"]


def test_a_zoned_event_begins_again_at_the_same_time_of_the_clock() -> None:
    lines = ("DTSTART;TZID=Europe/Berlin:20260327T000000", "DURATION:P1D", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert of(*lines) == ["0327", "0403"]


def test_the_last_time_is_within_until() -> None:
    lines = ("DTSTART;TZID=Europe/Berlin:20260501T000000", "DURATION:P1D")
    assert of(*lines, "RRULE:FREQ=DAILY;UNTIL=20260502T220000Z") == ["0501", "0502", "0503"]
    assert of(*lines, "RRULE:FREQ=DAILY;UNTIL=20260502T215959Z") == ["0501", "0502"]
    assert of(*lines, "RRULE:FREQ=DAILY;UNTIL=20260502") == ["0501", "0502"]


def test_a_cancelled_event_takes_no_day_off_and_one_shown_as_free_does() -> None:
    assert of("DTSTART:20260501", "STATUS:cancelled") == []
    assert of("DTSTART:20260501", "STATUS:CONFIRMED", "TRANSP:TRANSPARENT") == ["0501"]


def test_an_occurrence_that_was_moved_or_cancelled_alone_is_no_more_where_it_was() -> None:
    yearly = event("UID:a", "DTSTART:20260501", "RRULE:FREQ=YEARLY")
    moved = event("UID:a", "RECURRENCE-ID:20260501", "DTSTART:20260504")
    cancelled = event("UID:a", "RECURRENCE-ID:20270501", "DTSTART:20270501", "STATUS:CANCELLED")
    of_another = event("UID:b", "RECURRENCE-ID:20260501", "DTSTART:20260504")
    assert days(yearly, moved, cancelled) == ["0504"]
    assert days(yearly, of_another) == ["0501", "20270501", "0504"]


def test_the_first_event_that_covers_a_day_names_it() -> None:
    feed = found(
        event("DTSTART:20260501", r"SUMMARY;LANGUAGE=en:May\, Day\nof\; work\\"), event("DTSTART:20260501", "SUMMARY:x")
    )
    assert list(feed.days(BERLIN).values()) == ["May, Day of; work\\"]
    assert list(found(event("DTSTART:20260501", "SUMMARY:\x1b[31m" + "x" * 900)).days(BERLIN).values()) == [
        "[31m" + "x" * 196
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["DTSTART:tomorrow"],
        ["DTSTART:20260230"],
        ["DTSTART:20260501T250000"],
        ["DTSTART:12000501"],
        ["DTSTART:20260501", "DTEND:20260430"],
        ["DTSTART:20260501", "DTEND:never"],
        ["DTSTART:20260501", "DTEND:21990501"],
        ["DTSTART:20260501", "DURATION:-P1D"],
        ["DTSTART:20260501", "RRULE:FREQ=HOURLY"],
        ["DTSTART:20260501", "RRULE:"],
        ["DTSTART:20260501", "RRULE:FREQ=DAILY;UNTIL=never"],
    ],
)
def test_an_event_that_is_not_understood_is_counted_and_the_others_hold(lines: list[str]) -> None:
    feed = found(event(*lines), event("DTSTART:20260601"))
    assert feed.not_understood == 1
    assert [f"{day:%m%d}" for day in feed.days(BERLIN)] == ["0601"]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:19000101", "RRULE:FREQ=DAILY;COUNT=100000"],
        ["DTSTART:19000101", "RRULE:FREQ=YEARLY;BYDAY=MO;BYMONTHDAY=31;COUNT=99999"],
        ["DTSTART:20260101T000000Z", "DURATION:P3600D"],
    ],
)
def test_events_that_take_too_long_to_expand_are_refused(lines: list[str]) -> None:
    assert why_not(file(*[event(*lines)] * 200)) == f"its events take more than {MOST_STEPS:,} steps to expand"


LINES = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "DURATION:P2D", "BEGIN:VALARM", "END:VALARM", "DTSTART:20260501",
     "DTSTART;TZID=Asia/Tokyo:20260501T000000", "DTEND:20260503",
     "RRULE:FREQ=MONTHLY;BYDAY=-1MO", "EXDATE:20260501",
     "RECURRENCE-ID:20260501", "UID:a", "SUMMARY:x", " folded", ";:", "A;B"]
)  # fmt: skip


@given(st.binary(max_size=300) | st.lists(LINES | st.text(max_size=30), max_size=40).map(lambda lines: file(*lines)))
def test_no_bytes_raise(content: bytes) -> None:
    answer = read(content, zone_of, FIRST, LAST)
    assert isinstance(answer, RestDays | Unreadable)
    if isinstance(answer, RestDays):
        answer.days(BERLIN)
