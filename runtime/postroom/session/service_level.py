"""Whether a session's first reply came within the time that its queue sets itself, on the clock of the queue."""

from __future__ import annotations

from datetime import datetime

from postroom.session.policy import Policy
from postroom.session.state import Session


def is_in_time(session: Session, replied_at: datetime, policy: Policy) -> bool:
    """Whether that first reply was in time; it counts from the opening of the session."""
    rules = policy.of_queue(session.queue)
    if rules.in_work_time:
        took = policy.hours.work_time_between(session.opened_at, replied_at)
    else:
        took = replied_at - session.opened_at
    return took.total_seconds() <= rules.first_response_within
