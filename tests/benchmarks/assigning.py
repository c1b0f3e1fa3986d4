"""Assignment decisions a second, and that a decision costs the same however many wait.

A thousand agents of one place each serve a hundred queues; each decision is an offer: chosen, reserved, decided,
journalled and committed in the real store.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from postroom.dispatch.agents import ensure_agents
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.state import Phase, Session, SessionId
from postroom.settings.schema import Agent, Generation, Queue
from tests.benchmarks.report import Row, compared
from tests.dispatch.house import ACME, NINE, House, channel, generation, open_house

AGENTS, QUEUES = 1_000, 100
FEW, MANY = 1_000, 100_000
"""Sessions that wait."""
CHUNK = 5_000
EVEN_ENOUGH = 0.7
"""The least share of the speed with few that there may be with many: the machine is shared, and its index deeper."""

Say = Callable[[str], None]


def run(rounds: int, say: Say) -> dict[int, list[float]]:
    """Decisions a second by how many wait, each in turn so many times."""
    speeds: dict[int, list[float]] = {FEW: [], MANY: []}
    for number in range(rounds):
        for waiting, found in speeds.items():
            with tempfile.TemporaryDirectory(prefix="postroom-assigning-") as folder:
                found.append(asyncio.run(_speed(Path(folder), waiting)))
            say(f"assigning, round {number + 1}: {found[-1]:,.0f} decisions/s with {waiting:,} waiting")
    return speeds


def rows(speeds: dict[int, list[float]]) -> Sequence[Row]:
    """The figures of the middle rounds."""
    many, few = statistics.median(speeds[MANY]), statistics.median(speeds[FEW])
    name = f"assignment decisions, {AGENTS:,} agents, {QUEUES} queues, {MANY:,} waiting"
    return (compared(name, many, "decisions/s", f"{FEW:,} waiting", few, EVEN_ENOUGH),)


async def _speed(folder: Path, waiting: int) -> float:
    async with open_house(folder) as house:
        house.generation = _settings()
        await house.write(lambda tx: ensure_agents(tx, house.generation))
        for first in range(0, waiting, CHUNK):
            await _fill(house, range(first, min(first + CHUNK, waiting)))
        await house.write(_all_ready)
        loop = house.queues()
        begun = time.perf_counter()
        decided = await loop.assign_all()
        seconds = time.perf_counter() - begun
    assert decided == min(AGENTS, waiting), decided
    return decided / seconds


def _settings() -> Generation:
    names = [f"agent_{number}" for number in range(AGENTS)]
    usual = generation()
    tenant = replace(
        usual.tenants[0],
        queues=tuple(Queue(name=f"queue_{one}", members=tuple(names[one::QUEUES])) for one in range(QUEUES)),
        channels=(channel("support", "queue_0"),),
        agents=tuple(Agent(account=name, name=name, max_concurrent=1) for name in names),
    )
    return replace(usual, tenants=(tenant,))


async def _fill(house: House, numbers: range) -> None:
    def unit(tx: Tx) -> None:
        for number in numbers:
            conversation = house.conversation("Help", "support")
            tx.conversations.add(conversation)
            since = NINE - timedelta(seconds=number)
            tx.sessions.save(
                Session(
                    id=SessionId(house.ids.new()),
                    conversation=conversation.id,
                    tenant=ACME,
                    channel="support",
                    opened_at=since,
                    phase=Phase.QUEUED,
                    queue=f"queue_{number % QUEUES}",
                    queued_at=since,
                    waiting_since=since,
                )
            )

    await house.write(unit)


def _all_ready(tx: Tx) -> None:
    for row in tx.agents.all(ACME):
        tx.agents.set_state(ACME, row.name, AgentState.READY, "", NINE)
