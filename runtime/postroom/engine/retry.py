"""Whether and when to try again: pure decisions over what was tried and when; it never waits and never tries."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from postroom.ports.gateways import RecipientResult

FIRST_RETRY = timedelta(minutes=5)
"""Postfix's minimal_backoff_time; doubled at each further try up to LAST_RETRY (its maximal_backoff_time)."""
LAST_RETRY = timedelta(seconds=4_000)

BREAKER_FIRST = 5.0
BREAKER_LAST = 900.0


class Fate(Enum):
    """What becomes of one recipient after an attempt."""

    SENT = "sent"
    AGAIN = "again"
    FAILED = "failed"


class Backoff(Struct, frozen=True, kw_only=True):
    """How a gateway's failures in a row space its next tries: 5 s doubling to 15 min, jittered."""

    failures: int = 0

    def failed(self) -> Backoff:
        """One more failure."""
        return Backoff(failures=self.failures + 1)

    def seconds(self, jitter: float) -> float:
        """Seconds until the next try; `jitter` in [0, 1) spreads it over the upper half of the step."""
        step = min(BREAKER_FIRST * 2.0 ** min(self.failures - 1, 16), BREAKER_LAST)
        return step * (0.5 + jitter / 2)


def fate(result: RecipientResult, accepted_at: datetime, now: datetime, give_up_after: float) -> Fate:
    """Judge one recipient's answer: 2yz is sent, 5yz is final, everything else is tried until give_up_after seconds."""
    if result.accepted:
        return Fate.SENT
    # RFC 5321 §4.2.1: a 5yz reply is a permanent negative completion; no reply at all is not.
    if 500 <= result.code < 600:  # noqa: PLR2004 the 5yz class
        return Fate.FAILED
    return Fate.FAILED if now - accepted_at >= timedelta(seconds=give_up_after) else Fate.AGAIN


def next_try(attempts: int, now: datetime, *, is_gateway_fault: bool = False) -> datetime:
    """When to hand the mail over again after that many attempts.

    A gateway that could not be reached or signed in to says nothing about the mail: it is tried again soon, and ever
    more seldom, as a receiving gateway is.
    """
    if is_gateway_fault:
        return now + timedelta(seconds=Backoff(failures=attempts).seconds(1.0))
    doublings: int = 2 ** min(max(attempts - 1, 0), 10)
    return now + min(FIRST_RETRY * doublings, LAST_RETRY)
