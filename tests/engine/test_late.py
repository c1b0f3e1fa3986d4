"""Agents hear, once, that a reply of theirs is still not out, whyever that is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.late import LOOK_EVERY, LateReplies
from postroom.engine.sending_terms import Sending
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.session.events import ReplyDelayed
from postroom.session.state import Session
from tests.dispatch.house import ACME
from tests.engine.automatic_office import sent
from tests.engine.outgoing import TERMS, Office, open_office, says
from tests.engine.room import mail


def late_replies(office: Office, metrics: Metrics | None = None) -> LateReplies:
    house = office.room.house
    sending = {(ACME, "out"): Sending(gateway=office.gateway, terms=office.terms)}
    return LateReplies(house.store, house.step, house.clock, lambda: sending, metrics or Metrics("0"))


async def told(office: Office, session: Session) -> list[str]:
    return [one.event.words for one in await office.journal(session) if isinstance(one.event, ReplyDelayed)]


async def test_after_half_an_hour_the_agent_is_told_once_with_the_servers_words(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451, "4.7.1 greylisted")) as office:
        session = await office.assigned()
        await office.reply(session)
        await office.deliver()
        office.room.house.clock.passed += 1_799
        assert await late_replies(office).look() == 0
        office.room.house.clock.passed += 1
        assert await late_replies(office).look() == 1
        assert await told(office, session) == ["not out after 30 min: 4.7.1 greylisted"]
        office.room.house.clock.passed += 7_200
        assert await late_replies(office).look() == 0


async def test_what_nobody_tried_is_late_too_and_the_gateway_says_how_long_that_takes(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, notify_after=60.0)
        session = await office.assigned()
        await office.reply(session)
        office.room.house.clock.passed += 60
        assert await late_replies(office).look() == 1
        assert await told(office, session) == ["not out after 1 min: it has not had its turn yet"]


async def test_of_what_is_out_and_of_what_machines_write_nobody_is_told(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250), says(451)) as office:
        await office.reply(await office.assigned())
        await office.deliver()
        await sent(office, 3)
        await office.deliver()
        office.room.house.clock.passed += 100_000
        assert await late_replies(office).look() == 0


async def test_one_that_cannot_be_told_keeps_no_other_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        first, second = await office.assigned(), await office.assigned(mail(Message_ID="<2@x>", body="Two."))
        for session in (first, second):
            await office.reply(session)
        office.room.house.clock.passed += 1_800
        step = office.room.house.step

        def fails(tx: object, session: str, event: object) -> object:
            if session == first.id:
                raise RuntimeError("undecidable")
            return step(tx, session, event)  # type: ignore[arg-type]  # what the loop hands on

        watch = late_replies(office)
        monkeypatch.setattr(watch, "_step", fails)
        assert await watch.look() == 1
        assert (await told(office, first), len(await told(office, second))) == ([], 1)


async def test_it_goes_on_where_the_store_cannot_just_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_office(tmp_path, says(250)) as office:
        watch, looks = late_replies(office), 0

        async def look() -> int:
            nonlocal looks
            looks += 1
            raise TemporaryError("the disk is full")

        async def sleep(seconds: float) -> None:
            assert seconds == LOOK_EVERY
            if looks == 2:
                raise asyncio.CancelledError

        monkeypatch.setattr(watch, "look", look)
        monkeypatch.setattr(office.room.house.clock, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await watch.run()
        assert looks == 2


async def test_what_left_today_is_shown_of_every_gateway(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        metrics = Metrics("0")
        await late_replies(office, metrics).show()
        assert b'postroom_sent_today{gateway="out",tenant="acme"} 0.0' in metrics.render()
        await office.reply(await office.assigned())
        await office.deliver()
        await late_replies(office, metrics).show()
        assert b'postroom_sent_today{gateway="out",tenant="acme"} 1.0' in metrics.render()
