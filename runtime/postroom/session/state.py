"""A session: one period of service inside a conversation, as a value.

It is in charge of what a session is; what may happen to it is decide.py's.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NewType

from msgspec import Struct

ConversationId = NewType("ConversationId", str)
SessionId = NewType("SessionId", str)


class Phase(Enum):
    """Where a session stands."""

    NEW = "new"
    QUEUED = "queued"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    AWAITING_CUSTOMER = "awaiting_customer"
    ENDED = "ended"


HOLDING = frozenset({Phase.OFFERED, Phase.ASSIGNED})
"""The phases in which a session takes a place of an agent's capacity."""


class TimerKind(Enum):
    """The deadlines a session can have; at most one of a kind at a time."""

    OFFER_EXPIRY = "offer_expiry"


class Offer(Struct, frozen=True, kw_only=True):
    """A session held out to one agent until `expires_at`; `token` tells this offer from any later one."""

    agent: str
    token: str
    offered_at: datetime
    expires_at: datetime


class Assignment(Struct, frozen=True, kw_only=True):
    """Who owns the session; commands carry `token`, so that one from before a change of owner is told apart."""

    agent: str
    token: str
    assigned_at: datetime


class Session(Struct, frozen=True, kw_only=True):
    """One period of service. Times are aware UTC; `queued_at` is its age and survives every return to the queue."""

    id: SessionId
    conversation: ConversationId
    tenant: str
    channel: str
    opened_at: datetime
    phase: Phase = Phase.NEW
    queue: str = ""
    priority: int = 0
    queued_at: datetime | None = None
    offer: Offer | None = None
    assignment: Assignment | None = None
    passed_over: tuple[str, ...] = ()
    """Agents who did not take an offer of this session, asked last from now on."""
    unanswered_since: datetime | None = None
    """Receipt of the oldest customer mail nobody has answered yet."""
    first_replied_at: datetime | None = None
    replied_at: datetime | None = None
    ended_at: datetime | None = None
    ended_because: str = ""

    @property
    def holder(self) -> str | None:
        """The agent whose capacity this session takes a place of, or None."""
        if self.phase is Phase.OFFERED and self.offer is not None:
            return self.offer.agent
        if self.phase is Phase.ASSIGNED and self.assignment is not None:
            return self.assignment.agent
        return None

    @property
    def is_open(self) -> bool:
        """Whether the period of service still runs."""
        return self.phase is not Phase.ENDED
