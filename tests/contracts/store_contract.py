"""What every store must do with units of work: the base of the suite that each store runs against itself."""

from __future__ import annotations

import asyncio
import threading

import pytest

from postroom.errors import PermanentError
from postroom.ports.store import Store, Topic, Tx
from postroom.routing.agents import AgentState
from postroom.session.state import ConversationId, SessionId, TimerKind
from tests.store.samples import NOW, conversation, later, on, timer


def arm(tx: Tx, name: str) -> None:
    tx.timers.arm(timer(name))


def armed(tx: Tx) -> int:
    return tx.counts().timers_pending


class UnitsContract:
    async def test_a_unit_that_was_answered_is_seen_by_the_next_read(self, store: Store) -> None:
        assert await store.write(lambda tx: tx.journal.last("acme")) == 0
        await store.write(lambda tx: tx.conversations.add(conversation()))
        assert await store.read(lambda tx: tx.conversations.get(ConversationId("c1"))) == conversation()

    async def test_a_unit_that_raises_writes_nothing_and_its_caller_gets_the_error(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            arm(tx, "s1")
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            await store.write(unit)
        assert await store.read(armed) == 0

    async def test_of_units_that_wait_together_only_the_one_that_raises_is_undone(self, store: Store) -> None:
        def unit(tx: Tx, number: int) -> int:
            arm(tx, f"s{number}")
            arm(tx, f"again{number}")
            return number // (number % 7)

        async def write(number: int) -> int:
            return await store.write(lambda tx: unit(tx, number))

        results = await asyncio.gather(*(write(number) for number in range(50)), return_exceptions=True)
        failed = [number for number, result in enumerate(results) if isinstance(result, ZeroDivisionError)]
        assert failed == list(range(0, 50, 7))
        assert [result for result in results if isinstance(result, int)] == [
            number // (number % 7) for number in range(50) if number % 7
        ]
        assert await store.read(armed) == 2 * (50 - len(failed))

    async def test_a_unit_refused_by_a_rule_of_the_store_is_a_permanent_error(self, store: Store) -> None:
        await store.write(lambda tx: tx.conversations.add(conversation()))
        with pytest.raises(PermanentError, match="refused a row") as caught:
            await store.write(lambda tx: tx.conversations.add(conversation()))
        assert caught.value.__cause__ is not None

    async def test_units_of_one_caller_are_applied_in_their_order(self, store: Store) -> None:
        seen: list[int] = []
        await asyncio.gather(*(store.write(on(lambda _, n: seen.append(n), number)) for number in range(200)))
        assert seen == list(range(200))

    async def test_a_unit_that_only_reads_may_not_write(self, store: Store) -> None:
        with pytest.raises(PermanentError, match="only reads"):
            await store.read(lambda tx: arm(tx, "s1"))
        assert await store.read(armed) == 0

    async def test_a_read_sees_one_moment_while_others_write(self, store: Store) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slow(tx: Tx) -> tuple[int, int]:
            before = armed(tx)
            begun.set()
            assert go_on.wait(10)
            return before, armed(tx)

        reading = asyncio.ensure_future(store.read(slow))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
        await store.write(lambda tx: arm(tx, "s1"))
        assert await store.read(armed) == 1
        go_on.set()
        assert await reading == (0, 0)

    async def test_a_read_does_not_wait_for_the_writer(self, store: Store) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slow(tx: Tx) -> None:
            arm(tx, "s1")
            begun.set()
            assert go_on.wait(10)

        writing = asyncio.ensure_future(store.write(slow))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
        assert await store.read(armed) == 0
        go_on.set()
        await writing
        assert await store.read(armed) == 1

    async def test_a_unit_whose_caller_gave_up_before_its_turn_is_not_run(self, store: Store) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slow(_: Tx) -> None:
            begun.set()
            assert go_on.wait(10)

        first = asyncio.ensure_future(store.write(slow))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
        given_up = asyncio.ensure_future(store.write(lambda tx: arm(tx, "s1")))
        kept = asyncio.ensure_future(store.write(lambda tx: arm(tx, "s2")))
        await asyncio.sleep(0)
        given_up.cancel()
        go_on.set()
        await asyncio.gather(first, kept)
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert [one.session for one in await store.write(lambda tx: tx.timers.take_due(NOW, 9))] == ["s2"]

    async def test_a_unit_that_has_begun_is_finished_though_its_caller_gave_up(self, store: Store) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slow(tx: Tx) -> None:
            begun.set()
            assert go_on.wait(10)
            arm(tx, "s1")

        given_up = asyncio.ensure_future(store.write(slow))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        go_on.set()
        assert await store.write(armed) == 1


class BellsContract:
    async def test_a_bell_rings_after_the_commit_and_for_its_topic_only(self, store: Store) -> None:
        timers, outbox = store.bell(Topic.TIMERS), store.bell(Topic.OUTBOX)

        def unit(tx: Tx) -> None:
            tx.wake(Topic.TIMERS)
            arm(tx, "s1")

        ringing = asyncio.ensure_future(timers.wait(30))
        await asyncio.sleep(0)
        assert not ringing.done()
        await store.write(unit)
        assert await ringing is True
        assert await store.read(armed) == 1
        assert await outbox.wait(0) is False

    async def test_a_ring_before_the_wait_is_not_lost_and_counts_once(self, store: Store) -> None:
        bell = store.bell(Topic.QUEUES)
        for _ in range(3):
            await store.write(lambda tx: tx.wake(Topic.QUEUES))
        assert await bell.wait() is True
        assert await bell.wait(0.001) is False

    async def test_a_unit_that_raises_wakes_nobody(self, store: Store) -> None:
        bell = store.bell(Topic.JOURNAL)

        def unit(tx: Tx) -> None:
            tx.wake(Topic.JOURNAL)
            raise KeyError

        with pytest.raises(KeyError):
            await store.write(unit)
        await store.write(lambda tx: tx.timers.cancel(SessionId("none"), TimerKind.OFFER_EXPIRY))
        assert await bell.wait(0) is False

    async def test_a_closed_bell_rings_no_more_and_the_others_do(self, store: Store) -> None:
        closed, other = store.bell(Topic.TIMERS), store.bell(Topic.TIMERS)
        closed.close()
        closed.close()
        await store.write(lambda tx: tx.wake(Topic.TIMERS))
        assert await other.wait(30) is True
        assert await closed.wait(0) is False

    async def test_a_wait_that_was_cancelled_loses_no_ring(self, store: Store) -> None:
        bell = store.bell(Topic.TIMERS)
        waiting = asyncio.ensure_future(bell.wait(30))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await store.write(lambda tx: tx.wake(Topic.TIMERS))
        assert await bell.wait(30) is True


class AtomicityContract:
    async def test_many_callers_never_make_an_agent_take_more_than_he_can(self, store: Store) -> None:
        """No agent is ever over capacity."""

        def start(tx: Tx) -> None:
            tx.agents.ensure("acme", [("eve", 3), ("bob", 2)])
            for name in ("eve", "bob"):
                tx.agents.set_state("acme", name, AgentState.READY, "", NOW)

        await store.write(start)
        names = ["eve", "bob"] * 20
        taken = await asyncio.gather(
            *(store.write(on(lambda tx, n: tx.agents.reserve("acme", n, later(1)), name)) for name in names)
        )
        given = [name for name, was_taken in zip(names, taken, strict=True) if was_taken]
        assert sorted(given) == ["bob", "bob", "eve", "eve", "eve"]
        agents = await store.read(lambda tx: tx.agents.all("acme"))
        assert [(one.name, one.load) for one in agents] == [("bob", 2), ("eve", 3)]

    async def test_each_due_timer_is_taken_exactly_once_by_many_takers(self, store: Store) -> None:
        def start(tx: Tx) -> None:
            for number in range(300):
                tx.timers.arm(timer(f"s{number:03}", due=-number))

        await store.write(start)
        groups = await asyncio.gather(*(store.write(lambda tx: tx.timers.take_due(NOW, 7)) for _ in range(60)))
        taken = [one.session for group in groups for one in group]
        assert sorted(taken) == [f"s{number:03}" for number in range(300)]
        assert taken == sorted(taken, reverse=True), "the longest due first"
