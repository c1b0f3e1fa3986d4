"""What became of a reply: a server took it, it is late, or every To recipient failed: work for the agent again."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, NotifyAgent, OpenSession
from postroom.session.events import ReplyDelayed, ReplyFailed, ReplySent
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules import waiting
from postroom.session.rules.ruling import Ruling
from postroom.session.state import Phase, Session


def was_sent(session: Session, event: ReplySent, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """The time is kept; whose word it is did not change."""
    first = session.first_replied_at or event.sent_at
    return replace(session, first_replied_at=first, replied_at=_later(session.replied_at, event.sent_at)), ()


def was_sent_to_silent(session: Session, event: ReplySent, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The time a server took the reply is what the customer's silence is measured from."""
    sent, effects = was_sent(session, event, facts, policy, now)
    return replace(sent, silent_since=_later(session.silent_since, event.sent_at)), effects


def was_delayed(session: Session, event: ReplyDelayed, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """Who wrote it is told, whoever has the session by now; nothing else changes, for it may still arrive."""
    return session, (NotifyAgent(agent=event.agent, what="reply_delayed"),)


def came_back_to_owner(session: Session, _event: ReplyFailed, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The owner has the session already and is told; it has an unanswered customer again.

    What was put aside is in hand again: a customer who got nothing will not write, and nobody would ever look.
    """
    was_parked = session.parked_since is not None
    back = replace(session, parked_since=None, parked_until=None)
    back = replace(back, answer_due_since=None if was_parked else session.answer_due_since)
    return _unanswered(back, now), waiting.tell_owner(session, "reply_failed")


def came_back(session: Session, _event: ReplyFailed, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The customer never got it: the owner has the word again, over his capacity if need be."""
    unanswered = _unanswered(session, now)
    owner = session.assignment
    if owner is None:
        return waiting.enter(unanswered, policy, now)
    is_gone = facts.owner is None or not facts.owner.is_signed_in
    back = replace(
        unanswered,
        phase=Phase.ASSIGNED,
        silent_since=None,
        wrap_up_since=None,
        ended_because="",
        gone_since=now if is_gone else None,
    )
    return back, (
        AssignToAgent(agent=owner.agent, token=owner.token),
        NotifyAgent(agent=owner.agent, what="reply_failed"),
    )


def came_back_while_waiting(
    session: Session, _event: ReplyFailed, _facts: Facts, _policy: Policy, now: datetime
) -> Ruling:
    """It waits for an agent already; nothing is answered any more."""
    return replace(session, unanswered_since=session.unanswered_since or now), ()


def failed_after_the_end(
    session: Session, event: ReplyFailed, _facts: Facts, _policy: Policy, _now: datetime
) -> Ruling:
    """The service ended on a reply that never arrived: a new session is opened for it."""
    return session, (OpenSession(mail=event.reply),)


def opened_by_failure(session: Session, _event: ReplyFailed, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """A new session whose first event is the failed reply: to who wrote it if he is there, and no automatic mail."""
    begun = replace(
        session,
        queue=policy.queue,
        priority=policy.priority,
        weight=policy.weight,
        labels=policy.labels,
        unanswered_since=now,
        no_automatic_mail=True,
        is_shadow=policy.is_shadow,
    )
    prefer = waiting.preferred(facts.last_agent, begun, policy, any_queue=True)
    return waiting.enter(begun, policy, now, prefer)


def _later(one: datetime | None, other: datetime) -> datetime:
    """Outcomes are told in any order."""
    return max(one or other, other)


def _unanswered(session: Session, now: datetime) -> Session:
    return replace(
        session,
        unanswered_since=session.unanswered_since or now,
        answer_due_since=session.answer_due_since or now,
    )
