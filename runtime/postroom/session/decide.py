"""The table that decides what happens to a session.

Theory of operation. A session is a value with a phase. Whatever happens to it (a mail came, an agent said yes, an
offer ran out, a server took a reply) is an event: a past-tense value that somebody else already made durable or
promises to. `decide` looks the pair (phase, kind of event) up in RULES and lets that one rule answer. A rule gets the
session, the event, the facts the shell read in the same transaction, the policy of the channel and the time; it gives
the session as it is from now on, and effects: imperative values that say what the shell shall do. It never does
anything itself, so the same arguments always give the same answer, and replaying the journal gives the stored state.

Rule 1: everything that can happen to a session is in this file. A pair is in RULES, or it is in IGNORED with the
reason why nothing happens; a test counts them, so silence is always a choice.
Rule 2: late is normal. A customer writes while the offer expires, an agent accepts a second after it did, a server
answers after the session ended. None of these is an error: the answer is an Ignore with the reason, and the caller
says it to whoever asked.
Rule 3: a place of an agent's capacity is taken on entering OFFERED or ASSIGNED and given back on leaving them. The
place for an AgentReserved or SessionPicked is already taken by the unit that brings the event (it had to look and take
at once); a rule that cannot use it gives it back. Moves between OFFERED and ASSIGNED of the same agent keep it.
Rule 4: a session ends once. What comes after the end and needs service asks for a new session (OpenSession), in
which the same event is decided again; the conversation goes on.
Rule 5: the age of a session, `queued_at`, is set when a customer's mail brings it into the queue, and an offer that
comes back does not make it younger: nobody loses his turn because an agent did not answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from postroom.session.effects import AnyEffect, Ignore
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    AnyEvent,
    EndRequested,
    Event,
    MessageAttached,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    SessionPicked,
)
from postroom.session.policy import Facts, Policy
from postroom.session.rules import agent, customer, delivery, offer
from postroom.session.state import Phase, Session

Decision = tuple[Session, tuple[AnyEffect, ...]]
Rule = Callable[[Session, Any, Facts, Policy, datetime], Decision]

RULES: dict[tuple[Phase, type[Event]], Rule] = {
    (Phase.NEW, MessageReceived): customer.wrote_first,
    (Phase.NEW, ReplyFailed): delivery.came_back_after_the_end,
    (Phase.QUEUED, MessageReceived): customer.wrote_while_waiting,
    (Phase.QUEUED, MessageAttached): customer.note_was_attached,
    (Phase.QUEUED, AgentReserved): offer.made,
    (Phase.QUEUED, SessionPicked): offer.picked,
    (Phase.QUEUED, ReplySent): delivery.was_sent,
    (Phase.QUEUED, ReplyFailed): delivery.came_back_while_waiting,
    (Phase.OFFERED, MessageReceived): customer.wrote_while_waiting,
    (Phase.OFFERED, MessageAttached): customer.note_was_attached,
    (Phase.OFFERED, OfferAccepted): offer.accepted,
    (Phase.OFFERED, OfferDeclined): offer.declined,
    (Phase.OFFERED, OfferExpired): offer.expired,
    (Phase.OFFERED, AgentLeft): offer.agent_left,
    (Phase.OFFERED, AgentReserved): offer.came_second,
    (Phase.OFFERED, SessionPicked): offer.came_second,
    (Phase.OFFERED, ReplySent): delivery.was_sent,
    (Phase.OFFERED, ReplyFailed): delivery.came_back_while_waiting,
    (Phase.ASSIGNED, MessageReceived): customer.wrote_to_owner,
    (Phase.ASSIGNED, MessageAttached): customer.note_was_attached,
    (Phase.ASSIGNED, ReplySubmitted): agent.replied,
    (Phase.ASSIGNED, EndRequested): agent.ended,
    (Phase.ASSIGNED, OfferAccepted): offer.accepted_again,
    (Phase.ASSIGNED, AgentReserved): offer.came_second,
    (Phase.ASSIGNED, SessionPicked): offer.came_second,
    (Phase.ASSIGNED, ReplySent): delivery.was_sent,
    (Phase.ASSIGNED, ReplyFailed): delivery.came_back_to_owner,
    (Phase.AWAITING_CUSTOMER, MessageReceived): customer.answered,
    (Phase.AWAITING_CUSTOMER, MessageAttached): customer.note_was_attached,
    (Phase.AWAITING_CUSTOMER, ReplySubmitted): agent.replied_again,
    (Phase.AWAITING_CUSTOMER, EndRequested): agent.ended,
    (Phase.AWAITING_CUSTOMER, AgentReserved): offer.came_second,
    (Phase.AWAITING_CUSTOMER, SessionPicked): offer.came_second,
    (Phase.AWAITING_CUSTOMER, ReplySent): delivery.was_sent,
    (Phase.AWAITING_CUSTOMER, ReplyFailed): delivery.came_back_to_awaiting,
    (Phase.ENDED, MessageReceived): customer.wrote_after_the_end,
    (Phase.ENDED, ReplyFailed): delivery.failed_after_the_end,
    (Phase.ENDED, AgentReserved): offer.came_second,
    (Phase.ENDED, SessionPicked): offer.came_second,
}

_BEFORE_ITS_FIRST_MAIL = "the session has not begun"
_OFFER_IS_OVER = "the offer is over"
_NOT_YOURS = "the session is not assigned to you"
_HAS_ENDED = "the session has ended"
_KEEPS_HIS_WORK = "an agent who leaves keeps what is assigned to him"

IGNORED: dict[tuple[Phase, type[Event]], str] = {
    **dict.fromkeys(
        (
            (Phase.NEW, kind)
            for kind in (
                MessageAttached,
                AgentReserved,
                OfferAccepted,
                OfferDeclined,
                OfferExpired,
                AgentLeft,
                SessionPicked,
                ReplySubmitted,
                ReplySent,
                EndRequested,
            )
        ),
        _BEFORE_ITS_FIRST_MAIL,
    ),
    **dict.fromkeys(
        (
            (phase, kind)
            for phase in (Phase.QUEUED, Phase.AWAITING_CUSTOMER, Phase.ENDED)
            for kind in (OfferAccepted, OfferDeclined, OfferExpired)
        ),
        _OFFER_IS_OVER,
    ),
    (Phase.ASSIGNED, OfferDeclined): _OFFER_IS_OVER,
    (Phase.ASSIGNED, OfferExpired): _OFFER_IS_OVER,
    (Phase.QUEUED, AgentLeft): "nobody holds a session that waits",
    (Phase.QUEUED, ReplySubmitted): _NOT_YOURS,
    (Phase.QUEUED, EndRequested): _NOT_YOURS,
    (Phase.OFFERED, ReplySubmitted): _NOT_YOURS,
    (Phase.OFFERED, EndRequested): _NOT_YOURS,
    (Phase.ASSIGNED, AgentLeft): _KEEPS_HIS_WORK,
    (Phase.AWAITING_CUSTOMER, AgentLeft): _KEEPS_HIS_WORK,
    (Phase.ENDED, AgentLeft): _HAS_ENDED,
    (Phase.ENDED, MessageAttached): _HAS_ENDED,
    (Phase.ENDED, ReplySubmitted): _HAS_ENDED,
    (Phase.ENDED, ReplySent): _HAS_ENDED,
    (Phase.ENDED, EndRequested): _HAS_ENDED,
}


def decide(session: Session, event: AnyEvent, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """Answer one event; an event that comes too late changes nothing and says why."""
    rule = RULES.get((session.phase, type(event)))
    if rule is None:
        return session, (Ignore(reason=IGNORED[session.phase, type(event)], holder=session.holder or ""),)
    return rule(session, event, facts, policy, now)
