from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.dates import parse_date, received_date


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("Mon, 2 Mar 2026 12:58:00 +0100", "2026-03-02T11:58:00"),
        ("2 Mar 2026 12:58 +0100", "2026-03-02T11:58:00"),
        ("Mon, 2 Mar 2026 12:58:00 GMT", "2026-03-02T12:58:00"),
        ("Mon, 2 Mar 2026 12:58:00 EST", "2026-03-02T17:58:00"),
        ("Mon, 2 Mar 2026 12:58:00", "2026-03-02T12:58:00"),
        ("Mon, 2 Mar 2026 12:58:00 -0000", "2026-03-02T12:58:00"),
        ("Mon, 2 Mar 2026 12:58:60 +0000", "2026-03-02T12:58:59"),
        ("Mon,  2 Mar 26 12:58:00 +0000 (CET)", "2026-03-02T12:58:00"),
        ("2026-03-02T12:58:00+01:00", "2026-03-02T11:58:00"),
        ("2026-03-02 12:58:00", "2026-03-02T12:58:00"),
        ("Mon Mar  2 12:58:00 2026", "2026-03-02T12:58:00"),
        ("Mon, 2 Mar 2026 12:58:00 +9999", "2026-03-02T12:58:00"),
        # years
        ("2 Mar 68 12:58 GMT", "2068-03-02T12:58:00"),
        ("2 Mar 69 12:58 GMT", "1969-03-02T12:58:00"),
        ("2 Mar 126 12:58 GMT", "2026-03-02T12:58:00"),
        ("2 Mar 1900 12:58 GMT", "1900-03-02T12:58:00"),
        ("2 Mar 2099 12:58 GMT", "2099-03-02T12:58:00"),
        # the names of days are not believed
        ("Tue, 2 Mar 2026 12:58:00 +0000", "2026-03-02T12:58:00"),
        ("Monday, 02-Mar-26 12:58:00 GMT", "2026-03-02T12:58:00"),
        ("Mon,2 Mar 2026 12:58:00+0100", "2026-03-02T11:58:00"),
        # times
        ("2 Mar 2026 1:2:3 +0000", "2026-03-02T01:02:03"),
        ("Mon, 2 Mar 2026 12.58.00 +0100", "2026-03-02T11:58:00"),
        # zones; those RFC 5322 §4.3 does not name say nothing
        ("2 Mar 2026 12:58 UT", "2026-03-02T12:58:00"),
        ("2 Mar 2026 12:58 PDT", "2026-03-02T19:58:00"),
        ("2 Mar 2026 12:58 CEST", "2026-03-02T12:58:00"),
        ("2 Mar 2026 12:58 Z", "2026-03-02T12:58:00"),
        ("2 Mar 2026 12:58 A", "2026-03-02T12:58:00"),
        ("2 Mar 2026 12:58 +0000", "2026-03-02T12:58:00"),
        ("2 Mar 2026 12:58 +01:00", "2026-03-02T11:58:00"),
        ("2 Mar 2026 12:58 GMT+0100", "2026-03-02T11:58:00"),
        ("2 Mar 2026 12:58 UTC-05:30", "2026-03-02T18:28:00"),
        # comments
        ("Mon, 2 Mar 2026 (a (nested) one) 12:58:00 +0100", "2026-03-02T11:58:00"),
        ("(c) Mon, 2 Mar 2026 12:58:00 +0100 (GMT+01:00)", "2026-03-02T11:58:00"),
        ("Mon, 2 Mar 2026 12:58:00 +0100\r\n (x)", "2026-03-02T11:58:00"),
        # what date(1) and asctime write
        ("Mon Mar  2 12:58:00 UTC 2026", "2026-03-02T12:58:00"),
        ("Mon Mar  2 12:58:00 EST 2026", "2026-03-02T17:58:00"),
        ("2026-03-02T12:58:00Z", "2026-03-02T12:58:00"),
        ("Mon, 2 March 2026 12:58:00 +0100", "2026-03-02T11:58:00"),
    ],
)
def test_dates_as_mails_write_them_are_read(value: str, utc: str) -> None:
    found = parse_date(value)
    assert found is not None
    assert found.astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "Mon, 32 Mar 2026 12:58:00 +0000",
        "0",
        "1772456280",
        "Mon, 2 Mar 2026",
        "Fri, 30 Feb 2026 10:00:00 +0000",
        "Mon, 0 Mar 2026 10:00:00 +0000",
        "Mon, 2 Mar 2026 24:00:00 +0000",
        "Mo, 2 Mrz 2026 12:58:00 +0100",
        "2/3/2026 12:58:00",
        "(only a comment)",
        "(open",
        "1 Jan 1400 00:00:00",
        "a" * 500,
        "Mon, 2 Mar 99999 12:58:00",
        "9999-12-31T23:59:59",
        "12345678901234567890",
    ],
)
def test_what_is_no_date_is_none(value: str) -> None:
    assert parse_date(value) is None


def test_the_date_of_receipt_follows_the_last_semicolon() -> None:
    found = received_date("from a (x; y) by b; id 1; Mon, 2 Mar 2026 12:58:00 +0100 (CET)")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=1)
    assert received_date("from a by b") is None


@given(st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30), timezones=st.timezones()))  # noqa: DTZ001 bounds
def test_the_usual_form_is_read_as_it_was_written(when: datetime) -> None:
    offset = when.utcoffset()
    assert offset is not None
    when = when.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=int(offset.total_seconds()) // 60)))
    assert parse_date(format_datetime(when)) == when


@given(
    st.text(max_size=150)
    | st.from_regex(r"\w{3}, \d{1,9} \w{3} \d{1,9} \d{1,3}:\d{1,9}:\d{1,9} [+-]\d{1,9}", fullmatch=True)
)
def test_reading_a_date_never_raises_and_every_time_is_aware(value: str) -> None:
    found = parse_date(value)
    assert found is None or found.astimezone(UTC).tzinfo is UTC
