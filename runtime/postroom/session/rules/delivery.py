"""What became of a reply: a server took it, or every To recipient failed, which is work for the agent again."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, AssignToAgent, EnterQueue, NotifyAgent, OpenSession, TakePlace
from postroom.session.events import ReplyFailed, ReplySent
from postroom.session.policy import Facts, Policy
from postroom.session.state import Phase, Session

Decision = tuple[Session, tuple[AnyEffect, ...]]


def was_sent(session: Session, event: ReplySent, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """The time a server took the reply is what the customer's silence is measured from."""
    first = session.first_replied_at or event.sent_at
    return replace(session, first_replied_at=first, replied_at=event.sent_at), ()


def came_back_to_owner(
    session: Session, _event: ReplyFailed, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """The owner has the session already and is told."""
    owner = session.assignment
    return session, (NotifyAgent(agent=owner.agent, what="reply_failed"),) if owner else ()


def came_back_to_awaiting(
    session: Session, _event: ReplyFailed, _facts: Facts, _policy: Policy, now: datetime
) -> Decision:
    """The customer never got it: the owner has the word again, over his capacity if need be."""
    owner = session.assignment
    unanswered = replace(session, unanswered_since=session.unanswered_since or now)
    if owner is None:
        return _queue(unanswered, session.queue, now)
    return replace(unanswered, phase=Phase.ASSIGNED), (
        TakePlace(agent=owner.agent),
        AssignToAgent(agent=owner.agent, token=owner.token),
        NotifyAgent(agent=owner.agent, what="reply_failed"),
    )


def came_back_while_waiting(
    session: Session, _event: ReplyFailed, _facts: Facts, _policy: Policy, now: datetime
) -> Decision:
    """It waits for an agent already; nothing is answered any more."""
    return replace(session, unanswered_since=session.unanswered_since or now), ()


def failed_after_the_end(
    session: Session, event: ReplyFailed, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """The service ended on a reply that never arrived: a new session is opened for it."""
    return session, (OpenSession(mail=event.reply),)


def came_back_after_the_end(
    session: Session, _event: ReplyFailed, _facts: Facts, policy: Policy, now: datetime
) -> Decision:
    """A new session whose first event is the failed reply goes to the channel's queue."""
    return _queue(replace(session, unanswered_since=now, priority=policy.priority), policy.queue, now)


def _queue(session: Session, queue: str, now: datetime) -> Decision:
    waiting = replace(session, phase=Phase.QUEUED, queue=queue, queued_at=now)
    return waiting, (EnterQueue(queue=queue),)
