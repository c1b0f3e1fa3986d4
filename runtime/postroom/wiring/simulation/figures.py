"""What a simulated time comes to in figures: service levels, first replies, occupancy, transfers, the robots' share.

It only counts what the sessions' courses and the agents' turns tell; nothing is decided here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from postroom.routing.agents import AgentState
from postroom.session.spread import Spread, spread
from postroom.session.state import Phase
from postroom.settings import compile as compiled
from postroom.settings.schema import Generation, Queue, Tenant
from postroom.wiring.simulation.course import SessionCourse, Stage
from postroom.wiring.simulation.manners import Turn

SLOTS = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6), timedelta(days=1))
"""The lengths a slot of the course may have: the shortest that gives MOST_SLOTS at most."""
MOST_SLOTS = 60
_WAITING = frozenset({Phase.QUEUED.value, Phase.OFFLINE.value})
_IN_HAND = frozenset({Phase.ASSIGNED.value, Phase.WRAP_UP.value})

Spell = tuple[datetime, datetime]


class QueueFigures(Struct, frozen=True, kw_only=True):
    """One queue; `tenant` is whose it is. Shares are from 0 to 1."""

    tenant: str
    queue: str
    sessions: int
    """Begun in its channels or brought to it, and in it at last."""
    by_robot: int
    """Those of them that no agent was asked for."""
    answered: int
    """Those that an agent answered."""
    waiting: int
    """Those that wait for an agent at the end."""
    first_reply: Spread
    """From the opening of a session to its first answer by an agent."""
    in_time: float | None
    """The share of first replies within the service level; who waits beyond it counts as late."""
    target: float
    within: float
    """The service level: that share, within so many seconds."""
    transfers: int
    occupancy: float | None
    """The share of its members' time at work in which they had something of it in hand; None where none was there."""


class AgentFigures(Struct, frozen=True, kw_only=True):
    """One agent: `at_work` in seconds, `occupancy` the share of it with something in hand."""

    tenant: str
    agent: str
    at_work: float
    occupancy: float | None
    places: float | None
    """The mean share of his places that were taken while he was at work."""
    sessions: int
    """That he had."""
    offers: int


class Slot(Struct, frozen=True, kw_only=True):
    """A piece of the time: what came and was answered in it, and how it was at its end."""

    at: datetime
    arrived: int
    by_robot: int
    by_agents: int
    waiting: int
    at_work: int
    in_hand: int
    """Agents with something in hand."""


class Figures(Struct, frozen=True, kw_only=True):
    """All figures of a simulated time."""

    since: datetime
    until: datetime
    sessions: int
    by_robot: int
    first_reply: Spread
    first_robot_answer: Spread
    in_time: float | None
    occupancy: float | None
    transfers: int
    queues: tuple[QueueFigures, ...]
    agents: tuple[AgentFigures, ...]
    slots: tuple[Slot, ...]


class Observed(Struct, frozen=True, kw_only=True):
    """What was seen: the sessions in order of their opening, and who came and left."""

    generation: Generation
    sessions: Sequence[SessionCourse]
    turns: Sequence[Turn]
    since: datetime
    until: datetime


def figures(seen: Observed) -> Figures:
    """Count."""
    at_work = {key: _at_work(turns, seen.until) for key, turns in _by_agent(seen.turns).items()}
    in_hand = _in_hand(seen)
    queues = tuple(
        _queue(seen, tenant, queue, at_work, in_hand) for tenant in seen.generation.tenants for queue in tenant.queues
    )
    agents = tuple(_agents(seen, at_work, in_hand))
    return Figures(
        since=seen.since,
        until=seen.until,
        sessions=len(seen.sessions),
        by_robot=sum(is_robots(one) for one in seen.sessions),
        first_reply=spread(_first_replies(seen.sessions)),
        first_robot_answer=spread(_robot_answers(seen.sessions)),
        in_time=_share([one.in_time for one in seen.sessions if one.in_time is not None]),
        occupancy=_mean([one.occupancy for one in agents if one.occupancy is not None]),
        transfers=sum(one.transfers for one in seen.sessions),
        queues=queues,
        agents=agents,
        slots=tuple(_slots(seen, at_work, in_hand)),
    )


