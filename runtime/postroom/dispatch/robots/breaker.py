"""Whether a robot that keeps failing is asked at all: closed, open after failures in a row, half open for one probe.

Pure: the time (seconds of a clock that never jumps) is an argument. One question at a time may probe a half-open
breaker; what comes of questions asked before it opened is too old to say anything.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace


class State(Enum):
    """How the breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Plan(Struct, frozen=True, kw_only=True):
    """After how many failures in a row it opens, and for how many seconds."""

    failures: int = 5
    pause: float = 30.0


class Breaker(Struct, frozen=True, kw_only=True):
    """One robot's breaker; `round` tells the questions asked since it last changed its mind from older ones."""

    state: State = State.CLOSED
    failures: int = 0
    opened_at: float = 0.0
    round: int = 0


class Permit(Struct, frozen=True):
    """Leave to ask, given back with what came of it."""

    round: int


def admit(breaker: Breaker, plan: Plan, now: float) -> tuple[Breaker, Permit | None]:
    """Give leave to ask one question, or none while the robot is left in peace."""
    if breaker.state is State.CLOSED:
        return breaker, Permit(breaker.round)
    if breaker.state is State.OPEN and now - breaker.opened_at >= plan.pause:
        probing = replace(breaker, state=State.HALF_OPEN, round=breaker.round + 1)
        return probing, Permit(probing.round)
    return breaker, None


def succeeded(breaker: Breaker, permit: Permit) -> Breaker:
    """The robot did its work: nothing is held against it any more."""
    if permit.round != breaker.round:
        return breaker
    if breaker.state is State.HALF_OPEN:
        return Breaker(round=breaker.round + 1)
    return replace(breaker, failures=0)


def failed(breaker: Breaker, plan: Plan, permit: Permit, now: float) -> Breaker:
    """The robot failed: one more in a row, or the probe."""
    if permit.round != breaker.round:
        return breaker
    failures = breaker.failures + 1
    if breaker.state is State.HALF_OPEN or failures >= plan.failures:
        return Breaker(state=State.OPEN, failures=failures, opened_at=now, round=breaker.round + 1)
    return replace(breaker, failures=failures)


def given_up(breaker: Breaker, permit: Permit) -> Breaker:
    """The question was withdrawn before anything came of it: a probe is to be made again."""
    if permit.round == breaker.round and breaker.state is State.HALF_OPEN:
        return replace(breaker, state=State.OPEN, round=breaker.round + 1)
    return breaker
