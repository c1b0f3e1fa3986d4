"""What a customer's mail does to a session, phase by phase; it never looks at who the customer is."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, AssignToAgent, EnterQueue, NotifyAgent, OpenSession, TakePlace
from postroom.session.events import MessageAttached, MessageReceived
from postroom.session.policy import Facts, Policy
from postroom.session.state import Phase, Session

Decision = tuple[Session, tuple[AnyEffect, ...]]


def wrote_first(session: Session, event: MessageReceived, _facts: Facts, policy: Policy, now: datetime) -> Decision:
    """The first mail opens the session and puts it in its queue."""
    queued = replace(
        session,
        phase=Phase.QUEUED,
        queue=event.queue or policy.queue,
        priority=policy.priority if event.priority is None else event.priority,
        queued_at=now,
        unanswered_since=event.received_at,
    )
    return queued, (EnterQueue(queue=queued.queue),)


def wrote_while_waiting(
    session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """A further mail keeps the place in the queue, or the offer that already stands."""
    told = (NotifyAgent(agent=session.offer.agent, what="customer_wrote"),) if session.offer else ()
    return _unanswered(session, event), told


def wrote_to_owner(
    session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """The owner is told; what he has not answered counts from the oldest mail."""
    return _unanswered(session, event), _tell_owner(session, "customer_wrote")


def answered(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """The customer answered: to the owner if he can take him at once, else to the queue."""
    session = _unanswered(session, event)
    owner = session.assignment
    if owner is not None and facts.agent_can_take:
        back = replace(session, phase=Phase.ASSIGNED)
        return back, (
            TakePlace(agent=owner.agent),
            AssignToAgent(agent=owner.agent, token=owner.token),
            NotifyAgent(agent=owner.agent, what="customer_wrote"),
        )
    queue = session.queue or policy.queue
    waiting = replace(session, phase=Phase.QUEUED, queue=queue, queued_at=now, assignment=None, passed_over=())
    return waiting, (*_tell_owner(session, "back_in_queue"), EnterQueue(queue=queue))


def wrote_after_the_end(
    session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """However soon after the end, a customer's mail is a new period of service."""
    return session, (OpenSession(mail=event.mail),)


def note_was_attached(
    session: Session, event: MessageAttached, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """Automatic mail changes nothing but is shown to who has the session."""
    holder = session.holder
    return session, (NotifyAgent(agent=holder, what=f"note:{event.mail_class}"),) if holder else ()


def _unanswered(session: Session, event: MessageReceived) -> Session:
    return replace(session, unanswered_since=session.unanswered_since or event.received_at)


def _tell_owner(session: Session, what: str) -> tuple[AnyEffect, ...]:
    return (NotifyAgent(agent=session.assignment.agent, what=what),) if session.assignment else ()
