"""What becomes of an agent's sessions when he goes offline, and who counts as gone, tenant by tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from postroom.dispatch.agents import AgentStates
from postroom.dispatch.presence import PresenceLoop
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.records import AgentRow
from postroom.ports.store import Store, Tx
from postroom.routing.agents import AGENT_HEARTBEAT, HEARTBEAT_LOST, AgentState, Sight
from postroom.session.deadlines import due_at
from postroom.session.events import EndRequested, SessionParked
from postroom.session.policy import LastAgentPolicy, Policy
from postroom.session.state import Phase, Session, TimerKind
from tests.dispatch.house import ACME, GLOBEX, House, open_house
from tests.dispatch.test_agents import accept, presence_loop

T = TypeVar("T")


def written_up(policy: Policy) -> Policy:
    return replace(policy, wrap_up=300.0, last_agent=LastAgentPolicy(enabled=True))


async def assigned(house: House, agent: str = "anna") -> Session:
    """A session that the agent has."""
    await house.stand(agent)
    session = await house.customer_writes(channel="shop" if agent == "chen" else "support")
    await house.queues().assign_all()
    await accept(house, session.id)
    found = await house.session(session.id)
    assert found.owner == agent
    return found


async def kinds(house: House, session: Session) -> set[TimerKind]:
    return {row.kind for row in await house.read(lambda tx: list(tx.timers.of_session(session.id)))}


async def test_who_goes_offline_gives_his_offers_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        sessions = [await house.customer_writes(f"Matter {number}") for number in range(2)]
        await house.queues().assign_all()
        await house.stand("anna", AgentState.OFFLINE)
        for one in sessions:
            session = await house.session(one.id)
            assert (session.phase, session.offer, session.passed_over) == (Phase.QUEUED, None, ("anna",))
            assert TimerKind.OFFER_EXPIRY not in await kinds(house, one)
        row = await house.agent("anna")
        assert (row.state, row.load, row.missed_offers) == (AgentState.OFFLINE, 0, 0)


async def test_his_sessions_know_since_when_he_is_gone_and_he_keeps_them_when_he_comes_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await assigned(house)
        await house.stand("anna", AgentState.OFFLINE)
        left_at = house.clock.now()
        gone = await house.session(session.id)
        assert (gone.phase, gone.owner, gone.gone_since) == (Phase.ASSIGNED, "anna", left_at)
        (row,) = await house.read(lambda tx: list(tx.timers.of_session(session.id)))
        policy = house.policy(ACME, "support")
        assert (row.kind, row.due_at) == (TimerKind.AGENT_GONE, due_at(TimerKind.AGENT_GONE, left_at, gone, policy))
        await house.stand("anna", AgentState.NOT_READY, "back in a minute")
        back = await house.session(session.id)
        assert (back.phase, back.owner, back.gone_since) == (Phase.ASSIGNED, "anna", None)
        assert await kinds(house, session) == set()
        assert (await house.agent("anna")).load == 1


async def test_a_session_put_aside_also_knows_that_he_is_gone(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await assigned(house)
        assert session.assignment is not None
        parked = SessionParked(agent="anna", token=session.assignment.token)
        await house.write(lambda tx: house.step(tx, session.id, parked))
        await house.stand("anna", AgentState.OFFLINE)
        assert (await house.session(session.id)).gone_since == house.clock.now()


async def test_going_offline_again_for_another_reason_does_not_begin_his_absence_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await assigned(house)
        await house.stand("anna", AgentState.OFFLINE)
        left_at = house.clock.now()
        await house.stand("anna", AgentState.OFFLINE, "holidays")
        assert (await house.session(session.id)).gone_since == left_at


async def test_who_is_only_not_ready_keeps_everything_but_his_offers(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = written_up
        session = await assigned(house)
        kept = replace(await house.customer_writes("Kept"), held_for="anna", held_since=house.clock.now())
        await house.write(lambda tx: tx.sessions.save(kept))
        await house.stand("anna", AgentState.NOT_READY, "lunch")
        assert (await house.session(session.id)).gone_since is None
        assert (await house.session(kept.id)).held_for == "anna"


async def test_what_was_kept_for_him_is_anybodys_when_he_goes_offline(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = written_up
        await assigned(house)
        waiting = await house.customer_writes("Another matter of the same customer")
        assert waiting.held_for == "anna"
        assert TimerKind.HOLD in await kinds(house, waiting)
        await house.stand("ben")
        await house.stand("anna", AgentState.NOT_READY, "lunch")
        assert await house.queues().assign_all() == 0
        await house.stand("anna", AgentState.OFFLINE)
        free = await house.session(waiting.id)
        assert (free.held_for, free.held_since) == ("", None)
        assert TimerKind.HOLD not in await kinds(house, waiting)
        assert await house.queues().assign_all() == 1
        assert (await house.session(waiting.id)).holder == "ben"


async def test_what_he_was_writing_up_is_over_and_its_place_is_free(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = written_up
        session = await assigned(house)
        assert session.assignment is not None
        end = EndRequested(agent="anna", token=session.assignment.token, reason="solved")
        await house.write(lambda tx: house.step(tx, session.id, end))
        assert (await house.session(session.id)).phase is Phase.WRAP_UP
        await house.stand("anna", AgentState.NOT_READY, "lunch")
        assert (await house.session(session.id)).phase is Phase.WRAP_UP
        await house.stand("anna", AgentState.OFFLINE)
        over = await house.session(session.id)
        assert (over.phase, over.ended_because) == (Phase.ENDED, "solved")
        assert (await house.agent("anna")).load == 0
        assert await kinds(house, session) == set()


async def test_another_agents_sessions_do_not_notice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await assigned(house)
        before = await house.read(lambda tx: tx.journal.last(ACME))
        await house.stand("ben")
        await house.stand("ben", AgentState.OFFLINE)
        assert (await house.session(session.id)).gone_since is None
        assert await house.read(lambda tx: tx.journal.last(ACME)) == before


async def test_coming_back_brings_nothing_to_who_never_left(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await assigned(house)
        before = await house.read(lambda tx: tx.journal.last(ACME))
        await house.stand("anna", AgentState.NOT_READY, "lunch")
        await house.stand("anna")
        assert await house.read(lambda tx: tx.journal.last(ACME)) == before


def with_heartbeats(house: House, **seconds: float) -> None:
    """Give each tenant a heartbeat of its own."""
    tenants = tuple(
        replace(one, parameters=replace(one.parameters, agent_heartbeat=seconds[one.name]))
        for one in house.generation.tenants
    )
    house.generation = replace(house.generation, number=2, tenants=tenants)


async def ready_in_both(house: House) -> None:
    await house.stand("anna")
    await house.write(lambda tx: house.states.ask(tx, GLOBEX, "zoe", AgentState.READY, ""))


async def states(house: House) -> list[AgentState]:
    return [(await house.agent(*who)).state for who in (("anna", ACME), ("zoe", GLOBEX))]


async def test_each_tenants_agents_are_judged_by_its_own_heartbeat(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with_heartbeats(house, acme=30.0, globex=120.0)
        await ready_in_both(house)
        loop = presence_loop(house)
        house.clock.passed = 29.9
        assert await loop.look() == 0
        house.clock.passed = 30.0
        assert await loop.look() == 1
        assert await states(house) == [AgentState.OFFLINE, AgentState.READY]
        assert (await house.agent("anna")).reason == HEARTBEAT_LOST
        house.clock.passed = 120.0
        assert await loop.look() == 1
        assert await states(house) == [AgentState.OFFLINE] * 2


async def test_a_heartbeat_given_to_the_loop_is_everybodys(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with_heartbeats(house, acme=30.0, globex=120.0)
        await ready_in_both(house)
        loop = PresenceLoop(house.store, house.states, house.clock, house.presence, house.current, heartbeat=60.0)
        house.clock.passed = 59.0
        assert await loop.look() == 0
        house.clock.passed = 60.0
        assert await loop.look() == 2


async def test_a_changed_heartbeat_counts_from_the_next_look_on(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with_heartbeats(house, acme=600.0, globex=600.0)
        await ready_in_both(house)
        loop = presence_loop(house)
        house.clock.passed = 100.0
        assert await loop.look() == 0
        with_heartbeats(house, acme=60.0, globex=600.0)
        assert await loop.look() == 1


async def test_who_was_seen_between_look_and_unit_stays(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        house.clock.passed += AGENT_HEARTBEAT
        store = Interrupted(house.store, lambda: house.presence.seen(ACME, "anna"))
        loop = PresenceLoop(store, house.states, house.clock, house.presence, house.current)  # type: ignore[arg-type] # of a store it needs these two
        assert await loop.look() == 0
        assert (await house.agent("anna")).state is AgentState.READY


class Interrupted:
    """The real store; something happens before each unit."""

    def __init__(self, real: Store, before: Callable[[], None]) -> None:
        self.read = real.read
        self._real = real
        self._before = before

    async def write(self, unit: Callable[[Tx], T]) -> T:
        self._before()
        return await self._real.write(unit)


class Stumbling(AgentStates):
    """Cannot judge one agent."""

    def judge(self, tx: Tx, row: AgentRow, sight: Sight, heartbeat: float = AGENT_HEARTBEAT) -> AgentRow:
        if row.name == "anna":
            raise PermanentError("his session has no conversation any more")
        return super().judge(tx, row, sight, heartbeat)


async def test_an_agent_who_cannot_be_judged_keeps_nobody_else_ready(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for name in ("anna", "ben"):
            await house.stand(name)
        house.clock.passed += AGENT_HEARTBEAT
        states = Stumbling(house.step, house.clock)
        loop = PresenceLoop(house.store, states, house.clock, house.presence, house.current)
        assert await loop.look() == 1
        assert [(await house.agent(name)).state for name in ("anna", "ben")] == [
            AgentState.READY,
            AgentState.OFFLINE,
        ]


async def test_the_running_loop_looks_several_times_in_the_shortest_heartbeat_and_outlives_the_store(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        with_heartbeats(house, acme=80.0, globex=800.0)
        await house.stand("anna")
        slept: list[float] = []
        done = asyncio.Event()

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            house.clock.passed += seconds
            if len(slept) == 12:
                done.set()
                await asyncio.Event().wait()

        def once_away() -> None:
            if not slept:
                raise TemporaryError("the disk is full")

        house.clock.sleep = sleep  # type: ignore[method-assign] # time that passes at once
        store = Interrupted(house.store, once_away)
        loop = PresenceLoop(store, house.states, house.clock, house.presence, house.current)  # type: ignore[arg-type] # of a store it needs these two
        running = group.create_task(loop.run())
        async with asyncio.timeout(20):
            await done.wait()
        running.cancel()
        assert slept == [10.0] * 12
        assert (await house.agent("anna")).state is AgentState.OFFLINE
