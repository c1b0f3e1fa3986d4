"""The clock of a service under test over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api.operator_door import open_operator_door

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)


class StandingClock:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def set(self, when: datetime) -> None:
        self.at = when


async def test_the_clock_is_moved_and_set(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path, StandingClock()) as door, door.client() as client:
        assert (await client.get("/clock")).json() == {"now": "2026-03-06T12:00:00Z"}
        assert (await client.post("/clock", json={"advance": -90})).json() == {"now": "2026-03-06T11:58:30Z"}
        moved = await client.post("/clock", json={"to": "2026-03-09T08:00:00+01:00"})
        assert moved.status_code == 200
        assert datetime.fromisoformat(moved.json()["now"]) == datetime(2026, 3, 9, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": 1, "to": "2026-03-09T08:00:00Z"},
        {"to": "2026-03-09T08:00:00"},
        {"to": "1999-03-09T08:00:00Z"},
        {"to": "9999-12-31T23:59:59Z"},
        {"advance": 1e300},
        {"advance": 6e9},
        {"retreat": 5},
    ],
)
async def test_a_move_that_makes_no_sense_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    clock = StandingClock()
    async with open_operator_door(tmp_path, clock) as door, door.client() as client:
        assert (await client.post("/clock", json=body)).status_code in {400, 422}
    assert clock.at == NOON


async def test_there_is_no_clock_to_set_outside_test_mode(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        assert (await client.get("/clock")).status_code == 404
        assert (await client.post("/clock", json={"advance": 5})).status_code == 404
