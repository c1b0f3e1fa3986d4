"""How agents of a simulated house work: when they are there, what they do with an offer, and with what is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import Protocol

from msgspec import Struct

from postroom.routing.agents import AgentState
from postroom.session.policy import Policy
from postroom.session.state import Session
from postroom.settings.schema import Generation


class Deed(Enum):
    """What an agent does about a session."""

    ACCEPT = "accept"
    DECLINE = "decline"
    ANSWER = "answer"
    TRANSFER = "transfer"


class Plan(Struct, frozen=True, kw_only=True):
    """What is done and when; `queue` is where a transfer goes."""

    at: datetime
    deed: Deed
    queue: str = ""


class Turn(Struct, frozen=True, kw_only=True):
    """An agent says how he stands."""

    at: datetime
    tenant: str
    agent: str
    state: AgentState
    reason: str = ""


class Manner(Protocol):
    """How agents work."""

    def turns(self, generation: Generation, start: datetime) -> Iterator[Turn]:
        """When who comes, pauses and leaves."""
        ...

    def offered(self, session: Session, now: datetime) -> Plan | None:
        """What comes of the offer; None where he lets it run out."""
        ...

    def assigned(self, session: Session, now: datetime) -> Plan:
        """What he does with what is his."""
        ...


class AnswerAfter:
    """Everybody is always ready, accepts at once, and answers after so much of the channel's work time."""

    def __init__(self, policies: Callable[[str, str], Policy], after: timedelta) -> None:
        self._policies = policies
        self._after = after

    def turns(self, generation: Generation, start: datetime) -> Iterator[Turn]:
        """Everybody comes, and stays."""
        for tenant in generation.tenants:
            for agent in tenant.agents:
                yield Turn(at=start, tenant=tenant.name, agent=agent.account, state=AgentState.READY)

    def offered(self, _session: Session, now: datetime) -> Plan:
        """He accepts."""
        return Plan(at=now, deed=Deed.ACCEPT)

    def assigned(self, session: Session, now: datetime) -> Plan:
        """He answers."""
        hours = self._policies(session.tenant, session.channel).hours
        return Plan(at=hours.add_work_time(now, self._after) or now + self._after, deed=Deed.ANSWER)


HALF_HOUR, HOUR = timedelta(minutes=30), timedelta(hours=1)
SHIFTS = (6.75, 7.5, 8.0, 9.0, 10.0, 11.5)
"""The hours at which shifts begin, one agent after the other in turn."""
SHIFT = timedelta(hours=8.5)
LUNCH_AFTER, REST_AFTER, REST = timedelta(hours=4), timedelta(hours=6.5), timedelta(minutes=15)
CLEARING_UP = timedelta(minutes=45)
"""How long after his shift an agent still answers what he has."""
LATE_OFFER, DECLINES, PASSES_ON = 0.02, 0.015, 0.05
"""The shares of offers that run out and that are declined, and of sessions that belong to another queue."""
USUAL = 3.6
"""Minutes that half of all answers take at most."""
HARDER = {"technical": 1.6, "wholesale": 1.4, "complaints": 1.3}


class InShifts:
    """People: they come in shifts, pause, write one answer after the other, some slowly, and are wrong now and then."""

    def __init__(self, midnight: datetime, seed: int) -> None:
        self._midnight = midnight
        self._chance = Random(f"agents {seed}")  # noqa: S311 nothing secret
        self._free_at: dict[str, datetime] = {}
        self._pauses: dict[str, Sequence[tuple[datetime, datetime]]] = {}
        self._queues: tuple[str, ...] = ()

    def turns(self, generation: Generation, start: datetime) -> Iterator[Turn]:
        """Each agent's shift with its pauses; nobody is there before the start."""
        for tenant in generation.tenants:
            self._queues += tuple(queue.name for queue in tenant.queues)
            for number, agent in enumerate(tenant.agents):
                yield from self._shift(tenant.name, agent.account, number, start)

    def _shift(self, tenant: str, agent: str, number: int, start: datetime) -> Iterator[Turn]:
        late = timedelta(seconds=self._chance.randrange(-300, 300))
        begins = max(self._midnight + HOUR * SHIFTS[number % len(SHIFTS)] + late, start)
        ends, lunch, rest = begins + SHIFT, begins + LUNCH_AFTER, begins + REST_AFTER
        self._pauses[agent] = ((lunch, lunch + HALF_HOUR), (rest, rest + REST))
        for at, state, reason in (
            (begins, AgentState.READY, ""),
            (lunch, AgentState.NOT_READY, "lunch"),
            (lunch + HALF_HOUR, AgentState.READY, ""),
            (rest, AgentState.NOT_READY, "break"),
            (rest + REST, AgentState.READY, ""),
            (ends, AgentState.NOT_READY, "clearing up"),
            (ends + CLEARING_UP, AgentState.OFFLINE, ""),
        ):
            yield Turn(at=at, tenant=tenant, agent=agent, state=state, reason=reason)

    def offered(self, _session: Session, now: datetime) -> Plan | None:
        """He looks up after a while, mostly."""
        what, seconds = self._chance.random(), self._chance.uniform(2, 25)
        if what < LATE_OFFER:
            return None
        deed = Deed.DECLINE if what < LATE_OFFER + DECLINES else Deed.ACCEPT
        return Plan(at=now + timedelta(seconds=seconds), deed=deed)

    def assigned(self, session: Session, now: datetime) -> Plan:
        """He answers it after those that he had before, or sees that it is for others."""
        others = [queue for queue in self._queues if queue != session.queue]
        is_for_others = bool(others) and self._chance.random() < PASSES_ON
        minutes = 1.0 if is_for_others else self._chance.lognormvariate(0, 0.6) * USUAL * HARDER.get(session.queue, 1.0)
        begins = max(self._free_at.get(session.owner, now), now)
        for pause, over in self._pauses[session.owner]:
            begins = over if pause <= begins < over else begins
        at = self._free_at[session.owner] = begins + timedelta(minutes=minutes)
        if is_for_others:
            return Plan(at=at, deed=Deed.TRANSFER, queue=self._chance.choice(others))
        return Plan(at=at, deed=Deed.ANSWER)
