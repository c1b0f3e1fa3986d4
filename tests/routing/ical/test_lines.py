"""Lines, folding, nesting, and the bounds of a file."""

from __future__ import annotations

import pytest

from postroom.routing.ical.lines import Property, events
from tests.routing.ical.feeds import event, file, why_not


def properties(*lines: str) -> list[Property]:
    found = events(file(event(*lines)))
    assert isinstance(found, list)
    return found[0]


def test_a_property_has_a_name_parameters_and_a_value() -> None:
    assert properties('dtstart;value=DATE;X="a;b:c":2026:05;01') == [
        Property("DTSTART", {"VALUE": "DATE", "X": "a;b:c"}, "2026:05;01")
    ]


@pytest.mark.parametrize("line", ["", ":x", "NAME", "NAME;X=1", 'NAME;X=":1', "NA ME:1", "NAME;X"])
def test_a_line_that_is_no_property_is_passed_over(line: str) -> None:
    assert properties(line, "UID:1") == [Property("UID", {}, "1")]


def test_a_folded_line_is_one_whatever_ends_it() -> None:
    text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\n\tc\rUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR"
    expected = [[Property("SUMMARY", {}, "abc"), Property("UID", {}, "1")]]
    assert events(text.encode()) == events(b"\xef\xbb\xbf" + text.encode()) == expected


def test_what_stands_in_other_parts_belongs_to_no_event() -> None:
    alarm = ("BEGIN:VALARM", "DURATION:PT1H", "END:VALARM")
    assert properties("UID:1", *alarm) == [Property("UID", {}, "1")]
    todo = ("BEGIN:VTODO", *event("UID:2").split("\n"), "END:VTODO")
    assert events(file("X-WR-CALNAME:x", *todo)) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it does not begin with BEGIN:VCALENDAR"),
        (b"<html>", "it does not begin with BEGIN:VCALENDAR"),
        (b" " * (1024 * 1024 + 1), "it has more than 1,048,576 octets"),
        (b"BEGIN:VCALENDAR", "it is cut off: END:VCALENDAR is missing"),
        (file("END:VEVENT"), "its parts do not end in the order they began"),
        (file("END:VCALENDAR"), "its parts do not end in the order they began"),
        (file(*["BEGIN:VEVENT"] * 20), "it has more than 10,000 events, or parts more than 16 deep"),
        (file(*[event()] * 10_001), "it has more than 10,000 events, or parts more than 16 deep"),
    ],
)
def test_a_file_that_is_no_whole_calendar_in_bounds_is_refused(content: bytes, why: str) -> None:
    assert why_not(content) == why