def is_robots(course: SessionCourse) -> bool:
    """Whether a robot answered and no agent was asked."""
    return course.robot_answers > 0 and all(stage.phase in _OF_ROBOT for stage in course.stages)


def is_waiting(course: SessionCourse) -> bool:
    """Whether it waits for an agent at the end."""
    return bool(course.stages) and course.stages[-1].phase in _WAITING


_OF_ROBOT = frozenset({Phase.ROBOT.value, Phase.ENDED.value})


def stages(course: SessionCourse, until: datetime) -> Iterator[tuple[Stage, datetime]]:
    """Give each stage with its end."""
    ends = [stage.at for stage in course.stages[1:]]
    yield from zip(course.stages, [*ends, until], strict=False)


def _by_agent(turns: Iterable[Turn]) -> dict[tuple[str, str], list[Turn]]:
    found: dict[tuple[str, str], list[Turn]] = {}
    for turn in turns:
        found.setdefault((turn.tenant, turn.agent), []).append(turn)
    return found


def _at_work(turns: Sequence[Turn], until: datetime) -> list[Spell]:
    """The times in which he was signed in, pauses left out."""
    ends = [turn.at for turn in turns[1:]]
    spells = zip(turns, [*ends, until], strict=True)
    return [(turn.at, end) for turn, end in spells if turn.state is AgentState.READY]


class _InHand(Struct, frozen=True, kw_only=True):
    """A session in an agent's hands."""

    queue: str
    spell: Spell
    weight: int


def _in_hand(seen: Observed) -> dict[tuple[str, str], list[_InHand]]:
    found: dict[tuple[str, str], list[_InHand]] = {}
    for course in seen.sessions:
        for stage, end in stages(course, seen.until):
            if stage.phase in _IN_HAND and stage.agent:
                held = _InHand(queue=stage.queue or course.queue, spell=(stage.at, end), weight=course.weight)
                found.setdefault((course.tenant, stage.agent), []).append(held)
    return found


def _queue(
    seen: Observed,
    tenant: Tenant,
    queue: Queue,
    at_work: Mapping[tuple[str, str], list[Spell]],
    in_hand: Mapping[tuple[str, str], list[_InHand]],
) -> QueueFigures:
    own = [one for one in seen.sessions if one.tenant == tenant.name and one.queue == queue.name]
    members = [(tenant.name, member) for member in queue.members]
    there = sum(_length(at_work.get(member, [])) for member in members)
    busy = sum(
        _within([held.spell for held in in_hand.get(member, []) if held.queue == queue.name], at_work.get(member, []))
        for member in members
    )
    return QueueFigures(
        tenant=tenant.name,
        queue=queue.name,
        sessions=len(own),
        by_robot=sum(is_robots(one) for one in own),
        answered=sum(one.first_reply_at is not None for one in own),
        waiting=sum(is_waiting(one) for one in own),
        first_reply=spread(_first_replies(own)),
        in_time=_share([one.in_time for one in own if one.in_time is not None]),
        target=queue.service_level.target,
        within=queue.service_level.first_response_within,
        transfers=sum(one.transfers for one in own),
        occupancy=busy / there if there else None,
    )


def _agents(
    seen: Observed,
    at_work: Mapping[tuple[str, str], list[Spell]],
    in_hand: Mapping[tuple[str, str], list[_InHand]],
) -> Iterator[AgentFigures]:
    offers = _offers(seen.sessions)
    for tenant in seen.generation.tenants:
        for agent in tenant.agents:
            key = tenant.name, agent.account
            there, held = at_work.get(key, []), in_hand.get(key, [])
            seconds, places = _length(there), compiled.capacity(tenant, agent)
            taken = sum(one.weight * _within([one.spell], there) for one in held)
            yield AgentFigures(
                tenant=tenant.name,
                agent=agent.account,
                at_work=seconds,
                occupancy=_within([one.spell for one in held], there) / seconds if seconds else None,
                places=taken / seconds / places if seconds else None,
                sessions=len(held),
                offers=offers.get(key, 0),
            )


