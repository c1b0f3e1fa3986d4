"""Assignment as one unit of work, on the real store with the real step."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from postroom.dispatch.queues import PAGE
from postroom.engine.step import SessionStep
from postroom.errors import PermanentError
from postroom.ports.store import Decided, Topic, Tx
from postroom.routing.agents import AgentState
from postroom.session.events import AnyEvent, OfferAccepted, OfferDeclined
from postroom.session.state import Phase, Session, SessionId
from postroom.settings.schema import Generation, Tenant
from tests.dispatch.house import ACME, GLOBEX, open_house


async def test_a_waiting_session_is_offered_to_a_ready_agent(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        await house.stand("anna")
        assert await house.queues().assign_all() == 1
        offered = await house.session(session.id)
        assert offered.phase is Phase.OFFERED
        assert offered.offer is not None
        assert offered.offer.agent == "anna"
        assert (await house.agent("anna")).load == 1


async def test_nobody_is_asked_while_nobody_is_ready(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        assert await house.queues().assign_all() == 0
        assert (await house.session(session.id)).phase is Phase.QUEUED


async def test_the_longest_idle_agent_gets_the_session(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("ben")
        await house.stand("anna")
        session = await house.customer_writes()
        await house.queues().assign_all()
        assert (await house.session(session.id)).holder == "ben"


async def test_the_oldest_of_the_highest_priority_goes_first(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late = [await house.customer_writes(subject=f"number {n}", channel="shop", priority=0) for n in range(2)]
        urgent = await house.customer_writes(channel="shop", priority=9)
        await house.stand("chen")  # one place
        await house.queues().assign_all()
        phases = [(await house.session(one.id)).phase for one in (urgent, *late)]
        assert phases == [Phase.OFFERED, Phase.QUEUED, Phase.QUEUED]


async def test_no_agent_is_ever_over_his_capacity(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for _ in range(7):
            await house.customer_writes()
        await house.stand("anna")
        await house.stand("ben")
        loops = [house.queues() for _ in range(4)]
        await asyncio.gather(*(loop.assign_all() for loop in loops))
        loads = [(await house.agent(name)).load for name in ("anna", "ben")]
        held = await house.read(lambda tx: [len(tx.sessions.held_by(ACME, name)) for name in ("anna", "ben")])
        assert loads == held == [2, 2]


async def test_two_loops_never_offer_one_session_twice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.customer_writes()
        await house.stand("anna")
        await house.stand("ben")
        counts = await asyncio.gather(*(house.queues().assign_all() for _ in range(5)))
        assert sum(counts) == 1
        loads = [(await house.agent(name)).load for name in ("anna", "ben")]
        assert sorted(loads) == [0, 1]


async def test_who_declined_is_asked_after_the_other(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        session = await house.customer_writes()
        await house.queues().assign_all()
        await house.stand("ben")
        first = (await house.session(session.id)).offer
        assert first is not None
        declined = OfferDeclined(agent="anna", token=first.token)
        await house.write(lambda tx: house.step(tx, session.id, declined))
        await house.queues().assign_all()
        assert (await house.session(session.id)).holder == "ben"


async def test_every_offer_has_a_token_of_its_own(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        sessions = [await house.customer_writes() for _ in range(4)]
        await house.stand("anna")
        await house.stand("ben")
        await house.queues().assign_all()
        offers = [(await house.session(one.id)).offer for one in sessions]
        assert len({offer.token for offer in offers if offer is not None}) == 4


async def test_more_than_one_unit_of_offers_goes_out_in_one_look(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.generation = with_places(house.generation, PAGE + 8)
        await house.write(lambda tx: tx.agents.ensure(ACME, [("chen", PAGE + 8)]))
        for _ in range(PAGE + 3):
            await house.customer_writes(channel="shop")
        await house.stand("chen")
        assert await house.queues().assign_all() == PAGE + 3


async def test_a_session_that_cannot_be_decided_does_not_stop_the_queue(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        broken = await house.customer_writes()
        sound = await house.customer_writes()
        await house.stand("anna")
        await house.stand("ben")
        house.step = Refusing(house.step, broken.id)  # type: ignore[assignment]  # the same door, with a fault in it
        assert await house.queues().assign_all() == 1
        assert (await house.session(sound.id)).phase is Phase.OFFERED
        assert (await house.session(broken.id)).phase is Phase.QUEUED
        assert sum([(await house.agent(name)).load for name in ("anna", "ben")]) == 1


async def test_a_queue_that_is_not_configured_any_more_is_left_alone(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        await house.stand("anna")
        house.generation = without_queues(house.generation)
        assert await house.queues().assign_all() == 0
        assert (await house.session(session.id)).phase is Phase.QUEUED


async def test_a_tenants_agent_never_gets_another_tenants_session(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes(tenant=GLOBEX)
        await house.stand("anna")
        assert await house.queues().assign_all() == 0
        assert (await house.session(session.id)).phase is Phase.QUEUED


async def test_the_running_loop_offers_as_soon_as_a_customer_writes(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        await house.stand("anna")
        decided = house.store.bell(Topic.JOURNAL)
        running = group.create_task(house.queues().run())
        session = await house.customer_writes()
        async with asyncio.timeout(20):
            while (await house.session(session.id)).phase is Phase.QUEUED:
                await decided.wait(20)
        running.cancel()
        assert (await house.session(session.id)).holder == "anna"


async def test_an_accepted_offer_keeps_the_place(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.stand("anna")
        session = await house.customer_writes()
        await house.queues().assign_all()
        offer = (await house.session(session.id)).offer
        assert offer is not None
        taken = OfferAccepted(agent="anna", token=offer.token)
        after, _ = await house.write(lambda tx: house.step(tx, session.id, taken))
        assert after.phase is Phase.ASSIGNED
        row = await house.agent("anna")
        assert (row.load, row.state) == (1, AgentState.READY)


async def test_who_waits_for_others_than_who_is_there_is_looked_past(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        silent, behind = await house.customer_writes(), await house.customer_writes()
        left = replace(silent, left_out=("anna",))
        await house.write(lambda tx: tx.sessions.save(left))
        await house.stand("anna")
        assert await house.queues().assign_all() == 1
        assert (await house.session(behind.id)).holder == "anna"
        assert (await house.session(silent.id)).phase is Phase.QUEUED
        await house.stand("ben")
        await house.queues().assign_all()
        assert (await house.session(silent.id)).holder == "ben"


async def test_what_is_kept_for_an_agent_goes_to_nobody_else(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = await house.customer_writes()
        kept = replace(session, held_for="chen", held_since=house.clock.now())
        await house.write(lambda tx: tx.sessions.save(kept))
        await house.stand("anna")
        assert await house.queues().assign_all() == 0
        await house.stand("chen")  # of another queue: it was kept for him all the same
        assert await house.queues().assign_all() == 1
        assert (await house.session(session.id)).holder == "chen"


async def test_who_cannot_be_served_keeps_nobody_waiting_however_many_are_before_him(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        loop, behind = house.queues(), 3 * PAGE
        for _ in range(behind):
            blocked = await house.customer_writes(channel="shop")
            barred = replace(blocked, left_out=("chen",))
            await house.write(partial(_save, barred))
        last = await house.customer_writes(channel="shop")
        await house.stand("chen")
        looks = 0
        while (await house.session(last.id)).phase is Phase.QUEUED:
            assert looks <= behind // PAGE
            await loop.assign_all()
            looks += 1
        assert (await house.session(last.id)).holder == "chen"


async def test_after_a_look_at_everybody_the_queue_is_looked_at_from_its_head_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        loop = house.queues()
        first = await house.customer_writes(channel="shop")
        barred = replace(first, left_out=("chen",))
        await house.write(partial(_save, barred))
        await house.stand("chen")
        assert [await loop.assign_all() for _ in range(2)] == [0, 0]
        await house.write(partial(_save, first))
        assert await loop.assign_all() == 1


async def test_a_heavy_session_takes_its_weight_and_gives_it_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        tenant = acme(house.generation)
        channels = tuple(replace(one, weight=2) for one in tenant.channels)
        house.generation = replace(house.generation, tenants=(replace(tenant, channels=channels),))
        session = await house.customer_writes()
        await house.stand("anna")
        await house.queues().assign_all()
        assert (await house.agent("anna")).load == 2
        house.generation = replace(house.generation, tenants=(tenant,))
        offer = (await house.session(session.id)).offer
        assert offer is not None
        declined = OfferDeclined(agent="anna", token=offer.token)
        await house.write(lambda tx: house.step(tx, session.id, declined))
        assert (await house.agent("anna")).load == 0


def _save(session: Session, tx: Tx) -> None:
    tx.sessions.save(session)


class Refusing:
    """The real step, but for one session it cannot decide on."""

    def __init__(self, real: SessionStep, broken: SessionId) -> None:
        self._real = real
        self._broken = broken

    def __call__(self, tx: Tx, session: SessionId, event: AnyEvent) -> Decided:
        if session == self._broken:
            raise PermanentError("its channel is not configured any more")
        return self._real(tx, session, event)


def acme(generation: Generation) -> Tenant:
    tenant = generation.tenant(ACME)
    assert tenant is not None
    return tenant


def without_queues(generation: Generation) -> Generation:
    return replace(generation, tenants=(replace(acme(generation), queues=()),))


def with_places(generation: Generation, places: int) -> Generation:
    tenant = acme(generation)
    agents = tuple(replace(one, max_concurrent=places) for one in tenant.agents)
    return replace(generation, tenants=(replace(tenant, agents=agents),))
