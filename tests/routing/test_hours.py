"""Work time on days that people know; the laws stand in test_hours_laws.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from postroom.routing import hours
from postroom.routing.calendar import Calendar, Dates, Day, DayKind
from postroom.routing.hours import Segment, ServiceTime

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAY: tuple[Segment, ...] = ((480, 720), (780, 1020))
NIGHT: tuple[Segment, ...] = ((0, 360), (1320, 1440))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def service(
    workday: tuple[Segment, ...] = WORKDAY,
    non_workday: tuple[Segment, ...] = (),
    calendar: Calendar = Calendar(),  # noqa: B008 frozen
    zone: str = "Europe/Berlin",
) -> ServiceTime:
    return ServiceTime(workday=workday, non_workday=non_workday, zone=ZoneInfo(zone), calendar=calendar)


def test_a_day_opens_closes_for_lunch_and_closes() -> None:
    at = service()
    assert not at.is_open(berlin("2026-03-02T07:59:59"))
    assert at.is_open(berlin("2026-03-02T08:00"))
    assert not at.is_open(berlin("2026-03-02T12:00"))
    assert at.next_opening(berlin("2026-03-02T12:00")) == berlin("2026-03-02T13:00")
    assert at.next_closing(berlin("2026-03-02T13:00")) == berlin("2026-03-02T17:00")


def test_an_instant_that_is_open_is_its_own_opening_and_a_closed_one_its_own_closing() -> None:
    open_, closed = berlin("2026-03-02T09:30:00.123456"), berlin("2026-03-02T20:00")
    assert service().next_opening(open_) == open_
    assert service().next_closing(closed) == closed


def test_a_night_shift_is_one_stretch() -> None:
    at = service(workday=NIGHT)
    assert at.next_closing(berlin("2026-03-02T22:30")) == berlin("2026-03-03T06:00")


def test_the_part_of_a_night_shift_after_midnight_belongs_to_the_day_it_is_on() -> None:
    friday = berlin("2026-03-06T22:30")
    assert service(workday=NIGHT).next_closing(friday) == berlin("2026-03-07T00:00")
    assert service(workday=NIGHT, non_workday=NIGHT).next_closing(friday) == berlin("2026-03-07T06:00")


def test_the_default_week_is_one_stretch_from_monday_to_friday() -> None:
    at = service(workday=((0, 1440),))
    assert at.next_opening(berlin("2026-03-07T12:00")) == berlin("2026-03-09T00:00")
    assert at.next_closing(berlin("2026-03-09T00:00")) == berlin("2026-03-14T00:00")


def test_who_never_closes_has_no_closing_however_his_day_is_written() -> None:
    for day in (((0, 1440),), ((0, 720), (720, 1440))):
        at = service(workday=day, non_workday=day)
        assert at.next_closing(berlin("2026-03-07T12:00")) is None
        assert at.next_opening(berlin("2026-03-07T12:00")) == berlin("2026-03-07T12:00")


def test_who_never_opens_has_no_opening_and_gets_no_work_done() -> None:
    at = service(calendar=Calendar(weekly_off=frozenset(range(7))))
    now = berlin("2026-03-02T09:00")
    assert at.next_opening(now) is None
    assert at.next_closing(now) == now
    assert at.add_work_time(now, timedelta(seconds=1)) is None
    assert at.add_work_time(now, timedelta()) == now


def test_who_closes_for_good_still_has_that_closing() -> None:
    at = service(calendar=Calendar(rest=(Dates(date(2026, 3, 3), date(2099, 1, 1)),)))
    assert at.next_closing(berlin("2026-03-02T16:00")) == berlin("2026-03-02T17:00")


def test_a_weekend_with_a_make_up_saturday() -> None:
    at = service(calendar=Calendar(make_up=(Dates(date(2026, 3, 7), date(2026, 3, 7)),)))
    friday = berlin("2026-03-06T16:00")
    assert at.add_work_time(friday, timedelta(hours=2)) == berlin("2026-03-07T09:00")
    assert at.work_time_between(friday, berlin("2026-03-09T08:00")) == timedelta(hours=9)


def test_work_that_ends_with_the_day_ends_at_closing() -> None:
    assert service().add_work_time(berlin("2026-03-02T16:00"), timedelta(hours=1)) == berlin("2026-03-02T17:00")


def test_work_before_the_beginning_is_negative() -> None:
    a, b = berlin("2026-03-02T09:00"), berlin("2026-03-02T10:00")
    assert service().work_time_between(b, a) == -timedelta(hours=1)


def test_an_hour_that_is_skipped_is_no_time_and_one_that_is_repeated_counts_twice() -> None:
    at = service(workday=((60, 240),), non_workday=((60, 240),))
    for day, worked in (("2026-03-28", 3), ("2026-03-29", 2), ("2026-10-25", 4)):
        assert at.work_time_between(berlin(day), berlin(f"{day}T12:00")) == timedelta(hours=worked)


def test_a_segment_within_the_skipped_hour_is_closed_all_day() -> None:
    at = service(workday=((120, 180),), non_workday=((120, 180),))
    assert at.next_opening(berlin("2026-03-28T12:00")) == berlin("2026-03-30T02:00")


def test_a_segment_within_the_repeated_hour_opens_twice() -> None:
    at = service(workday=((120, 150),), non_workday=((120, 150),))
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert at.next_closing(first) == first + timedelta(minutes=30)
    assert at.next_opening(first + timedelta(minutes=30)) == first + timedelta(minutes=60)


def test_a_date_that_a_zone_skips_has_no_time() -> None:
    apia = service(workday=((0, 1440),), non_workday=((0, 1440),), zone="Pacific/Apia")
    friday = Calendar(make_up=(Dates(date(2011, 12, 30), date(2011, 12, 30)),), weekly_off=frozenset(range(7)))
    only_friday = service(workday=((0, 1440),), calendar=friday, zone="Pacific/Apia")
    a, b = datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2011, 12, 31, 10, tzinfo=UTC)
    assert apia.work_time_between(a, b) == timedelta(hours=48)
    assert only_friday.work_time_between(a, b) == timedelta()


def test_clocks_that_go_back_over_midnight_mix_two_dates_and_each_minute_counts_by_its_own() -> None:
    saturday_off = Calendar(weekly_off=frozenset({5}))
    at = service(workday=((0, 1440),), calendar=saturday_off, zone="America/St_Johns")
    # at 00:01 of Sunday the clock went back to 23:01 of Saturday
    sunday = datetime(2008, 11, 2, 2, 30, tzinfo=UTC)
    assert at.next_opening(sunday - timedelta(hours=1)) == sunday
    assert at.next_closing(sunday) == sunday + timedelta(minutes=1)
    assert at.next_opening(sunday + timedelta(minutes=1)) == sunday + timedelta(minutes=60)


def test_it_tells_what_a_date_is_and_which_date_an_instant_lies_on() -> None:
    at = service(calendar=Calendar(holidays={date(2026, 5, 1): "Labour Day"}))
    assert at.day_kind(date(2026, 5, 1)) == Day(DayKind.HOLIDAY, "Labour Day")
    assert at.day_at(datetime(2026, 4, 30, 22, 30, tzinfo=UTC)) == Day(DayKind.HOLIDAY, "Labour Day")
    assert at.day_at(datetime(2026, 5, 1, 22, 30, tzinfo=UTC)).kind is DayKind.WEEKLY_OFF


def test_what_it_remembers_is_bounded_and_no_part_of_its_value() -> None:
    at = service(calendar=Calendar(weekly_off=frozenset(range(7))))
    for years in range(0, 40, 9):
        assert at.next_opening(berlin("2026-03-02T09:00") + timedelta(days=366 * years)) is None
        assert len(at._known) <= hours.DAYS_KEPT
    assert at == service(calendar=Calendar(weekly_off=frozenset(range(7))))
    assert "_known" not in repr(at)
