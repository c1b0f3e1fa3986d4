"""The pace at which automatic replies leave by a gateway, and what became of those that did not get their turn.

A gateway that must send more of them than it may is a sign of a storm: who waited ten minutes for his turn gets none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from postroom.ports.records import Reply, ReplyState
from postroom.ports.world import Clock

MINUTE = 60.0
LONGEST_WAIT = timedelta(minutes=10)

Ended = Callable[[Reply, str, str], None]
"""Told of an automatic reply that came to its end: the outcome, and the reason, as the metric names them."""
DELIVERY = "delivery"


class Turn(Struct, frozen=True, kw_only=True):
    """Whether the reply goes now, in so many seconds, or never."""

    seconds: float = 0.0
    is_suppressed: bool = False


class AutomaticDelivery:
    """Counts what left within a minute, for every gateway of this process."""

    def __init__(self, clock: Clock, ended: Ended) -> None:
        self._clock = clock
        self._ended = ended
        self._left: dict[tuple[str, str], deque[float]] = {}

    def turn(self, reply: Reply, per_minute: int, *, has_waited: bool) -> Turn:
        """Take a turn for the reply, or say when to ask again; `has_waited` says that it was told to before."""
        if has_waited and self._clock.now() - reply.accepted_at >= LONGEST_WAIT:
            return Turn(is_suppressed=True)
        now, left = self._clock.monotonic(), self._left.setdefault((reply.tenant, reply.gateway), deque())
        while left and now - left[0] >= MINUTE:
            left.popleft()
        if per_minute and len(left) >= per_minute:
            return Turn(seconds=MINUTE - (now - left[0]))
        left.append(now)
        return Turn()

    def suppressed(self, reply: Reply, reason: str) -> None:
        """It is never sent: it did not get its turn in time, or no more may leave on its day."""
        self._ended(reply, "suppressed", reason)

    def ended(self, reply: Reply, state: ReplyState, *, is_over: bool) -> None:
        """An attempt came to this; nothing is told while there will be another."""
        if state is ReplyState.SENT:
            self._ended(reply, "sent", reply.automatic)
        elif is_over:
            self._ended(reply, "unknown" if state is ReplyState.UNKNOWN else "failed", DELIVERY)
