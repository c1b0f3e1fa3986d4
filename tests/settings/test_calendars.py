"""Calendars: every rule broken once, with its message; and what valid ones mean for a channel's work time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from postroom.routing.calendar import DayKind
from postroom.routing.hours import ServiceTime
from postroom.routing.ical.rest_days import RestDays, Span
from postroom.settings.compile import service_time
from tests.settings.making import line_of, loaded, rules, tenant, warned

BANK = "    work_time: {calendar: bank, time_zone: Europe/Berlin}\n"


def bank(folder: Path, layers: str, work_time: str = BANK) -> str:
    text = tenant(channel=work_time, more=f"calendars:\n  - name: bank\n{layers}")
    folder.joinpath("bank.ics").touch()
    return text


def compiled(folder: Path, layers: str, work_time: str = BANK, feed: RestDays | None = None) -> ServiceTime:
    found = loaded(folder, bank(folder, layers, work_time)).require().tenants[0]
    return service_time(found, found.channels[0], {"bank": feed} if feed else {}, 2026)


DATES = "must be a date like `2026-01-31`, of a year from 2000 to 2199"
SOURCE = "must be a file, or an https address without a password in it (plain http only from this machine itself)"
ON = "must be a month and day like `12-24`, or a date like `2026-01-31` of a year from 2000 to 2199"


@pytest.mark.parametrize(
    ("layer", "key", "rule"),
    [
        ("weekly_off: [saturday]", "weekly_off[0]", "must be one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`"),
        ("weekly_off: sat", "weekly_off", "must be a list, not a single value"),
        ("rest: [{name: move, from: 1026-01-31}]", "rest[0].from", DATES),
        ("rest: [{name: move, from: 20260131}]", "rest[0].from", "must be a text (a number or a word like true is put"),
        ("rest: [{name: move, from: '20260131'}]", "rest[0].from", DATES),
        ("rest: [{name: move, from: 2026-02-30}]", "rest[0].from", DATES),
        ("rest: [{name: move}]", "rest[0].from", "is missing, and has no default"),
        ("rest: [{from: 2026-02-03, to: 2026-02-02}]", "rest[0].to", "must not be before `from` (2026-02-03)"),
        ("make_up: [2026-02-03, {from: 2026-02-03, to: 2026-02-02}]", "make_up[1].to", "must not be before `from`"),
        ("make_up: [tomorrow]", "make_up[0].from", DATES),
        (
            "holidays: {country: XX}",
            "holidays.country",
            "must be the ISO 3166 code of a country",
        ),
        (
            "holidays: {country: DE, subdivision: ZZ}",
            "holidays.subdivision",
            "DE has no such subdivision; it has BB",
        ),
        ("holidays: {country: AW, subdivision: ZZ}", "holidays.subdivision", "AW has no such subdivision; it has none"),
        ("holidays: {subdivision: BY}", "holidays.country", "is missing, and has no default"),
        ("holidays: {country: DE, without: [Neujar]}", "holidays.without[0]", "did you mean 'Neujahr'?"),
        ("holidays: {country: DE, without: [xyz]}", "holidays.without[0]", "they are Christi Himmelfahrt, Erster"),
        ("holidays: {country: DE, add: [{name: Eve, on: 12-32}]}", "holidays.add[0].on", ON),
        ("holidays: {country: DE, add: [{on: 12-24}]}", "holidays.add[0].name", "is missing, and has no default"),
        ("ical: http://example.org/x.ics", "ical.source", SOURCE),
        ("ical: ftp://example.org/x.ics", "ical.source", SOURCE),
        ("ical: https://user:secret@example.org/x.ics", "ical.source", SOURCE),
        ("ical: https:///x.ics", "ical.source", SOURCE),
        ("ical: 'https://[::1/x.ics'", "ical.source", SOURCE),
        ("ical: https://example.org:99999/x.ics", "ical.source", SOURCE),
        ("ical: ''", "ical.source", SOURCE),
        ("ical: {source: bank.ics, refresh_every: 1s}", "ical.refresh_every", "must be between 1m and 30d"),
    ],
)
def test_a_rule_of_a_calendar_is_broken(tmp_path: Path, layer: str, key: str, rule: str) -> None:
    found = rules(loaded(tmp_path, bank(tmp_path, f"    {layer}\n")))
    assert list(found) == [f"calendars[0].{key}"]
    assert found[f"calendars[0].{key}"].startswith(rule) or rule in found[f"calendars[0].{key}"]


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    found = loaded(tmp_path, bank(tmp_path, "    ical: https://user:hunter2@example.org/x.ics\n"))
    assert "hunter2" not in str(found.problems)


def test_two_calendars_of_one_name_are_refused(tmp_path: Path) -> None:
    text = bank(tmp_path, "  - name: bank\n")
    found = rules(loaded(tmp_path, text))
    first = line_of(text, "name: bank")
    assert found == {"calendars[1].name": f"the name 'bank' is taken: line {first} has it"}


def test_a_channel_may_not_name_a_calendar_that_is_not_there(tmp_path: Path) -> None:
    found = rules(loaded(tmp_path, tenant(channel=BANK)))
    assert found == {"channels[0].work_time.calendar": "there is no calendar 'bank'; there is 'default'"}


def test_a_file_that_is_not_there_is_warned_of(tmp_path: Path) -> None:
    found = warned(loaded(tmp_path, bank(tmp_path, "    ical: other.ics\n")))
    assert found["calendars[0].ical.source"].startswith("there is no such file now")


def test_a_channel_that_is_never_open_is_warned_of(tmp_path: Path) -> None:
    never = "    weekly_off: [mon, tue, wed, thu, fri, sat, sun]\n"
    words = "is never open: calendar 'bank' has no working day, and `non_workday` is empty"
    assert warned(loaded(tmp_path, bank(tmp_path, never)))["channels[0].work_time"] == words
    made_up = bank(tmp_path, never + "    make_up: [2026-02-03]\n")
    assert "channels[0].work_time" not in warned(loaded(tmp_path, made_up))


@pytest.mark.parametrize("source", ["bank.ics", "https://example.org/x.ics?a=b", "http://127.0.0.1:8080/x.ics"])
def test_a_calendar_may_be_read_from_there(tmp_path: Path, source: str) -> None:
    assert rules(loaded(tmp_path, bank(tmp_path, f"    ical: {source}\n"))) == {}


def test_work_time_and_time_zone_have_an_effect(tmp_path: Path) -> None:
    text = tenant(parameters="  time_zone: Asia/Tokyo\n", channel="    work_time: {workday: [08:00-17:00]}\n")
    assert warned(loaded(tmp_path, text)) == {}


def test_a_channel_that_says_nothing_works_all_day_from_monday_to_friday(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant()).require().tenants[0]
    at = service_time(found, found.channels[0], {}, 2026)
    assert at.next_opening(datetime(2026, 3, 7, tzinfo=UTC)) == datetime(2026, 3, 9, tzinfo=UTC)
    assert at.next_closing(datetime(2026, 3, 9, tzinfo=UTC)) == datetime(2026, 3, 14, tzinfo=UTC)


def test_a_tenant_may_write_its_own_default(tmp_path: Path) -> None:
    text = tenant(more="calendars:\n  - name: default\n    weekly_off: [fri]\n")
    found = loaded(tmp_path, text).require().tenants[0]
    at = service_time(found, found.channels[0], {}, 2026)
    kinds = [at.day_kind(date(2026, 3, day)).kind for day in (6, 7)]
    assert kinds == [DayKind.WEEKLY_OFF, DayKind.WORKDAY]


def test_segments_may_be_written_in_any_order(tmp_path: Path) -> None:
    hours = "    work_time: {workday: [22:00-24:00, 00:00-06:00], non_workday: [10:00-12:30], calendar: bank}\n"
    at = compiled(tmp_path, "", hours)
    assert (at.workday, at.non_workday) == (((0, 360), (1320, 1440)), ((600, 750),))


def test_every_layer_of_a_calendar_is_compiled(tmp_path: Path) -> None:
    layers = """\
    holidays:
      country: DE
      subdivision: BY
      add: [{name: Heiligabend, on: 12-24}, {name: Jubiläum, on: 2026-06-15}, {name: Schalttag, on: 02-29}]
      without: [allerheiligen, 10-03, 2026-01-06]
    ical: bank.ics
    rest: [{name: Inventur, from: 2026-07-01, to: 2026-07-02}, 2026-07-06]
    make_up: [{name: Ausgleich, from: 2026-07-02}, 2026-02-14]