def _offers(sessions: Iterable[SessionCourse]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for course in sessions:
        for stage in course.stages:
            if stage.phase == Phase.OFFERED.value:
                found[course.tenant, stage.agent] = found.get((course.tenant, stage.agent), 0) + 1
    return found


def _first_replies(sessions: Iterable[SessionCourse]) -> list[float]:
    return [(one.first_reply_at - one.opened_at).total_seconds() for one in sessions if one.first_reply_at is not None]


def _robot_answers(sessions: Iterable[SessionCourse]) -> list[float]:
    return [(one.robot_answered_at - one.opened_at).total_seconds() for one in sessions if one.robot_answered_at]


def _slots(
    seen: Observed,
    at_work: Mapping[tuple[str, str], list[Spell]],
    in_hand: Mapping[tuple[str, str], list[_InHand]],
) -> Iterator[Slot]:
    arrived = _Moments(one.opened_at for one in seen.sessions)
    by_robot = _Moments(one.robot_answered_at for one in seen.sessions if one.robot_answered_at)
    by_agents = _Moments(one.first_reply_at for one in seen.sessions if one.first_reply_at)
    waits = [(stage, end) for course in seen.sessions for stage, end in stages(course, seen.until)]
    waiting = _Spells((stage.at, end) for stage, end in waits if stage.phase in _WAITING)
    # Of one agent no two of these overlap, so he is counted once.
    busy = _Spells(spell for some in in_hand.values() for spell in _union([held.spell for held in some]))
    for since, until in pairwise(_bounds(seen.since, seen.until)):
        yield Slot(
            at=since,
            arrived=arrived.between(since, until),
            by_robot=by_robot.between(since, until),
            by_agents=by_agents.between(since, until),
            waiting=waiting.at(until),
            at_work=sum(any(begun < until <= end for begun, end in spells) for spells in at_work.values()),
            in_hand=busy.at(until),
        )


class _Moments:
    """Moments in order, to be counted."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted(moments)

    def between(self, since: datetime, until: datetime) -> int:
        """How many there are from then on and before then."""
        return self.before(until) - self.before(since)

    def before(self, when: datetime) -> int:
        """How many there are before then."""
        return bisect_left(self._moments, when)


class _Spells:
    """Spells in order, to be counted."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        pairs = list(spells)
        self._begun, self._ended = _Moments(begun for begun, _ in pairs), _Moments(end for _, end in pairs)

    def at(self, when: datetime) -> int:
        """How many had begun before then and were not over."""
        return self._begun.before(when) - self._ended.before(when)


def _bounds(since: datetime, until: datetime) -> list[datetime]:
    length = next((slot for slot in SLOTS if (until - since) / slot <= MOST_SLOTS), SLOTS[-1])
    bounds = [since]
    while bounds[-1] < until and len(bounds) <= MOST_SLOTS:
        bounds.append(bounds[-1] + length)
    return bounds


def _union(spells: Iterable[Spell]) -> list[Spell]:
    """The same times, none twice."""
    joined: list[Spell] = []
    for begun, end in sorted(spells):
        if joined and begun <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begun, end))
    return joined


def _within(spells: Iterable[Spell], bounds: Sequence[Spell]) -> float:
    """The seconds of these times that lie within those bounds."""
    return sum(
        max((min(end, last) - max(begun, first)).total_seconds(), 0.0)
        for begun, end in _union(spells)
        for first, last in bounds
    )


def _length(spells: Iterable[Spell]) -> float:
    return sum((end - begun).total_seconds() for begun, end in spells)


def _share(these: Sequence[bool]) -> float | None:
    return sum(these) / len(these) if these else None


def _mean(these: Sequence[float]) -> float | None:
    return sum(these) / len(these) if these else None
