"""The simulated day of a contact centre, and what holds in it whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise

import msgspec
from msgspec import Struct

from postroom.cli.built_in_day import day_folder
from postroom.ports.records import AgentRow, JournalEntry
from postroom.ports.store import Tx
from postroom.session.effects import ArmTimer, EnterQueue, Noted
from postroom.session.events import AgentReserved
from postroom.session.state import Phase, Session, SessionId, TimerKind
from postroom.settings.load import load
from postroom.wiring.simulation.day import a_day
from postroom.wiring.simulation.house import Rooms
from postroom.wiring.simulation.run import Simulated, run_through

MAILS, SEED = 600, 7
EVERY = 7
"""Every so many mails the store is looked at."""
TENANT = "shop"
OPEN = tuple(phase for phase in Phase if phase not in {Phase.NEW, Phase.ENDED})


class Look(Struct, frozen=True):
    """The store at one moment."""

    sessions: list[Session]
    agents: list[AgentRow]


class Day(Struct, frozen=True):
    """A day as it went."""

    simulated: Simulated
    looks: list[Look]
    journal: list[JournalEntry]
    sessions: dict[SessionId, Session]


def look(tx: Tx) -> Look:
    found = [one for phase in OPEN for _, one in tx.sessions.of_phase(phase, 0, 10_000)]
    return Look(found, list(tx.agents.all(TENANT)))


async def lived(mails: int, seed: int) -> Day:
    looks: list[Look] = []
    journal: list[JournalEntry] = []
    sessions: dict[SessionId, Session] = {}

    def last(tx: Tx) -> None:
        journal[:] = tx.journal.after(TENANT, 0, 1_000_000)
        sessions.update(tx.sessions.several([entry.session for entry in journal]))

    async def watch(rooms: Rooms, taken: int) -> None:
        if taken % EVERY == 0 or taken == mails:
            looks.append(await rooms.store.read(look))
        if taken == mails:
            await rooms.store.read(last)

    with day_folder() as folder:
        generation = load(folder).require()
        ones, wanted = a_day(generation, seed, mails)
        simulated = await run_through(generation, ones, wanted, watch)
    return Day(simulated, looks, journal, sessions)


@cache
def day() -> Day:
    return asyncio.run(lived(MAILS, SEED))


def test_no_agent_ever_has_more_than_his_places_and_they_are_those_of_his_sessions() -> None:
    assert len(day().looks) > MAILS // EVERY
    for seen in day().looks:
        held: Counter[str] = Counter()
        for session in seen.sessions:
            held.update({session.holder: session.weight} if session.holder else {})
        assert {row.name: row.load for row in seen.agents if row.load} == held
        assert all(row.load <= row.capacity for row in seen.agents)


def test_no_session_is_ever_with_two_agents() -> None:
    for seen in day().looks:
        for session in seen.sessions:
            assert session.offer is None or session.assignment is None
            assert (session.phase is Phase.OFFERED) is (session.offer is not None)
    for course in day().simulated.sessions:
        for before, after in pairwise(course.stages):
            # From one agent's hands a session comes into another's by the queue, or by an order.
            if before.agent and after.agent and after.phase == Phase.OFFERED.value:
                assert before.agent == after.agent


class Waits(Struct, frozen=True):
    """Somebody who may be offered to anybody: where, and in whose favour it is."""

    queue: str
    priority: int
    since: datetime
    left_out: tuple[str, ...]


def replayed() -> Iterator[tuple[JournalEntry, dict[str, Waits]]]:
    """Each decision that held a session out to an agent, with those who waited just before it."""
    waiting: dict[str, Waits] = {}
    queues: dict[str, str] = {}
    since: dict[str, datetime] = {}
    for entry in day().journal:
        one = entry.session
        queues.setdefault(one, day().sessions[one].queue)
        for effect in entry.effects:
            if isinstance(effect, EnterQueue):
                queues[one] = effect.queue
        if isinstance(entry.event, AgentReserved) and entry.after is not Phase.QUEUED:
            yield entry, dict(waiting)
        waiting.pop(one, None)
        if entry.after is Phase.QUEUED and is_for_anybody(entry):
            since.setdefault(one, entry.at)
            waiting[one] = Waits(queues[one], day().sessions[one].priority, since[one], day().sessions[one].left_out)


def is_for_anybody(entry: JournalEntry) -> bool:
    """Whether what just began to wait may be offered: not kept for one agent, and not before the next opening."""
    noted = {effect.what for effect in entry.effects if isinstance(effect, Noted)}
    kept = any(isinstance(effect, ArmTimer) and effect.kind is TimerKind.HOLD for effect in entry.effects)
    return not kept and "work_time" not in noted


def test_nobody_is_passed_over_for_a_younger_mail_of_equal_priority() -> None:
    """Whoever is held out, nobody waits in his queue who came before him and whom that agent could have had."""
    offered = 0
    for entry, waiting in replayed():
        own = waiting.get(entry.session)
        if own is None or not isinstance(entry.event, AgentReserved):
            continue  # it was kept for that agent
        offered += 1
        rivals = [one for one in waiting.values() if (one.queue, one.priority) == (own.queue, own.priority)]
        assert not [one for one in rivals if one.since < own.since and entry.event.agent not in one.left_out]
    assert offered > MAILS // 3


def test_everybody_is_served_or_listed() -> None:
    simulated, sessions = day().simulated, day().simulated.sessions
    assert simulated.mails == MAILS == sum(simulated.outcomes.values())
    assert sum(session.mails for session in sessions) + len(simulated.unserved) == MAILS
    for one in sessions:
        waits = one.stages[-1].phase in {"queued", "offered", "assigned", "awaiting_customer", "robot", "wrap_up"}
        assert (one.first_reply_at is not None) or one.robot_answers or waits or one.ended_because, one
    figures = simulated.figures
    listed = sum(queue.waiting for queue in figures.queues)
    assert sum(queue.sessions for queue in figures.queues) == len(sessions)
    assert listed == sum(one.stages[-1].phase == "queued" for one in sessions)
    assert 0.25 < figures.by_robot / figures.sessions < 0.42
    assert sum(slot.arrived for slot in figures.slots) == len(sessions)


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    first, again = (asyncio.run(lived(60, 3)).simulated for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(asyncio.run(lived(60, 4)).simulated)
