"""What an administrator's settings mean for a session, compiled to values of one generation."""

from __future__ import annotations

from msgspec import Struct


class Policy(Struct, frozen=True, kw_only=True):
    """The rules of one channel. Durations are seconds of wall clock."""

    generation: int
    queue: str
    priority: int = 0
    offer_for: dict[str, float] = {}
    """How long an offer stands, by queue."""
    max_missed_offers: dict[str, int] = {}
    """Offers in a row an agent may let run out before he is set not ready, by queue."""


class Facts(Struct, frozen=True, kw_only=True):
    """What a rule may ask for beyond the session itself, read in the same transaction."""

    agent_can_take: bool = False
    """Whether the session's last owner is ready and has a place left."""
