"""Which agents a queue's sessions are offered to; a pure choice over values.

`assigned` goes through sessions in order of turn and gives each to the best of those who can take it. It never
reserves a place and never looks at the queue itself: the unit of work that calls it does both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

_NEVER_SERVED = datetime.min.replace(tzinfo=UTC)


class Strategy(Enum):
    """Who of those who can take a session is asked."""

    LONGEST_IDLE = "longest_idle"
    LEAST_LOADED = "least_loaded"
    """Who has the smallest share of his places taken."""
    SKILL_LEVEL = "skill_level"
    """Who knows most."""


class Stage(Struct, frozen=True, kw_only=True):
    """From `after` seconds of waiting on, `level` is enough."""

    after: float
    level: int


class Rules(Struct, frozen=True, kw_only=True):
    """How a queue chooses: the members' levels (0 where none is said), the level wanted, and how that falls."""

    strategy: Strategy = Strategy.LONGEST_IDLE
    levels: Mapping[str, int] = {}
    wanted: int = 0
    relaxation: tuple[Stage, ...] = ()

    def wanted_after(self, waited: float) -> int:
        """The level wanted of an agent for who has waited that many seconds; it never rises."""
        return min([self.wanted, *(stage.level for stage in self.relaxation if stage.after <= waited)])


class Candidate(Struct, frozen=True, kw_only=True):
    """A member of the queue as he stands now: `load` places taken of `capacity`."""

    name: str
    is_ready: bool
    load: int
    capacity: int
    idle_since: datetime | None = None
    """Since when no new session was given to him; None where none ever was."""

    def can_take(self, weight: int) -> bool:
        """Whether he is ready with so many places left."""
        return self.is_ready and self.load + weight <= self.capacity


class Waiter(Struct, frozen=True, kw_only=True):
    """A session that waits in the queue: for how many seconds, and how many places it takes."""

    name: str
    waited: float = 0.0
    weight: int = 1
    passed_over: Sequence[str] = ()
    """Who let it go, longest ago first: asked after everybody else, in this order."""
    left_out: Sequence[str] = ()
    """Who is not asked at all."""


def assigned(
    waiters: Sequence[Waiter], candidates: Sequence[Candidate], rules: Rules, now: datetime
) -> Iterator[tuple[Waiter, str]]:
    """Give the sessions that can be served, in order of turn, each with its agent.

    Who cannot be served waits on, and keeps nobody behind him from an agent who could not take him anyway.
    """
    free = {one.name: one for one in candidates if one.can_take(1)}
    for waiter in waiters:
        if not free:
            return
        agent = choose(waiter, tuple(free.values()), rules)
        if agent is not None:
            one = free.pop(agent)
            busier = replace(one, load=one.load + waiter.weight, idle_since=now)
            free.update({agent: busier} if busier.can_take(1) else {})
            yield waiter, agent


def choose(waiter: Waiter, candidates: Sequence[Candidate], rules: Rules) -> str | None:
    """Give who is asked for this session, or None where nobody can take it; ties go by idle time, then name."""
    wanted = rules.wanted_after(waiter.waited)
    able = [
        one
        for one in candidates
        if one.can_take(waiter.weight) and one.name not in waiter.left_out and rules.levels.get(one.name, 0) >= wanted
    ]
    if not able:
        return None
    turns = {name: turn for turn, name in enumerate(waiter.passed_over, start=1)}
    merit = _MERITS[rules.strategy]

    def order(one: Candidate) -> tuple[int, float, datetime, str]:
        return turns.get(one.name, 0), merit(one, rules), one.idle_since or _NEVER_SERVED, one.name

    return min(able, key=order).name


def _any(_one: Candidate, _rules: Rules) -> float:
    return 0


def _share_taken(one: Candidate, _rules: Rules) -> float:
    return one.load / one.capacity


def _knows_less(one: Candidate, rules: Rules) -> float:
    return -rules.levels.get(one.name, 0)


_MERITS: Mapping[Strategy, Callable[[Candidate, Rules], float]] = {
    Strategy.LONGEST_IDLE: _any,
    Strategy.LEAST_LOADED: _share_taken,
    Strategy.SKILL_LEVEL: _knows_less,
}
"""What comes before idle time; the smallest is asked first."""
