from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from postroom.engine import relay as module
from postroom.engine.relay import LEASE, Impossible, Relay
from postroom.errors import TemporaryError
from postroom.ports.records import OutboxRow
from postroom.ports.store import Topic, Tx
from postroom.session.effects import SendReply
from postroom.session.state import ConversationId, SessionId
from tests.dispatch.house import ACME, House, open_house


async def put(house: House, count: int, conversation: str = "") -> None:
    """Put so many effects into the outbox, each of a conversation of its own unless one is named."""
    now = house.clock.now()

    def unit(tx: Tx) -> None:
        for number in range(count):
            name = house.ids.new()
            row = OutboxRow(
                id=name,
                tenant=ACME,
                conversation=ConversationId(conversation or f"c{number}"),
                session=SessionId("s"),
                effect=SendReply(reply=name),
                created_at=now,
                due_at=now,
            )
            tx.outbox.add(row)
        tx.wake(Topic.OUTBOX)

    await house.write(unit)


class Performer:
    """Carries rows out when it is let, and closes them as a performer does."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.open = asyncio.Event()
        self.begun: list[OutboxRow] = []
        self.ended: list[OutboxRow] = []
        self.changed = asyncio.Event()

    async def __call__(self, row: OutboxRow) -> None:
        self.begun.append(row)
        self.changed.set()
        await self.open.wait()
        await self._house.write(lambda tx: tx.outbox.done(row.id))
        self.ended.append(row)
        self.changed.set()

    async def until(self, begun: int = 0, ended: int = 0) -> None:
        async with asyncio.timeout(20):
            while len(self.begun) < begun or len(self.ended) < ended:
                self.changed.clear()
                await self.changed.wait()


async def pending(house: House) -> int:
    return (await house.read(lambda tx: tx.counts())).outbox_pending


def relay_of(house: House, performer: Performer) -> Relay:
    return Relay(house.store, house.clock, house.ids, {SendReply: performer})


async def test_no_more_rows_are_in_hand_than_the_window_has_room_for(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        performer, stopping = Performer(house), asyncio.Event()
        await put(house, 3 * module.WINDOW)
        running = group.create_task(relay_of(house, performer).run(stopping))
        await performer.until(begun=module.WINDOW)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(performer.begun) == module.WINDOW
        performer.open.set()
        await performer.until(ended=3 * module.WINDOW)
        stopping.set()
        async with asyncio.timeout(20):
            await running
        assert await pending(house) == 0


async def test_a_row_put_in_is_carried_out_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        performer, stopping = Performer(house), asyncio.Event()
        performer.open.set()
        group.create_task(relay_of(house, performer).run(stopping))
        await put(house, 1)
        await performer.until(ended=1)
        await put(house, 2)
        await performer.until(ended=3)
        stopping.set()


async def test_draining_finishes_what_is_in_hand_and_begins_nothing_new(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        performer, stopping = Performer(house), asyncio.Event()
        running = group.create_task(relay_of(house, performer).run(stopping))
        await put(house, 2)
        await performer.until(begun=2)
        stopping.set()
        await put(house, 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not running.done()
        performer.open.set()
        async with asyncio.timeout(20):
            await running
        assert (len(performer.ended), await pending(house)) == (2, 2)


async def test_what_a_dead_process_held_is_carried_out_after_the_restart(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        await put(house, 2)
        now = house.clock.now()
        await house.write(lambda tx: tx.outbox.lease("dead", now, now + module.LEASE, 9))
        performer, stopping = Performer(house), asyncio.Event()
        performer.open.set()
        group.create_task(relay_of(house, performer).run(stopping))
        await performer.until(ended=2)
        stopping.set()


async def test_of_one_conversation_one_row_is_in_hand_at_a_time(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        performer, stopping = Performer(house), asyncio.Event()
        await put(house, 3, conversation="one")
        group.create_task(relay_of(house, performer).run(stopping))
        await performer.until(begun=1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(performer.begun) == 1
        performer.open.set()
        await performer.until(ended=3)
        assert [row.id for row in performer.ended] == sorted(row.id for row in performer.ended)
        stopping.set()


@pytest.mark.parametrize("error", [TemporaryError("the disk is full"), ZeroDivisionError("a fault of ours")])
async def test_a_row_that_cannot_be_carried_out_is_tried_again_ever_more_seldom(
    tmp_path: Path, error: Exception
) -> None:
    async def fails(_: OutboxRow) -> None:
        raise error

    async with open_house(tmp_path) as house:
        await put(house, 1)
        relay = Relay(house.store, house.clock, house.ids, {SendReply: fails})
        waits = []
        for _ in range(10):
            (row,) = await relay._lease()
            await relay._perform(row)
            due = await house.read(lambda tx: tx.outbox.next_due())
            assert due is not None
            waits.append((due - house.clock.now()).total_seconds())
            house.clock.passed += waits[-1]
        assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


async def test_a_row_that_never_can_be_carried_out_is_closed_and_not_tried_again(tmp_path: Path) -> None:
    async def refuses(_: OutboxRow) -> None:
        raise Impossible("there is no such reply")

    async with open_house(tmp_path) as house:
        await put(house, 1)
        relay = Relay(house.store, house.clock, house.ids, {SendReply: refuses})
        (row,) = await relay._lease()
        await relay._perform(row)
        assert (await pending(house), await relay._lease()) == (0, [])


async def test_a_store_that_cannot_lease_just_now_cuts_nobody_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        performer, stopping = Performer(house), asyncio.Event()
        relay = relay_of(house, performer)
        running = group.create_task(relay.run(stopping))
        await put(house, 1)
        await performer.until(begun=1)
        write = house.store.write

        async def full(unit: object) -> object:
            raise TemporaryError("the disk is full")

        with monkeypatch.context() as failing:
            failing.setattr(house.store, "write", full)
            assert await relay._lease() == []
            relay._wake.set()
            for _ in range(20):
                await asyncio.sleep(0)
            assert not running.done()
        assert house.store.write == write
        performer.open.set()
        await performer.until(ended=1)
        stopping.set()


async def test_a_row_that_waits_behind_another_does_not_keep_the_relay_busy(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await put(house, 2, conversation="one")
        relay = relay_of(house, Performer(house))
        assert len(await relay._lease()) == 1
        assert await relay._seconds_to_next() == module.LOOK_AGAIN_AFTER


async def test_the_relay_sleeps_until_the_next_row_is_due_and_never_too_long(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        relay = relay_of(house, Performer(house))
        assert await relay._seconds_to_next() == module.LOOK_AT_LEAST_EVERY
        await put(house, 1)
        house.clock.passed -= 10
        assert await relay._seconds_to_next() == 10.0
        house.clock.passed -= 1_000
        assert await relay._seconds_to_next() == module.LOOK_AT_LEAST_EVERY


async def test_a_row_whose_performer_outlasts_its_lease_is_not_begun_twice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await put(house, 1)
        relay = relay_of(house, Performer(house))
        (row,) = await relay._lease()
        house.clock.passed += 2 * LEASE.total_seconds()
        assert await relay._lease() == []
        token = row.lease or ""
        assert await house.read(lambda tx: tx.outbox.holds(row.id, token, house.clock.now()))
