"""Whose turn it is in a queue: priority, then age, and waiting makes up for priority.

It is a function of the session and its queue's rules that no passing of time changes: of two who wait, each gains a
point of priority in the same `ageing` seconds, so who is ahead stays ahead, and the order can be kept as an index.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from postroom.session.policy import Policy
from postroom.session.state import Session


def turn_at(session: Session, policy: Policy) -> datetime | None:
    """The age by which it has its turn: its own, and `ageing` for each point of priority; None where it has none."""
    if session.queued_at is None:
        return None
    return session.queued_at - timedelta(seconds=session.priority * policy.of_queue(session.queue).ageing)
