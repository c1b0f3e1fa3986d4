"""Channels that open and close, on the real store with the real step: acme is served from 8 to 18 on working days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from postroom.engine.hours import LOOK_AT_LEAST_EVERY, HoursLoop
from postroom.errors import TemporaryError
from postroom.ports.store import Bell, Store, Topic, Tx
from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session.events import AnyEvent
from postroom.session.policy import OfflinePolicy, Policy
from postroom.session.state import Phase, Session, SessionId
from tests.dispatch.house import NINE, House, open_house

T = TypeVar("T")

HOURS = ServiceTime(workday=((480, 1080),), zone=UTC, calendar=Calendar())
EARLY = ServiceTime(workday=((360, 1080),), zone=UTC, calendar=Calendar())
CLOSED = ServiceTime(workday=(), zone=UTC, calendar=Calendar())
OFFLINE = OfflinePolicy(enabled=True)


def served(policy: Policy) -> Policy:
    return replace(policy, hours=HOURS)


def with_offline(policy: Policy) -> Policy:
    return replace(policy, hours=HOURS, offline=OFFLINE)


def day(number: int, hour: int, minute: int = 0, second: float = 0.0) -> float:
    """The seconds from the house's beginning to a time of the March of 2026; the 2nd is a Monday."""
    return (datetime(2026, 3, number, hour, minute, tzinfo=UTC) - NINE).total_seconds() + second


class Watched:
    """The real store; it counts its units, may be away for a while, and lets time pass before each."""

    def __init__(self, house: House) -> None:
        self._real: Store = house.store
        self.units = 0
        self.is_away = False
        self.before_unit: Callable[[], None] = lambda: None

    async def read(self, unit: Callable[[Tx], T]) -> T:
        if self.is_away:
            raise TemporaryError("the disk is full")
        return await self._real.read(unit)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        self.units += 1
        self.before_unit()
        return await self._real.write(unit)

    def bell(self, topic: Topic) -> Bell:
        return self._real.bell(topic)


class Broken:
    """The real door, but for one session it cannot decide on."""

    def __init__(self, house: House, broken: SessionId) -> None:
        self._real = house.step
        self._broken = broken

    def __call__(self, tx: Tx, session: SessionId, event: AnyEvent) -> object:
        if session == self._broken:
            raise ZeroDivisionError("a fault of ours")
        return self._real(tx, session, event)

    def policy(self, tenant: str, channel: str) -> Policy:
        return self._real.policy(tenant, channel)


def loop_of(house: House, rate: int = 99, store: Watched | None = None) -> HoursLoop:
    return HoursLoop(store or house.store, house.step, house.clock, lambda _tenant, _channel: rate)


async def events(house: House, session: Session) -> list[str]:
    """What happened to a session after its first mail."""
    entries = await house.read(lambda tx: list(tx.journal.of_conversation(session.conversation)))
    return [type(entry.event).__name__ for entry in entries][1:]


async def phases(house: House, sessions: list[Session]) -> list[Phase]:
    return [(await house.session(one.id)).phase for one in sessions]


async def test_at_closing_what_waits_becomes_an_offline_message_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        loop = loop_of(house)
        sessions = [await house.customer_writes(f"Matter {number}") for number in range(3)]
        house.clock.passed = day(2, 17, 59, 59)
        await loop.look()
        assert set(await phases(house, sessions)) == {Phase.QUEUED}
        house.clock.passed = day(2, 18)
        for _ in range(3):
            await loop.look()
        assert set(await phases(house, sessions)) == {Phase.OFFLINE}
        assert [await events(house, one) for one in sessions] == [["ClosingReached"]] * 3


