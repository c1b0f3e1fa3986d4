"""When a mail was received: what its server says, else its topmost Received field, else when we saw it; never Date."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postroom.engine.verdict import time_of_receipt
from postroom.mail.parse import parse
from tests.dispatch.house import NINE

DAY = timedelta(days=1)
RAW = b"Received: from a by b; %b\r\nDate: Mon, 2 Mar 2020 00:00:00 +0000\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("arrived", "received", "expected"),
    [
        (timedelta(hours=-1), timedelta(hours=-2), timedelta(hours=-1)),
        (-400 * DAY, timedelta(hours=-2), -400 * DAY),
        (timedelta(minutes=10), timedelta(hours=-2), timedelta(minutes=10)),
        (timedelta(minutes=11), timedelta(hours=-2), timedelta(hours=-2)),
        (None, timedelta(hours=-2), timedelta(hours=-2)),
        (None, -31 * DAY, timedelta(0)),
        (None, timedelta(minutes=11), timedelta(0)),
    ],
)
def test_the_servers_own_time_comes_first(arrived: timedelta | None, received: timedelta, expected: timedelta) -> None:
    message = parse(RAW % (NINE + received).strftime("%a, %d %b %Y %H:%M:%S +0000").encode())
    assert time_of_receipt(message, NINE, None if arrived is None else NINE + arrived) == NINE + expected
