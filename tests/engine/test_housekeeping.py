from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.housekeeping import ANSWERS_KEPT, EVERY, Housekeeping
from postroom.errors import TemporaryError
from postroom.ports.records import Draft, DraftContent, StoredAnswer
from postroom.ports.statistics import Span
from postroom.ports.store import Tx
from postroom.session.state import Phase
from tests.dispatch.house import ACME, House, open_house
from tests.engine.automatic_office import sent
from tests.engine.outgoing import open_office, says
from tests.engine.room import mail


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


async def test_what_sending_left_behind_is_forgotten_once_nothing_can_ask_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.engine.housekeeping.AT_ONCE", 1)
    async with open_office(tmp_path, says(250)) as office:
        house = office.room.house
        tidying = Housekeeping(house.store, house.clock, lambda: (ACME,))
        for number in range(2):
            await sent(office, number)
        await office.deliver()
        session = await office.assigned(mail(Message_ID="<d@example.com>", body="Draft."))
        draft = Draft(
            session=session.id,
            agent="anna",
            tenant=ACME,
            conversation=session.conversation,
            saved_at=house.clock.now(),
            content=DraftContent(text="so far"),
        )
        await house.write(lambda tx: tx.drafts.save(draft))
        now = house.clock.now()
        await house.write(lambda tx: tx.undeliverable.add(ACME, "gone@example.com", now, now + timedelta(days=30)))
        since = house.clock.now() - timedelta(days=1)
        house.clock.passed += 401 * 86_400.0
        span = Span(since=since, until=house.clock.now())
        piece = await house.read(lambda tx: tx.statistics.within(ACME, span))
        counted = sum(one.count for one in piece.marks) + len(piece.first_replies)
        assert counted
        # Counts of the day, the address, and figures; what belongs to open sessions stays.
        assert await tidying.tidy() == 2 + counted
        await house.write(_end_all)
        assert await tidying.tidy() == 3
        assert await tidying.tidy() == 0


def _end_all(tx: Tx) -> None:
    for mail_ in tx.mails.latest(ACME, 99):
        session = tx.sessions.latest(mail_.conversation) if mail_.conversation else None
        if session is not None:
            tx.sessions.save(replace(session, phase=Phase.ENDED))
