"""An offer's life: made, accepted, declined, expired, lost with its agent; and a pick, which needs none."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from postroom.session.effects import (
    AnyEffect,
    ArmTimer,
    AssignToAgent,
    CancelTimer,
    CountMissedOffer,
    EnterQueue,
    ForgetMissedOffers,
    Ignore,
    OfferToAgent,
    ReleasePlace,
    WithdrawOffer,
)
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    SessionPicked,
)
from postroom.session.policy import Facts, Policy
from postroom.session.state import Assignment, Offer, Phase, Session, TimerKind

Decision = tuple[Session, tuple[AnyEffect, ...]]

DEFAULT_OFFER_SECONDS = 60.0
DEFAULT_MISSED_OFFERS = 3


def made(session: Session, event: AgentReserved, _facts: Facts, policy: Policy, now: datetime) -> Decision:
    """The session is held out to the agent the queue found."""
    expires_at = now + timedelta(seconds=policy.offer_for.get(session.queue, DEFAULT_OFFER_SECONDS))
    offer = Offer(agent=event.agent, token=event.token, offered_at=now, expires_at=expires_at)
    return replace(session, phase=Phase.OFFERED, offer=offer), (
        OfferToAgent(agent=event.agent, token=event.token, expires_at=expires_at),
        ArmTimer(kind=TimerKind.OFFER_EXPIRY, due_at=expires_at, token=event.token),
    )


def accepted(session: Session, event: OfferAccepted, _facts: Facts, _policy: Policy, now: datetime) -> Decision:
    """The agent takes the session; the place he was reserved stays his."""
    if not _is_this_offer(session, event.agent, event.token):
        return _another_offer(session)
    return _assign(session, event.agent, event.token, now), (
        CancelTimer(kind=TimerKind.OFFER_EXPIRY),
        ForgetMissedOffers(agent=event.agent),
        AssignToAgent(agent=event.agent, token=event.token),
    )


def accepted_again(session: Session, event: OfferAccepted, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """A second press of accept by the owner is not a fault; by anybody else it is too late."""
    owner = session.assignment
    if owner is not None and (owner.agent, owner.token) == (event.agent, event.token):
        return session, ()
    return _another_offer(session)


def declined(session: Session, event: OfferDeclined, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """The session goes back to its place in the queue, and this agent is asked last from now on."""
    if not _is_this_offer(session, event.agent, event.token):
        return _another_offer(session)
    return _back_to_queue(session), (
        CancelTimer(kind=TimerKind.OFFER_EXPIRY),
        ReleasePlace(agent=event.agent),
        EnterQueue(queue=session.queue),
    )


def expired(session: Session, event: OfferExpired, _facts: Facts, policy: Policy, _now: datetime) -> Decision:
    """Nobody answered in time: back to the queue with its age, and one missed offer for the agent."""
    offer = session.offer
    if offer is None or offer.token != event.token:
        return _another_offer(session)
    limit = policy.max_missed_offers.get(session.queue, DEFAULT_MISSED_OFFERS)
    return _back_to_queue(session), (
        WithdrawOffer(agent=offer.agent, token=offer.token, reason="expired"),
        ReleasePlace(agent=offer.agent),
        CountMissedOffer(agent=offer.agent, limit=limit),
        EnterQueue(queue=session.queue),
    )


def agent_left(session: Session, event: AgentLeft, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """The agent it was held out to is no longer there for it."""
    offer = session.offer
    if offer is None or offer.agent != event.agent:
        return session, (Ignore(reason="the offer is another agent's", holder=session.holder or ""),)
    return _back_to_queue(session), (
        CancelTimer(kind=TimerKind.OFFER_EXPIRY),
        WithdrawOffer(agent=offer.agent, token=offer.token, reason="agent_left"),
        ReleasePlace(agent=offer.agent),
        EnterQueue(queue=session.queue),
    )


def picked(session: Session, event: SessionPicked, _facts: Facts, _policy: Policy, now: datetime) -> Decision:
    """An agent took it himself; no offer, no waiting."""
    return _assign(session, event.agent, event.token, now), (
        ForgetMissedOffers(agent=event.agent),
        AssignToAgent(agent=event.agent, token=event.token),
    )


def came_second(
    session: Session, event: AgentReserved | SessionPicked, _facts: Facts, _policy: Policy, _now: datetime
) -> Decision:
    """Somebody else was faster: the place taken for it is given back."""
    holder = session.holder or (session.assignment.agent if session.assignment else "")
    return session, (
        ReleasePlace(agent=event.agent),
        Ignore(reason="the session no longer waits", holder=holder),
    )


def _is_this_offer(session: Session, agent: str, token: str) -> bool:
    offer = session.offer
    return offer is not None and (offer.agent, offer.token) == (agent, token)


def _another_offer(session: Session) -> Decision:
    return session, (Ignore(reason="the offer is over", holder=session.holder or ""),)


def _assign(session: Session, agent: str, token: str, now: datetime) -> Session:
    assignment = Assignment(agent=agent, token=token, assigned_at=now)
    return replace(session, phase=Phase.ASSIGNED, offer=None, assignment=assignment)


def _back_to_queue(session: Session) -> Session:
    asked = session.offer.agent if session.offer else ""
    passed_over = (*(name for name in session.passed_over if name != asked), asked)
    return replace(session, phase=Phase.QUEUED, offer=None, assignment=None, passed_over=passed_over)
