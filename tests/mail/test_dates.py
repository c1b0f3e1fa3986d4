from __future__ import annotations

from datetime import UTC, datetime, timedelta

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


@given(
    st.text(max_size=150)
    | st.from_regex(r"\w{3}, \d{1,9} \w{3} \d{1,9} \d{1,3}:\d{1,9}:\d{1,9} [+-]\d{1,9}", fullmatch=True)
)
def test_reading_a_date_never_raises_and_every_time_is_aware(value: str) -> None:
    found = parse_date(value)
    assert found is None or found.astimezone(UTC).tzinfo is UTC
