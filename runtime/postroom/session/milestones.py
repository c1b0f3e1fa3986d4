"""What of a decision is counted: openings, first replies, transfers, missed offers, and how long who had a session.

A function of the session before and after, so that the figures of a span are those of its decisions and of nothing
else. A session in shadow is nobody's work and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from msgspec import Struct

from postroom.session.effects import CountMissedOffer
from postroom.session.events import AgentStayedSilent, AnyEvent, SessionTransferred
from postroom.session.policy import Policy
from postroom.session.rules.ruling import Ruling
from postroom.session.service_level import is_in_time
from postroom.session.state import Phase, Session


class Mark(Enum):
    """What happened."""

    OPENED = "opened"
    """The session began, in that queue."""
    FIRST_REPLY = "first_reply"
    """The first reply of the session left; it took from the session's opening."""
    TAKEN = "taken"
    """The session became this agent's."""
    WORKED = "worked"
    """The agent laid it down, answered or not; it took from when he had the word."""
    TRANSFER = "transfer"
    """It was given, or taken, from this agent or queue to another."""
    MISSED_OFFER = "missed_offer"
    """The agent said nothing to an offer."""


class Milestone(Struct, frozen=True, kw_only=True):
    """Something to be counted; `agent` is empty where it is nobody's, `took` is in seconds."""

    tenant: str
    at: datetime
    mark: Mark
    channel: str
    queue: str
    agent: str = ""
    took: float = 0.0
    in_time: bool = False
    """Of a first reply: whether it was within the service level of its queue."""


def milestones(
    before: Session, event: AnyEvent, ruling: Ruling, policy: Policy, now: datetime
) -> tuple[Milestone, ...]:
    """Give what that decision counts for."""
    after, effects = ruling
    if after.is_shadow:
        return ()
    missed = (_of(before, Mark.MISSED_OFFER, now, one.agent) for one in effects if isinstance(one, CountMissedOffer))
    return (*missed, *_changes(before, event, after, policy, now))


def _changes(before: Session, event: AnyEvent, after: Session, policy: Policy, now: datetime) -> Iterator[Milestone]:
    if after is before:
        return
    if before.phase is Phase.NEW:
        yield _of(after, Mark.OPENED, now, "")
    if before.first_replied_at is None and after.first_replied_at is not None:
        yield _first_reply(after, after.first_replied_at, policy, now)
    if before.in_hand_since is not None and after.in_hand_since != before.in_hand_since:
        took = (now - before.in_hand_since).total_seconds()
        yield _of(before, Mark.WORKED, now, before.owner, took)
    if isinstance(event, SessionTransferred | AgentStayedSilent) and _whose(after) != _whose(before):
        yield _of(before, Mark.TRANSFER, now, before.owner)
    if after.assignment is not None and _token(after) != _token(before):
        yield _of(after, Mark.TAKEN, now, after.owner)


def _first_reply(session: Session, replied_at: datetime, policy: Policy, now: datetime) -> Milestone:
    return Milestone(
        tenant=session.tenant,
        at=now,
        mark=Mark.FIRST_REPLY,
        channel=session.channel,
        queue=session.queue,
        agent=session.owner,
        took=(replied_at - session.opened_at).total_seconds(),
        in_time=is_in_time(session, replied_at, policy),
    )


def _of(session: Session, mark: Mark, now: datetime, agent: str, took: float = 0.0) -> Milestone:
    return Milestone(
        tenant=session.tenant,
        at=now,
        mark=mark,
        channel=session.channel,
        queue=session.queue,
        agent=agent,
        took=took,
    )


def _whose(session: Session) -> tuple[str, str, str]:
    return session.queue, session.owner, session.held_for


def _token(session: Session) -> str:
    return session.assignment.token if session.assignment is not None else ""