async def test_without_offline_messages_it_waits_for_the_next_opening(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = served
        session = await house.customer_writes()
        house.clock.passed = day(6, 18)
        for _ in range(3):
            await loop_of(house).look()
        waiting = await house.session(session.id)
        assert (waiting.phase, waiting.not_before) == (Phase.QUEUED, datetime(2026, 3, 9, 8, tzinfo=UTC))
        assert await events(house, session) == ["ClosingReached"]


async def test_a_channel_that_never_opens_again_is_closed_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        house.ruled = lambda policy: replace(policy, hours=CLOSED)
        for _ in range(3):
            assert await loop_of(house).look() == LOOK_AT_LEAST_EVERY
        assert await events(house, session) == ["ClosingReached"]


async def test_what_is_offered_stays_offered_at_closing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        session = await house.customer_writes()
        await house.stand("anna")
        await house.queues().assign_all()
        house.clock.passed = day(2, 18)
        await loop_of(house).look()
        assert await phases(house, [session]) == [Phase.OFFERED]


async def test_a_channel_that_finishes_its_queue_leaves_it_as_it_is(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = lambda policy: replace(with_offline(policy), finish_queue=True)
        session = await house.customer_writes()
        house.clock.passed = day(2, 18)
        await loop_of(house).look()
        assert await phases(house, [session]) == [Phase.QUEUED]
        assert await events(house, session) == []


async def test_at_opening_the_oldest_are_routed_first_and_no_faster_than_the_rate(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        house.clock.passed = day(2, 20)
        sessions = [await house.customer_writes(f"Matter {number}") for number in range(5)]
        loop = loop_of(house, rate=2)
        await loop.look()
        assert await phases(house, sessions) == [Phase.OFFLINE] * 5
        house.clock.passed = day(3, 8)
        for routed in (2, 4):
            assert await loop.look() == 1.0, "the next of them are a second later"
            assert await phases(house, sessions) == [Phase.QUEUED] * routed + [Phase.OFFLINE] * (5 - routed)
        assert await loop.look() == LOOK_AT_LEAST_EVERY
        assert [await events(house, one) for one in sessions] == [["OpeningReached"]] * 5


async def test_an_opening_missed_while_nobody_looked_is_made_up_for(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        house.clock.passed = day(2, 20)
        session = await house.customer_writes()
        house.clock.passed = day(3, 11, 30)
        await loop_of(house).look()
        assert await phases(house, [session]) == [Phase.QUEUED]


async def test_who_waits_for_an_opening_that_was_brought_forward_may_be_offered_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = served
        house.clock.passed = day(2, 20)
        sessions = [await house.customer_writes(f"Matter {number}") for number in range(3)]
        house.clock.passed = day(3, 6)
        loop = loop_of(house, rate=1)
        await loop.look()
        assert {one.not_before for one in [await house.session(s.id) for s in sessions]} == {
            datetime(2026, 3, 3, 8, tzinfo=UTC)
        }
        house.ruled = lambda policy: replace(policy, hours=EARLY)
        for _ in range(2):
            await loop.look()
        assert {one.not_before for one in [await house.session(s.id) for s in sessions]} == {None}
        assert [await events(house, one) for one in sessions] == [["OpeningReached"]] * 3


async def test_at_opening_the_queues_are_looked_at_once_for_who_waited_for_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = served
        house.clock.passed = day(2, 20)
        session = await house.customer_writes()
        await house.stand("anna")
        bell = house.store.bell(Topic.QUEUES)
        loop = loop_of(house)
        house.clock.passed = day(3, 7, 59, 55)
        assert await loop.look() == 5.0
        assert not await bell.wait(0)
        house.clock.passed = day(3, 8)
        await loop.look()
        assert await bell.wait(0)
        assert await house.queues().assign_all() == 1
        assert await phases(house, [session]) == [Phase.OFFERED]
        house.clock.passed += 1
        waiting = await house.customer_writes("Another")
        assert waiting.phase is Phase.QUEUED
        await bell.wait(0)
        await loop.look()
        assert not await bell.wait(0), "it opened once"
        bell.close()


async def test_nothing_is_written_when_nobody_waits_or_nothing_is_to_be_done(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        store = Watched(house)
        loop = loop_of(house, store=store)
        for when in (day(2, 10), day(2, 20), day(3, 8)):
            house.clock.passed = when
            assert await loop.look() == LOOK_AT_LEAST_EVERY
        assert store.units == 0
        await house.customer_writes()
        await loop.look()
        house.clock.passed = day(3, 20)
        await loop.look()
        assert store.units == 1
        await loop.look()
        assert store.units == 1


async def test_whom_the_event_meant_nothing_because_it_opened_meanwhile_is_brought_it_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        session = await house.customer_writes()
        store = Watched(house)
        house.clock.passed = day(3, 7, 59, 59)

        def pass_time() -> None:
            house.clock.passed = day(3, 8)

        store.before_unit = pass_time
        await loop_of(house, store=store).look()
        assert store.units == 1
        assert await events(house, session) == ["ClosingReached"]
        assert await phases(house, [session]) == [Phase.QUEUED]


async def test_whom_the_event_meant_nothing_because_it_closed_meanwhile_is_brought_it_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        house.clock.passed = day(2, 20)
        session = await house.customer_writes()
        store = Watched(house)
        house.clock.passed = day(3, 17, 59, 59)

        def pass_time() -> None:
            house.clock.passed = day(3, 18)

        store.before_unit = pass_time
        await loop_of(house, store=store).look()
        assert store.units == 1
        assert await events(house, session) == ["OpeningReached"]
        assert await phases(house, [session]) == [Phase.OFFLINE]


async def test_it_looks_again_when_the_next_channel_opens_or_closes_and_never_too_late(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        loop = loop_of(house)
        await house.customer_writes()
        for when, seconds in (
            (day(2, 12), LOOK_AT_LEAST_EVERY),
            (day(2, 17, 59, 52.5), 7.5),
            (day(2, 17, 59, 59.999), 0.01),
            (day(2, 18), LOOK_AT_LEAST_EVERY),
            (day(3, 7, 59, 57), 3.0),
        ):
            house.clock.passed = when
            assert await loop.look() == seconds, when


async def test_the_running_loop_looks_when_it_is_told_and_lives_on_while_the_store_is_away(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        house.ruled = with_offline
        session = await house.customer_writes()
        store = Watched(house)
        store.is_away = True
        decided = house.store.bell(Topic.JOURNAL)
        running = group.create_task(loop_of(house, store=store).run())
        await asyncio.sleep(0)
        store.is_away = False
        house.clock.passed = day(2, 18)
        await house.write(lambda tx: tx.wake(Topic.HOURS))
        async with asyncio.timeout(20):
            while await phases(house, [session]) == [Phase.QUEUED]:
                await decided.wait(20)
        running.cancel()
        decided.close()
        assert await phases(house, [session]) == [Phase.OFFLINE]


async def test_a_session_that_cannot_be_decided_keeps_no_other_and_no_other_channel_from_its_hour(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = with_offline
        broken, sound = await house.customer_writes("Broken"), await house.customer_writes("Sound")
        elsewhere = await house.customer_writes("Elsewhere", tenant="globex")
        step = Broken(house, broken.id)
        loop = HoursLoop(house.store, step, house.clock, lambda _tenant, _channel: 99)  # type: ignore[arg-type] # a step with a fault in it
        house.clock.passed = day(2, 18)
        await loop.look()
        assert await phases(house, [broken, sound, elsewhere]) == [Phase.QUEUED, Phase.OFFLINE, Phase.OFFLINE]
        house.clock.passed = day(3, 8)
        await loop.look()
        assert await phases(house, [broken, sound, elsewhere]) == [Phase.QUEUED, Phase.QUEUED, Phase.QUEUED]
