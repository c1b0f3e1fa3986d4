from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from postroom.engine.timers import AT_ONCE, POSTPONED, ListedSince, TimerLoop
from postroom.ports.records import JournalEntry
from postroom.ports.store import Topic, Tx
from postroom.session.events import AgentReserved, AnyEvent
from postroom.session.policy import Policy
from postroom.session.state import Phase, Session, SessionId
from tests.dispatch.house import ACME, House, open_house
from tests.engine.room import Passing


class Broken:
    """The real door, but for sessions it cannot decide on."""

    def __init__(self, house: House, sessions: set[SessionId]) -> None:
        self._real = house.step
        self.sessions = sessions

    def __call__(self, tx: Tx, session: SessionId, event: AnyEvent) -> object:
        if session in self.sessions:
            raise ZeroDivisionError("a fault of ours")
        return self._real(tx, session, event)

    def at(self, tx: Tx, session: Session, event: AnyEvent) -> object:
        return self(tx, session.id, event)

    def policy(self, tenant: str, channel: str) -> Policy:
        return self._real.policy(tenant, channel)


def loop_of(
    house: House,
    late: list[float],
    failpoint: Passing | None = None,
    step: object = None,
    listed_since: ListedSince | None = None,
) -> TimerLoop:
    listed = listed_since or (lambda _tenant, _channel, _when: True)
    return TimerLoop(house.store, step or house.step, house.clock, failpoint or Passing(), late.append, listed)  # type: ignore[arg-type] # a step with a fault in it


async def offered(house: House, count: int = 1, every: float = 0.0) -> list[Session]:
    """Sessions offered to anna, one after the other."""
    found = []
    for number in range(count):
        session = await house.customer_writes(f"Matter {number}")
        house.clock.passed += every
        token = house.ids.new()

        def unit(tx: Tx, session: Session = session, token: str = token) -> Session:
            tx.agents.take(ACME, "anna")
            return house.step(tx, session.id, AgentReserved(agent="anna", token=token))[0]

        found.append(await house.write(unit))
    return found


async def phases(house: House, sessions: list[Session]) -> list[Phase]:
    return [(await house.session(one.id)).phase for one in sessions]


async def expiries(house: House, session: Session) -> int:
    entries = await house.read(lambda tx: list(tx.journal.of_conversation(session.conversation)))
    return sum(type(entry.event).__name__ == "OfferExpired" for entry in entries)


async def test_a_timer_fires_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        (session,) = await offered(house)
        house.clock.passed += 59.999
        assert await loop_of(house, late).fire_due() == 0
        house.clock.passed += 0.001
        assert await loop_of(house, late).fire_due() == 1
        assert await phases(house, [session]) == [Phase.QUEUED]
        assert (await house.agent("anna")).load == 0
        assert late == [0.0]


async def test_late_timers_fire_once_each_in_order_of_their_due_times(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        sessions = await offered(house, 3, every=1)
        house.clock.passed += 8 * 3600
        assert await loop_of(house, late).fire_due() == 3
        assert await loop_of(house, late).fire_due() == 0
        assert late == sorted(late, reverse=True)
        assert [await expiries(house, one) for one in sessions] == [1, 1, 1]


async def test_more_timers_than_a_group_holds_all_fire(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        sessions = await offered(house, AT_ONCE + 5)
        house.clock.passed += 3600
        assert await loop_of(house, late).fire_due() == AT_ONCE + 5
        assert set(await phases(house, sessions)) == {Phase.QUEUED}


async def test_a_timer_that_cannot_be_decided_is_postponed_and_the_others_fire(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        sessions = await offered(house, 5, every=1)
        house.clock.passed += 3600
        broken = Broken(house, {sessions[0].id, sessions[2].id})
        assert await loop_of(house, late, step=broken).fire_due() == 5
        assert await phases(house, sessions) == [
            Phase.OFFERED,
            Phase.QUEUED,
            Phase.OFFERED,
            Phase.QUEUED,
            Phase.QUEUED,
        ]
        assert len(late) == 3
        assert await house.read(lambda tx: tx.timers.next_due()) == house.clock.now() + POSTPONED
        house.clock.passed += POSTPONED.total_seconds()
        assert await loop_of(house, late).fire_due() == 2
        assert set(await phases(house, sessions)) == {Phase.QUEUED}
        assert [await expiries(house, one) for one in sessions] == [1] * 5


async def test_a_fault_before_the_commit_leaves_the_timer_to_fire_once_later(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        (session,) = await offered(house)
        house.clock.passed += 60
        failpoint = Passing()
        failpoint.fails_at = "timer_fired_pre_commit"
        assert await loop_of(house, late, failpoint).fire_due() == 1
        assert await expiries(house, session) == 1
        assert late == [0.0]


async def test_a_timer_of_an_offer_that_is_over_changes_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (session,) = await offered(house)
        assert session.offer is not None
        timer = await house.read(lambda tx: tx.timers.next_due())
        assert timer == session.offer.expires_at
        house.clock.passed += 60
        await loop_of(house, []).fire_due()
        again = await offered_again(house, session)
        house.clock.passed += 30
        assert await loop_of(house, []).fire_due() == 0
        assert (await house.session(session.id)).offer == again.offer


async def offered_again(house: House, session: Session) -> Session:
    def unit(tx: Tx) -> Session:
        tx.agents.take(ACME, "ben")
        return house.step(tx, session.id, AgentReserved(agent="ben", token="second"))[0]

    return await house.write(unit)


async def test_the_running_loop_fires_what_is_armed_while_it_sleeps(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        late: list[float] = []
        decided = house.store.bell(Topic.JOURNAL)
        running = group.create_task(loop_of(house, late).run())
        (session,) = await offered(house)
        house.clock.passed += 61
        await house.write(lambda tx: tx.wake(Topic.TIMERS))
        async with asyncio.timeout(20):
            while (await house.session(session.id)).phase is not Phase.QUEUED:
                await decided.wait(20)
        running.cancel()


async def test_the_loop_sleeps_until_the_next_timer_and_never_too_long(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        loop = loop_of(house, [])
        assert await loop._seconds_to_next() == 30.0
        await offered(house)
        house.clock.passed += 50
        assert await loop._seconds_to_next() == 10.0
        house.clock.passed += 50
        assert await loop._seconds_to_next() == 0.0


async def test_what_one_timer_does_to_other_sessions_is_seen_by_theirs(tmp_path: Path) -> None:
    """Who lets too many offers run out loses the others, whose timers are due at the same moment."""
    async with open_house(tmp_path) as house:
        late: list[float] = []
        await house.stand("anna")
        sessions = await offered(house, 6)
        house.clock.passed += 3600
        assert await loop_of(house, late).fire_due() == 6
        for session in sessions:
            told = await house.read(partial(journal_of, session))
            assert [entry.before for entry in told[1:]] == [entry.after for entry in told[:-1]]
        assert set(await phases(house, sessions)) == {Phase.QUEUED}
        assert (await house.agent("anna")).load == 0


def journal_of(session: Session, tx: Tx) -> list[JournalEntry]:
    return list(tx.journal.of_conversation(session.conversation))
