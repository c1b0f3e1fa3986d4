"""What the owner of a session does: he replies, and he ends it. A command from before a change of owner is stale."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, Ignore, ReleasePlace, SendReply
from postroom.session.events import EndRequested, ReplySubmitted
from postroom.session.policy import Facts, Policy
from postroom.session.state import Phase, Session

Decision = tuple[Session, tuple[AnyEffect, ...]]


def replied(session: Session, event: ReplySubmitted, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """The reply goes out, the place is free again, and the customer has the word."""
    if not _is_owner(session, event.agent, event.token):
        return _stale(session)
    waiting = replace(session, phase=Phase.AWAITING_CUSTOMER, unanswered_since=None)
    return waiting, (ReleasePlace(agent=event.agent), SendReply(reply=event.reply))


def replied_again(session: Session, event: ReplySubmitted, _facts: Facts, _policy: Policy, _now: datetime) -> Decision:
    """A second reply goes out after the first; the customer still has the word."""
    if not _is_owner(session, event.agent, event.token):
        return _stale(session)
    return session, (SendReply(reply=event.reply),)


def ended(session: Session, event: EndRequested, _facts: Facts, _policy: Policy, now: datetime) -> Decision:
    """The owner ends the session; the conversation stays, and a late answer opens a new one."""
    if not _is_owner(session, event.agent, event.token):
        return _stale(session)
    over = replace(session, phase=Phase.ENDED, ended_at=now, ended_because=event.reason)
    return over, (ReleasePlace(agent=event.agent),) if session.holder else ()


def _is_owner(session: Session, agent: str, token: str) -> bool:
    owner = session.assignment
    return owner is not None and (owner.agent, owner.token) == (agent, token)


def _stale(session: Session) -> Decision:
    holder = session.assignment.agent if session.assignment else ""
    return session, (Ignore(reason="the session is not assigned to you", holder=holder),)
