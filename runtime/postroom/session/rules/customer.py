"""What a customer's mail does to a session, phase by phase; it never looks at who the customer is."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, EnterQueue, NotifyAgent, OpenSession
from postroom.session.events import MessageAttached, MessageReceived
from postroom.session.facts import AgentFact, Facts
from postroom.session.policy import Policy
from postroom.session.rules import robot, waiting
from postroom.session.rules.confirming import confirmed
from postroom.session.rules.ruling import Ruling
from postroom.session.state import Phase, Session


def wrote_first(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The first mail of a session: to the robot, or to people by the hour."""
    begun = replace(
        _heard(replace(session, labels=policy.labels), event),
        queue=event.queue or policy.queue,
        priority=policy.priority if event.priority is None else event.priority,
        weight=policy.weight,
        is_shadow=policy.is_shadow,
    )
    asked = robot.asked_first(begun, event, facts, policy, now)
    return asked or to_people(begun, facts, policy, now)


def to_people(session: Session, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The session waits for an agent by the hour, the last one first where the channel wants it, and is confirmed."""
    prefer = waiting.known_agent(session, facts, policy, now)
    return confirmed(waiting.arrive(session, facts, policy, now, prefer), facts, policy, now)


def wrote_while_waiting(
    session: Session, event: MessageReceived, _facts: Facts, policy: Policy, _now: datetime
) -> Ruling:
    """A further mail keeps the place in the queue, or the offer that already stands; a trial that is over is served."""
    heard = _heard(session, event)
    if session.is_shadow and not policy.is_shadow:
        return replace(heard, is_shadow=False), (EnterQueue(queue=session.queue),)
    return heard, (NotifyAgent(agent=session.offer.agent, what="customer_wrote"),) if session.offer else ()


def wrote_offline(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """A further mail joins the offline message; each is confirmed where the channel says so."""
    heard = _heard(session, event)
    if session.is_shadow and not policy.is_shadow:
        heard = replace(heard, is_shadow=False, not_before=None)
    return confirmed((heard, ()), facts, policy, now) if policy.automatic.each else (heard, ())


def wrote_to_robot(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """A keyword leads to people, anything else is the robot's next turn; an older question is void either way."""
    heard = replace(_heard(session, event), silent_since=None, robot_asked_since=None)
    if event.keyword:
        return robot.left(heard, f"keyword {event.keyword!r}", facts, policy, now)
    return robot.asked_again(heard, facts, policy, now)


def wrote_to_owner(session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The owner is told; what was put aside is in hand again. His silence counts from the oldest mail."""
    heard = replace(_heard(session, event), parked_since=None, parked_until=None)
    is_new = session.unanswered_since is None or session.parked_since is not None
    heard = replace(heard, answer_due_since=now if is_new else session.answer_due_since)
    return heard, waiting.tell_owner(session, "customer_wrote")


def answered(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The customer answered: to the owner if he can take him at once, else he waits, kept for the owner a while."""
    heard = replace(_heard(session, event), silent_since=None, queued_at=now)
    owner = session.assignment
    if owner is not None and _can_go_on(session, facts.owner):
        back = replace(heard, phase=Phase.ASSIGNED, answer_due_since=now)
        return back, (
            AssignToAgent(agent=owner.agent, token=owner.token),
            NotifyAgent(agent=owner.agent, what="customer_wrote"),
        )
    prefer = waiting.preferred(facts.owner, session, policy, any_queue=True)
    asked_anew = replace(heard, queue=session.queue or policy.queue, passed_over=(), overflowed=False)
    session_waits, effects = confirmed(waiting.enter(asked_anew, policy, now, prefer), facts, policy, now)
    return session_waits, (*waiting.tell_owner(session, "back_in_queue"), *effects)


def wrote_in_wrap_up(session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The service is not over: the ending is withdrawn."""
    back = replace(_heard(session, event), phase=Phase.ASSIGNED, wrap_up_since=None, ended_because="")
    back = replace(back, answer_due_since=now)
    return back, waiting.tell_owner(session, "customer_wrote")


def wrote_after_the_end(
    session: Session, event: MessageReceived, _facts: Facts, _policy: Policy, _now: datetime
) -> Ruling:
    """However soon after the end, a customer's mail is a new period of service."""
    return session, (OpenSession(mail=event.mail),)


def note_was_attached(
    session: Session, event: MessageAttached, _facts: Facts, _policy: Policy, _now: datetime
) -> Ruling:
    """Automatic mail changes nothing but is shown to who has the session."""
    told = session.holder or session.owner
    return session, (NotifyAgent(agent=told, what=f"note:{event.mail_class}"),) if told else ()


def _can_go_on(session: Session, owner: AgentFact | None) -> bool:
    """Whether the owner can take the session back at once: with a place, or with the one he kept for it."""
    return owner is not None and owner.is_ready and (owner.has_place or session.holder == owner.name)


def _heard(session: Session, event: MessageReceived) -> Session:
    return replace(
        session,
        customer_mail=event.mail,
        customer_wrote_at=event.received_at,
        unanswered_since=session.unanswered_since or event.received_at,
        labels=tuple(dict.fromkeys((*session.labels, *event.labels))),
    )