"""
    feed = RestDays(spans=(Span(datetime(2026, 7, 7), datetime(2026, 7, 8), "Ausflug"),))  # noqa: DTZ001 floating
    at = compiled(tmp_path, layers, feed=feed)
    words = {
        (1, 1): "holiday (Neujahr)",
        (1, 6): "workday",
        (2, 14): "make-up workday",
        (6, 15): "holiday (Jubiläum)",
        (7, 1): "rest day (Inventur)",
        (7, 2): "make-up workday (Ausgleich)",
        (7, 6): "rest day",
        (7, 7): "rest day (Ausflug)",
        (10, 3): "weekly off-day",
        (11, 1): "weekly off-day",
        (12, 24): "holiday (Heiligabend)",
    }
    assert {day: str(at.day_kind(date(2026, *day))) for day in words} == words
    assert str(at.day_kind(date(2027, 1, 6))) == "holiday (Heilige Drei Könige)"
    assert str(at.day_kind(date(2028, 2, 29))) == "holiday (Schalttag)"
    assert "Jubiläum" not in str(at.day_kind(date(2027, 6, 15)))


def test_holidays_are_known_for_as_far_as_work_time_is_counted(tmp_path: Path) -> None:
    at = compiled(tmp_path, "    holidays: {country: US}\n")
    assert [at.day_kind(date(year, 7, 4)).kind for year in (2024, 2037)] == [DayKind.HOLIDAY] * 2
    assert at.day_kind(date(2038, 7, 5)).kind is DayKind.WORKDAY


def test_a_feed_that_the_calendar_names_no_more_takes_no_day_off(tmp_path: Path) -> None:
    feed = RestDays(spans=(Span(datetime(2026, 7, 7), datetime(2026, 7, 8), "Ausflug"),))  # noqa: DTZ001 floating
    assert compiled(tmp_path, "", feed=feed).day_kind(date(2026, 7, 7)).kind is DayKind.WORKDAY
