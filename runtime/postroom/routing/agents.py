"""An agent's own state machine: ready, not ready (with a reason), offline; decisions over values.

It never writes a state and never looks at a clock: how long an agent has been silent is an argument, in seconds.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

AGENT_HEARTBEAT = 120.0
"""Seconds without an open event stream or a request after which an agent is taken as gone."""

MISSED_OFFERS = "missed_offers"
HEARTBEAT_LOST = "heartbeat_lost"


class AgentState(Enum):
    """Whether an agent takes work."""

    READY = "ready"
    NOT_READY = "not_ready"
    OFFLINE = "offline"


class Standing(Struct, frozen=True, kw_only=True):
    """How an agent stands: his state, why (in words or a word of this file), and the offers in a row he let run out."""

    state: AgentState
    reason: str = ""
    missed_offers: int = 0


class Sight(Struct, frozen=True, kw_only=True):
    """What is seen of an agent: open event streams, and seconds since his last request or stream."""

    streams: int
    silent_for: float


def asked(standing: Standing, state: AgentState, reason: str) -> Standing:
    """The agent says how he stands; being ready needs no reason and forgets what he missed.

    Saying again what already holds changes nothing: his idle time must not start anew.
    """
    reason = "" if state is AgentState.READY else reason
    if (standing.state, standing.reason) == (state, reason):
        return standing
    missed = 0 if state is AgentState.READY else standing.missed_offers
    return Standing(state=state, reason=reason, missed_offers=missed)


def let_offer_run_out(standing: Standing, limit: int) -> Standing:
    """One more offer ran out on him; at `limit` in a row a ready agent is not ready any more."""
    missed = standing.missed_offers + 1
    if standing.state is AgentState.READY and missed >= limit:
        return Standing(state=AgentState.NOT_READY, reason=MISSED_OFFERS, missed_offers=missed)
    return Standing(state=standing.state, reason=standing.reason, missed_offers=missed)


def seen(standing: Standing, sight: Sight, heartbeat: float = AGENT_HEARTBEAT) -> Standing:
    """An agent with no stream, silent for a whole heartbeat, is offline; nobody becomes ready by being seen."""
    gone = sight.streams <= 0 and sight.silent_for >= heartbeat
    if not gone or standing.state is AgentState.OFFLINE:
        return standing
    return Standing(state=AgentState.OFFLINE, reason=HEARTBEAT_LOST, missed_offers=standing.missed_offers)


def loses_offers(before: Standing, after: Standing) -> bool:
    """Whether what is offered to him goes back to its queue: he was there for it, and is not any more."""
    return before.state is not after.state and after.state is not AgentState.READY
