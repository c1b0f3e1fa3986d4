"""An offer's life: made, accepted, declined, expired, lost with its agent; and a pick, which needs none."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from postroom.session.effects import (
    AssignToAgent,
    CountMissedOffer,
    ForgetMissedOffers,
    NotifyAgent,
    OfferToAgent,
    WithdrawOffer,
)
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ServiceResumed,
    SessionAssigned,
    SessionPicked,
)
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules.ruling import IN_SHADOW, Ruling, ignored, without_owner
from postroom.session.rules.waiting import back_in_queue, closed_to_offers, tell_owner
from postroom.session.state import Assignment, Offer, Phase, Session

_OFFER_IS_OVER = "the offer is over"


def made(session: Session, event: AgentReserved, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The session is held out to the agent the queue found, or is his at once where the queue says so."""
    if session.is_shadow or event.agent in session.left_out or session.held_for not in {"", event.agent}:
        return ignored(session, "it is not for this agent")
    shut = closed_to_offers(session, policy, now)
    if shut is not None:
        return shut
    rules = policy.of_queue(session.queue)
    if rules.auto_accept:
        return _taken(session, event.agent, event.token, policy, now)
    expires_at = now + timedelta(seconds=rules.offer_for)
    offer = Offer(agent=event.agent, token=event.token, offered_at=now, expires_at=expires_at)
    return replace(session, phase=Phase.OFFERED, offer=offer), (
        OfferToAgent(agent=event.agent, token=event.token, expires_at=expires_at),
    )


def accepted(session: Session, event: OfferAccepted, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The agent takes the session; the place he was reserved stays his."""
    if not _is_this_offer(session, event.agent, event.token):
        return ignored(session, _OFFER_IS_OVER)
    return _taken(session, event.agent, event.token, policy, now)


def accepted_again(session: Session, event: OfferAccepted, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """A second press of accept by the owner is not a fault; by anybody else it is too late."""
    owner = session.assignment
    if owner is not None and (owner.agent, owner.token) == (event.agent, event.token):
        return session, ()
    return ignored(session, _OFFER_IS_OVER)


def declined(session: Session, event: OfferDeclined, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The session goes back to its place in the queue, and this agent is asked last from now on."""
    if not _is_this_offer(session, event.agent, event.token):
        return ignored(session, _OFFER_IS_OVER)
    return back_in_queue(session, policy, now)


def expired(session: Session, event: OfferExpired, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """Nobody answered in time: back to the queue with its age, and one missed offer for the agent."""
    offer = session.offer
    if offer is None or offer.token != event.token:
        return ignored(session, _OFFER_IS_OVER)
    back, effects = back_in_queue(session, policy, now)
    limit = policy.of_queue(session.queue).max_missed_offers
    withdrawn = WithdrawOffer(agent=offer.agent, token=offer.token, reason="expired")
    return back, (withdrawn, CountMissedOffer(agent=offer.agent, limit=limit), *effects)


def agent_left(session: Session, event: AgentLeft, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The agent it was held out to is no longer there for it."""
    offer = session.offer
    if offer is None or offer.agent != event.agent:
        return ignored(session, "the offer is another agent's")
    back, effects = back_in_queue(session, policy, now)
    return back, (WithdrawOffer(agent=offer.agent, token=offer.token, reason="agent_left"), *effects)


def resumed(session: Session, _event: ServiceResumed, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The agent could not say anything while nobody served him: his offer begins anew."""
    offer = session.offer
    if offer is None:
        return ignored(session, _OFFER_IS_OVER)
    expires_at = now + timedelta(seconds=policy.of_queue(session.queue).offer_for)
    renewed = replace(offer, offered_at=now, expires_at=expires_at)
    return replace(session, offer=renewed), (OfferToAgent(agent=offer.agent, token=offer.token, expires_at=expires_at),)


def picked(session: Session, event: SessionPicked, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """An agent took it himself; no offer, no waiting."""
    if session.is_shadow:
        return ignored(session, IN_SHADOW)
    return _taken(session, event.agent, event.token, policy, now)


def assigned(session: Session, event: SessionAssigned, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """A supervisor gave it to an agent: an offer that stands is withdrawn, who has it is told.

    To one who is signed out too: if he does not come, it is taken back from him like anything of his.
    """
    if session.is_shadow:
        return ignored(session, IN_SHADOW)
    offer = session.offer
    withdrawn = (WithdrawOffer(agent=offer.agent, token=offer.token, reason="assigned"),) if offer else ()
    told = tell_owner(session, "taken_away")
    given, effects = _taken(session, event.agent, event.token, policy, now)
    is_gone = facts.target is not None and not facts.target.is_signed_in
    given = replace(given, gone_since=now if is_gone else None)
    return given, (*withdrawn, *told, *effects, NotifyAgent(agent=event.agent, what="assigned"))


def _is_this_offer(session: Session, agent: str, token: str) -> bool:
    offer = session.offer
    return offer is not None and (offer.agent, offer.token) == (agent, token)


def _taken(session: Session, agent: str, token: str, policy: Policy, now: datetime) -> Ruling:
    """The session is this agent's from now on; the customer's oldest mail waits for him."""
    owner = Assignment(agent=agent, token=token, assigned_at=now, keeps_place=policy.count_awaiting)
    his = replace(
        without_owner(session),
        phase=Phase.ASSIGNED,
        assignment=owner,
        is_offline_message=False,
        waiting_since=None,
        robot_asked_since=None,
        held_for="",
        held_since=None,
        not_before=None,
        answer_due_since=now if session.unanswered_since else None,
    )
    return his, (ForgetMissedOffers(agent=agent), AssignToAgent(agent=agent, token=token))
