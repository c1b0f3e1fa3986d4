"""What the owner does: replies, drafts, parking, the end. A command from before a change of owner is stale."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, NotifyAgent, SendReply
from postroom.session.events import (
    AgentLeft,
    AgentReturned,
    AgentStayedAway,
    AgentWroteFirst,
    EndRequested,
    ParkEnded,
    ReplySubmitted,
    ReplyWithdrawn,
    ServiceResumed,
    SessionParked,
    WorkSaved,
    WrapUpDone,
    WrapUpEnded,
)
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules import waiting
from postroom.session.rules.beside import at_it
from postroom.session.rules.ruling import IN_SHADOW, NOT_YOURS, Ruling, ignored, is_owner, without_owner
from postroom.session.state import Assignment, Phase, Session


def wrote_first(session: Session, event: AgentWroteFirst, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The agent begins the conversation: it is his, and the customer has the word."""
    if policy.is_shadow:
        return ignored(session, IN_SHADOW)
    owner = Assignment(agent=event.agent, token=event.token, assigned_at=now, keeps_place=policy.count_awaiting)
    begun = replace(
        session,
        phase=Phase.AWAITING_CUSTOMER,
        queue=policy.queue,
        priority=policy.priority,
        weight=policy.weight,
        labels=policy.labels,
        assignment=owner,
    )
    return begun, (AssignToAgent(agent=event.agent, token=event.token), SendReply(reply=event.reply))


def replied(session: Session, event: ReplySubmitted, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """The reply goes out, the place is free again, and the customer has the word."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    waits = replace(
        session,
        phase=Phase.AWAITING_CUSTOMER,
        unanswered_since=None,
        answer_due_since=None,
        wrote_something=False,
        parked_since=None,
        parked_until=None,
        transfers=0,
        left_out=(),
    )
    return waits, (SendReply(reply=event.reply),)


def replied_again(session: Session, event: ReplySubmitted, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """A further reply goes out; the customer still has the word, and his silence counts from when this one is sent."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    return replace(session, silent_since=None), (SendReply(reply=event.reply),)


def withdrew(session: Session, event: ReplyWithdrawn, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The reply was taken back before any server had it: the owner has the word again."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    back = replace(
        session,
        phase=Phase.ASSIGNED,
        silent_since=None,
        unanswered_since=session.customer_wrote_at,
        answer_due_since=now if session.customer_wrote_at else None,
    )
    return back, (AssignToAgent(agent=event.agent, token=event.token),)


def saved(session: Session, event: WorkSaved, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """He is at it: once, his time to answer begins anew."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    return at_it(session, now), ()


def parked(session: Session, event: SessionParked, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The session is put aside and takes no place until its time comes or the customer writes."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    return replace(session, parked_since=now, parked_until=event.until), ()


def unparked(session: Session, _event: ParkEnded, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The time came: it takes its place again, and the owner's clock begins anew."""
    back = replace(
        session,
        parked_since=None,
        parked_until=None,
        answer_due_since=now if session.unanswered_since else None,
    )
    return back, waiting.tell_owner(session, "park_ended")


def ended(session: Session, event: EndRequested, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The owner ends the session, and writes it up where the channel gives time for that."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    if session.phase is Phase.ASSIGNED and policy.wrap_up > 0:
        writes_up = replace(
            session,
            phase=Phase.WRAP_UP,
            wrap_up_since=now,
            answer_due_since=None,
            parked_since=None,
            parked_until=None,
            ended_because=event.reason,
        )
        return writes_up, ()
    return over(session, event.reason, now), ()


def over(session: Session, reason: str, now: datetime) -> Session:
    """The session as it is once it ended, with the owner it had."""
    done = replace(without_owner(session), assignment=session.assignment, held_for="", held_since=None)
    done = replace(done, waiting_since=None, not_before=None, robot_asked_since=None)
    return replace(done, phase=Phase.ENDED, ended_at=now, ended_because=reason)


def wrapped_up(session: Session, event: WrapUpDone, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The code is given: nothing more is to do."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    return replace(over(session, session.ended_because, now), wrap_up_code=event.code), ()


def wrap_up_ended(session: Session, _event: WrapUpEnded, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """No code was given in time; the session ends all the same."""
    return over(session, session.ended_because, now), ()


def left_wrap_up(session: Session, event: AgentLeft, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Who is gone writes nothing up any more."""
    if not event.is_gone or event.agent != session.owner:
        return ignored(session, "he may still write it up")
    return over(session, session.ended_because, now), ()


def left(session: Session, event: AgentLeft, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Who is not ready keeps his work; from who is signed out it is taken back after a while."""
    if not event.is_gone or event.agent != session.owner:
        return ignored(session, "an agent who is not ready keeps what is assigned to him")
    return replace(session, gone_since=session.gone_since or now), ()


def returned(session: Session, event: AgentReturned, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """He is back in time and keeps it."""
    if event.agent != session.owner:
        return ignored(session, NOT_YOURS)
    return replace(session, gone_since=None), ()


def stayed_away(session: Session, _event: AgentStayedAway, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The owner did not come back: the session is taken back into its queue, his draft stays."""
    back, effects = waiting.enter(session, policy, now)
    return back, (NotifyAgent(agent=session.owner, what="taken_back"), *effects)


def resumed(session: Session, _event: ServiceResumed, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Time in which he could not answer does not count against him."""
    return replace(
        session,
        answer_due_since=now if session.answer_due_since else None,
        gone_since=now if session.gone_since else None,
    ), ()
