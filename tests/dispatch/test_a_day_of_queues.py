"""Many agents, queues and sessions over the real store, with everything that agents do to offers and sessions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from msgspec.structs import replace

from postroom.dispatch.agents import ensure_agents
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.events import (
    EndRequested,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    SessionTransferred,
)
from postroom.session.state import Phase, Session, SessionId
from postroom.settings.schema import Generation, Queue
from tests.dispatch.house import ACME, House, agent, channel, generation, open_house

AGENTS, QUEUES, SESSIONS = 50, 8, 2_000
STRATEGIES = ("longest_idle", "least_loaded", "skill_level")
ROUNDS_AT_MOST = 400


def crowd(chance: Random) -> Generation:
    """Fifty agents of 3 to 6 places, each in two of eight queues; channels of weight 1 to 3."""
    accounts = [f"agent_{number}" for number in range(AGENTS)]
    queues = tuple(
        Queue(
            name=f"queue_{number}",
            members=(*accounts[number::QUEUES], *accounts[(number + 3) % QUEUES :: QUEUES]),
            strategy=STRATEGIES[number % 3],
            levels=tuple((one, chance.randrange(5)) for one in accounts[number::QUEUES]),
        )
        for number in range(QUEUES)
    )
    channels = tuple(
        replace(channel(f"channel_{number}", f"queue_{number}"), weight=1 + number % 3) for number in range(QUEUES)
    )
    usual = generation()
    tenant = replace(
        usual.tenants[0],
        queues=queues,
        channels=channels,
        agents=tuple(agent(one, one, places=chance.randint(3, 6)) for one in accounts),
    )
    return replace(usual, tenants=(tenant,))


async def customers_write(house: House, chance: Random) -> set[SessionId]:
    conversations = [house.conversation("Help", f"channel_{chance.randrange(QUEUES)}") for _ in range(SESSIONS)]

    def unit(tx: Tx) -> set[SessionId]:
        made = set()
        for one in conversations:
            tx.conversations.add(one)
            priority = chance.choice((0, 0, 5))
            mail = MessageReceived(mail=house.ids.new(), received_at=house.clock.now(), priority=priority)
            made.add(house.step.in_conversation(tx, one.id, mail)[0].id)
        return made

    return await house.write(unit)


def act(house: House, chance: Random, tx: Tx, session: Session) -> None:
    """What the agent who has it, or is held it out, does."""
    offer, owner = session.offer, session.assignment
    if offer is not None:
        event = chance.choice(
            (
                OfferAccepted(agent=offer.agent, token=offer.token),
                OfferAccepted(agent=offer.agent, token=offer.token),
                OfferDeclined(agent=offer.agent, token=offer.token),
                OfferExpired(token=offer.token),
                OfferAccepted(agent=offer.agent, token="an older offer's"),
            )
        )
        house.step(tx, session.id, event)
    elif owner is not None:
        queue = f"queue_{chance.randrange(QUEUES)}"
        away = SessionTransferred(by=owner.agent, token=owner.token, queue=queue)
        over = EndRequested(agent=owner.agent, token=owner.token)
        house.step(tx, session.id, away if chance.random() < 0.2 else over)


async def a_round(house: House, chance: Random) -> None:
    """Some agents leave, all others are ready; and everybody does something with what he has."""
    leaving = {f"agent_{number}" for number in range(AGENTS) if chance.random() < 0.1}

    def unit(tx: Tx) -> None:
        for row in tx.agents.all(ACME):
            gone = chance.choice((AgentState.OFFLINE, AgentState.NOT_READY))
            house.states.ask(tx, ACME, row.name, gone if row.name in leaving else AgentState.READY, "")
        for phase in (Phase.OFFERED, Phase.ASSIGNED):
            for _, session in tx.sessions.of_phase(phase, 0, SESSIONS):
                current = tx.sessions.get(session.id)
                if current is not None and current.phase is phase:
                    act(house, chance, tx, current)

    house.clock.passed += 1
    await house.write(unit)


async def check_places(house: House) -> None:
    """What agents have taken is the weight of what they hold, and within their capacity."""

    def unit(tx: Tx) -> None:
        held: Counter[str] = Counter()
        for phase in (Phase.OFFERED, Phase.ASSIGNED):
            for _, session in tx.sessions.of_phase(phase, 0, SESSIONS):
                assert session.holder is not None
                assert (session.offer is None) is not (session.assignment is None)
                held[session.holder] += session.weight
        for row in tx.agents.all(ACME):
            assert row.load == held[row.name], row.name
            assert row.load <= row.capacity, row.name

    await house.read(unit)


async def test_at_the_end_of_the_day_everybody_was_served_and_every_place_is_free(tmp_path: Path) -> None:
    chance = Random(20260302)
    async with open_house(tmp_path) as house:
        house.generation = crowd(chance)
        await house.write(lambda tx: ensure_agents(tx, house.generation))
        made = await customers_write(house, chance)
        for _ in range(ROUNDS_AT_MOST):
            await house.queues().assign_all()
            await check_places(house)
            await a_round(house, chance)
            open_ones = await house.read(lambda tx: tx.sessions.channels_in_use())
            if not open_ones:
                break
        phases = [(await house.session(one)).phase for one in made]
        assert Counter(phases) == {Phase.ENDED: SESSIONS}
        assert {row.load for row in await house.read(lambda tx: tx.agents.all(ACME))} == {0}
