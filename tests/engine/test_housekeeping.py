from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from postroom.engine.housekeeping import ANSWERS_KEPT, EVERY, Housekeeping
from postroom.errors import TemporaryError
from postroom.ports.records import StoredAnswer
from tests.dispatch.house import ACME, House, open_house


async def keep(house: House, key: str) -> None:
    answer = StoredAnswer(request_hash="h", status=202, body=b"{}", created_at=house.clock.now())
    await house.write(lambda tx: tx.idempotency.put(ACME, "anna", key, answer))


async def is_kept(house: House, key: str) -> bool:
    return await house.read(lambda tx: tx.idempotency.get(ACME, "anna", key)) is not None


async def test_an_answer_is_kept_for_72_hours(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await keep(house, "old")
        house.clock.passed += 60
        await keep(house, "young")
        house.clock.passed += ANSWERS_KEPT.total_seconds() - 60
        assert await Housekeeping(house.store, house.clock).tidy() == 0
        house.clock.passed += 1
        assert await Housekeeping(house.store, house.clock).tidy() == 1
        assert (await is_kept(house, "old"), await is_kept(house, "young")) == (False, True)


async def test_it_tidies_up_hourly_and_goes_on_where_the_store_cannot_just_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path) as house:
        await keep(house, "old")
        house.clock.passed += 2 * ANSWERS_KEPT.total_seconds()
        slept: list[float] = []
        loop = Housekeeping(house.store, house.clock)
        tidy, failures = loop.tidy, iter([True, False])

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 2:
                raise asyncio.CancelledError

        async def full() -> int:
            if next(failures, False):
                raise TemporaryError("the disk is full")
            return await tidy()

        monkeypatch.setattr(house.clock, "sleep", sleep)
        monkeypatch.setattr(loop, "tidy", full)
        with pytest.raises(asyncio.CancelledError):
            await loop.run()
        assert slept == [EVERY, EVERY]
        assert not await is_kept(house, "old")
