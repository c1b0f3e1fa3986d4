"""Bounds on what lies between the wire and the store: memory, open files, and the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path

import pytest

from postroom.engine.collecting_queue import WAITING, ArrivalQueue, Budget
from postroom.engine.collecting_session import LOOK_EVERY
from postroom.engine.intake import Arrival, Intake, Received
from postroom.engine.verdict import IntakeRules
from postroom.errors import TemporaryError
from postroom.ports.gateways import Fetched, GatewayStatus, Listed, TooLarge
from tests.journeys.oracle import Oracle
from tests.support.collecting import Seen, house, pop3
from tests.support.one_session import MemorySpool
from tests.support.pop3_script import ScriptedServer

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
SUCCEEDED = (GatewayStatus.CONNECTION_SUCCEEDED, "")


class Gate:
    """An intake that takes nothing in before it is opened."""

    def __init__(self, intake: Intake) -> None:
        self.opened = asyncio.Event()
        self.arrived = asyncio.Event()
        self._intake = intake

    async def receive(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> Received:
        self.arrived.set()
        await self.opened.wait()
        return await self._intake.receive(rules, arrivals)

    async def settle(self, rules: IntakeRules, received: Received) -> list[Listed]:
        return await self._intake.settle(rules, received)


class Refusing:
    """An intake whose store takes nothing."""

    async def receive(self, _rules: IntakeRules, _arrivals: Sequence[Arrival]) -> Received:
        raise TemporaryError("the database is full")

    async def settle(self, _rules: IntakeRules, _received: Received) -> list[Listed]:
        raise AssertionError("nothing was received")


def server_with(oracle: Oracle, mails: int, octets: int) -> ScriptedServer:
    """That many mails of about so many octets."""
    body = ("z" * 70 + "\r\n") * (octets // 72) + "end"
    box = [oracle.mail(f"tok{number}", body) for number in range(mails)]
    names = {mail: b"name-%d" % number for number, mail in enumerate(box)}
    return ScriptedServer(box, name=lambda _, mail: names[mail])


# -- the disk -----------------------------------------------------------------------------------------------------


async def test_without_room_on_the_disk_nothing_is_fetched_and_with_room_it_goes_on_by_itself(tmp_path: Path) -> None:
    oracle, seen, asked = Oracle(tmp_path / "var" / "postroom.db"), Seen(), list[int]()
    server = server_with(oracle, 5, 1000)
    largest = max(map(len, server.mails))

    def has_room(octets: int) -> bool:
        asked.append(octets)
        return len(asked) > 3

    async with server.serving(), house(tmp_path, has_room=has_room) as here:
        collector = here.collector(here.collecting(pop3(server.port)), seen)
        await here.polls(collector, 3)
        status, words = seen.statuses[-1]
        assert status is GatewayStatus.CONNECTION_SUCCEEDED
        assert "free space" in words
        assert (server.given, seen.backlogs) == ([], [5, 5, 5])
        assert here.clock.waits == pytest.approx([30.0] * 3)
        await here.polls(collector)
    assert asked == [largest] * 4
    assert (server.mails, seen.statuses[-1]) == ([], SUCCEEDED)
    oracle.check_mails()


async def test_when_the_room_ends_what_was_fetched_is_taken_in_deleted_and_confirmed(tmp_path: Path) -> None:
    oracle, seen, asked = Oracle(tmp_path / "var" / "postroom.db"), Seen(), list[int]()
    server = server_with(oracle, 40, MEBIBYTE)

    def has_room(octets: int) -> bool:
        asked.append(octets)
        return len(asked) == 1

    async with server.serving(), house(tmp_path, has_room=has_room) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen))
    fetched = 40 - len(server.mails)
    assert fetched == oracle.settled() == ceil(LOOK_EVERY / len(server.mails[0]))
    assert server.verbs()[-1] == b"QUIT"
    assert "free space" in seen.statuses[-1][1]
    assert len(asked) == 2
    oracle.check_mails(server.mails)


async def test_an_empty_poll_does_not_ask_the_disk(tmp_path: Path) -> None:
    def has_room(_: int) -> bool:
        raise AssertionError("nobody wants room")

    seen = Seen()
    async with ScriptedServer().serving() as server, house(tmp_path, has_room=has_room) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen), 3)
    assert seen.statuses[1:] == [SUCCEEDED] * 3


async def test_a_disk_that_cannot_be_asked_stops_fetching_with_words(tmp_path: Path) -> None:
    def has_room(_: int) -> bool:
        raise OSError(5, "Input/output error")

    oracle, seen = Oracle(tmp_path / "var" / "postroom.db"), Seen()
    server = server_with(oracle, 2, 100)
    async with server.serving(), house(tmp_path, has_room=has_room) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen))
    assert "Input/output error" in seen.statuses[-1][1]
    assert len(server.mails) == 2


# -- memory and open files ----------------------------------------------------------------------------------------


async def test_reading_stops_while_intake_is_slow_and_goes_on_when_it_is_not(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path / "var" / "postroom.db")
    server = server_with(oracle, 300, 100 * KIBIBYTE)
    budget = Budget(4 * MEBIBYTE)
    async with server.serving(), house(tmp_path, budget=budget) as here:
        gate = Gate(here.intake)
        polling = asyncio.create_task(here.polls(here.collector(here.collecting(pop3(server.port)), takes_in=gate)))
        await gate.arrived.wait()
        given = await settled(lambda: len(server.given))
        assert given < 200, "the server was read on although nobody took anything in"
        assert budget.held <= 4 * MEBIBYTE
        assert len(list((tmp_path / "var" / "spool").iterdir())) <= 4 * MEBIBYTE // (256 * KIBIBYTE) + 2
        gate.opened.set()
        await polling
        assert budget.held == 0
    assert server.mails == []
    oracle.check_mails()


async def settled(figure: Callable[[], int]) -> int:
    """A figure once it has stopped growing."""
    last = -1
    while (now := figure()) != last:
        last = now
        await asyncio.sleep(0.3)
    return last


async def test_mails_nobody_took_in_leave_neither_files_nor_memory_behind(tmp_path: Path) -> None:
    oracle, seen, budget = Oracle(tmp_path / "var" / "postroom.db"), Seen(), Budget()
    server = server_with(oracle, 100, 100 * KIBIBYTE)
    async with server.serving(), house(tmp_path, budget=budget) as here:
        await here.polls(here.collector(here.collecting(pop3(server.port)), seen, Refusing()), 2)
        assert seen.statuses[-1] == (GatewayStatus.CONNECTION_SUCCEEDED, "intake waits: the database is full")
        assert list((tmp_path / "var" / "spool").iterdir()) == []
        assert budget.held == 0
        assert len(server.mails) == 100
        await here.polls(here.collector(here.collecting(pop3(server.port))))
    assert server.mails == []
    oracle.check_mails()


def fetched(number: int, octets: int) -> Fetched:
    return Fetched(Listed(number, f"uid-{number}", octets), MemorySpool(), octets)


async def test_a_queue_holds_few_mails_however_small() -> None:
    queue = ArrivalQueue(Budget())
    for number in range(WAITING):
        await queue.put(fetched(number, 1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await queue.put(fetched(WAITING, 1))
    assert len(await queue.group()) == WAITING // 2


async def test_mails_of_many_gateways_share_one_budget_in_the_order_they_came() -> None:
    budget = Budget(1000)
    await budget.take(900)
    order: list[int] = []

    async def want(octets: int) -> None:
        await budget.take(octets)
        order.append(octets)

    async with asyncio.TaskGroup() as group:
        for octets in (800, 50, 60):
            group.create_task(want(octets))
        await asyncio.sleep(0)
        assert order == []
        budget.give(900)
    assert order == [800, 50, 60]
    assert budget.held == 910


async def test_a_mail_larger_than_the_whole_budget_waits_until_it_is_alone() -> None:
    budget = Budget(100)
    await budget.take(60)
    waiting = asyncio.create_task(budget.take(5000))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.give(60)
    await waiting
    assert budget.held == 5000


async def test_who_gives_up_waiting_leaves_his_place_to_the_next() -> None:
    budget = Budget(100)
    await budget.take(100)
    first, second = asyncio.create_task(budget.take(90)), asyncio.create_task(budget.take(10))
    await asyncio.sleep(0)
    first.cancel()
    budget.give(100)
    await second
    assert budget.held == 10


async def test_a_group_ends_before_it_holds_too_many_octets_and_a_huge_mail_goes_alone() -> None:
    queue = ArrivalQueue(Budget())
    sizes = [5 * MEBIBYTE, 5 * MEBIBYTE, 9 * MEBIBYTE, 50 * MEBIBYTE, 1]
    for number, octets in enumerate(sizes):
        await queue.put(fetched(number, octets))
    await queue.put(TooLarge(Listed(9, "uid-9", 1 << 40), b"Subject: x\r\n"))
    await queue.end()
    groups = []
    while group := await queue.group():
        groups.append([arrival.listed.size for arrival in group])
    assert groups == [sizes[:2], sizes[2:3], sizes[3:4], [1, 1 << 40]]
    assert await queue.group() == []


async def test_a_closed_queue_discards_what_nobody_took() -> None:
    budget = Budget()
    queue = ArrivalQueue(budget)
    arrivals = [fetched(number, 20 * MEBIBYTE) for number in range(3)]
    for arrival in arrivals:
        await queue.put(arrival)
    group = await queue.group()
    queue.taken_in(group)
    queue.close()
    assert budget.held == 0
    spools = [arrival.spool for arrival in arrivals]
    assert [isinstance(spool, MemorySpool) and spool.discarded for spool in spools] == [False, True, True]
