"""Which of a queue's agents is asked for the session whose turn it is; a pure choice over values.

It never reserves a place and never looks at the queue itself: the unit of work that calls it does both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

_NEVER_SERVED = datetime.min.replace(tzinfo=UTC)


class Candidate(Struct, frozen=True, kw_only=True):
    """A member of the queue as he stands now: `load` places taken of `capacity`."""

    name: str
    is_ready: bool
    load: int
    capacity: int
    idle_since: datetime | None = None
    """Since when no new session was given to him; None where none ever was."""

    @property
    def can_take(self) -> bool:
        """Whether he is ready with a place left."""
        return self.is_ready and self.load < self.capacity


def choose(passed_over: Sequence[str], candidates: Sequence[Candidate]) -> str | None:
    """Give the longest idle agent who can take the session, or None where nobody can.

    Those who already let it go come after everybody else, who let it go longest ago first; ties go by name.
    """
    able = [candidate for candidate in candidates if candidate.can_take]
    if not able:
        return None
    turns = {name: turn for turn, name in enumerate(passed_over, start=1)}
    return min(able, key=lambda one: (turns.get(one.name, 0), one.idle_since or _NEVER_SERVED, one.name)).name
