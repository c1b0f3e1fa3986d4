"""Agents who come and go, on the real store with the real step."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.dispatch.presence import PresenceLoop
from postroom.errors import PermanentError
from postroom.routing.agents import AGENT_HEARTBEAT, HEARTBEAT_LOST, AgentState
from postroom.session.events import OfferAccepted
from postroom.session.state import Phase, SessionId
from tests.dispatch.house import ACME, House, open_house


def presence_loop(house: House) -> PresenceLoop:
    return PresenceLoop(house.store, house.states, house.clock, house.presence, house.current)


async def test_an_agent_who_leaves_gives_his_offers_back_and_keeps_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        sessions = [await house.customer_writes() for _ in range(2)]
        await house.queues().assign_all()
        await house.stand("anna", AgentState.NOT_READY, "lunch")
        for one in sessions:
            session = await house.session(one.id)
            assert (session.phase, session.passed_over) == (Phase.QUEUED, ("anna",))
        row = await house.agent("anna")
        assert (row.state, row.reason, row.load) == (AgentState.NOT_READY, "lunch", 0)


async def test_an_agent_who_leaves_keeps_what_is_assigned_to_him(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        session = await house.customer_writes()
        await house.queues().assign_all()
        await accept(house, session.id)
        await house.stand("anna", AgentState.OFFLINE)
        assert (await house.session(session.id)).phase is Phase.ASSIGNED
        assert (await house.agent("anna")).load == 1


async def test_saying_ready_again_does_not_make_him_wait_longer_for_work(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        idle = (await house.stand("anna")).idle_since
        house.clock.passed += 60
        assert (await house.stand("anna")).idle_since == idle


async def test_an_unknown_agent_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(PermanentError, match="mallory"):
            await house.stand("mallory")


async def test_an_agent_nobody_sees_for_a_heartbeat_is_set_offline_with_his_offers(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        session = await house.customer_writes()
        await house.queues().assign_all()
        house.clock.passed += AGENT_HEARTBEAT
        assert await presence_loop(house).look() == 1
        row = await house.agent("anna")
        assert (row.state, row.reason) == (AgentState.OFFLINE, HEARTBEAT_LOST)
        assert (await house.session(session.id)).phase is Phase.QUEUED
        assert await house.read(lambda tx: tx.timers.next_due()) is None


async def test_presence_is_judged_one_heartbeat_after_start(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        house.clock.passed += AGENT_HEARTBEAT - 2
        assert await presence_loop(house).look() == 0
        assert (await house.agent("anna")).state is AgentState.READY


async def test_an_open_stream_keeps_an_agent_and_its_end_starts_his_heartbeat(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        house.presence.arrived(ACME, "anna")
        house.clock.passed += 10 * AGENT_HEARTBEAT
        assert await presence_loop(house).look() == 0
        house.presence.left(ACME, "anna")
        house.clock.passed += AGENT_HEARTBEAT - 1
        assert await presence_loop(house).look() == 0
        house.clock.passed += 1
        assert await presence_loop(house).look() == 1


async def test_the_second_of_two_streams_still_counts(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        house.presence.arrived(ACME, "anna")
        house.presence.arrived(ACME, "anna")
        house.presence.left(ACME, "anna")
        house.clock.passed += 10 * AGENT_HEARTBEAT
        assert await presence_loop(house).look() == 0


async def test_a_request_counts_as_a_sign_of_life(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        for _ in range(5):
            house.clock.passed += AGENT_HEARTBEAT - 1
            house.presence.seen(ACME, "anna")
            assert await presence_loop(house).look() == 0


async def test_an_offline_agent_is_not_set_offline_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.clock.passed += 10 * AGENT_HEARTBEAT
        assert await presence_loop(house).look() == 0


async def test_a_new_generation_brings_its_agents_and_capacities_into_the_store(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        tenant = house.generation.tenants[0]
        agents = (replace(tenant.agents[0], max_concurrent=9), replace(tenant.agents[1], account="nora"))
        house.generation = replace(house.generation, number=2, tenants=(replace(tenant, agents=agents),))
        await presence_loop(house).look()
        assert (await house.agent("anna")).capacity == 9
        assert (await house.agent("nora")).capacity == 2


async def accept(house: House, session: str) -> None:
    found = await house.session(SessionId(session))
    assert found.offer is not None
    event = OfferAccepted(agent=found.offer.agent, token=found.offer.token)
    await house.write(lambda tx: house.step(tx, found.id, event))
