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
Rule 3: no rule takes a place or sets a timer. Whose place a session takes and which deadlines it has are functions of
the session (state.holder, deadlines.py); `decide` compares them before and after, and asks for the difference. The
place for an AgentReserved, SessionPicked or SessionAssigned is already taken by the unit that brings the event, which
had to look and take at once; where it is not used it is given back.
Rule 4: a session ends once. What comes after the end and needs service asks for a new session (OpenSession), in
which the same event is decided again; the conversation goes on.
Rule 5: the age of a session, `queued_at`, is set when a customer's mail makes it wait, and an offer that comes back, a
transfer or a night makes it no younger: nobody loses his turn because an agent did not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from postroom.session import events as e
from postroom.session.deadlines import changed_timers
from postroom.session.effects import AnyEffect, ReleasePlace, TakePlace
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules import beside, clock, customer, delivery, handover, offer, owner, robot, waiting
from postroom.session.rules.ruling import NOT_YOURS, Ruling, ignored
from postroom.session.state import Phase, Session

Rule = Callable[[Session, Any, Facts, Policy, datetime], Ruling]

RULES: dict[tuple[Phase, type[e.Event]], Rule] = {
    (Phase.NEW, e.MessageReceived): customer.wrote_first,
    (Phase.NEW, e.AgentWroteFirst): owner.wrote_first,
    (Phase.NEW, e.ReplyFailed): delivery.opened_by_failure,
    (Phase.ROBOT, e.MessageReceived): customer.wrote_to_robot,
    (Phase.ROBOT, e.MessageAttached): customer.note_was_attached,
    (Phase.ROBOT, e.RobotAnswered): robot.answered,
    (Phase.ROBOT, e.RobotHandedOff): robot.handed_off,
    (Phase.ROBOT, e.RobotTimedOut): robot.timed_out,
    (Phase.ROBOT, e.CustomerStayedSilent): clock.robot_satisfied,
    (Phase.ROBOT, e.SessionAssigned): offer.assigned,
    (Phase.ROBOT, e.SessionTransferred): handover.transferred,
    (Phase.ROBOT, e.SessionFiled): handover.filed,
    (Phase.ROBOT, e.ConversationMerged): handover.merged,
    (Phase.ROBOT, e.ReplySent): delivery.was_sent,
    (Phase.ROBOT, e.ReplyFailed): delivery.came_back_while_waiting,
    (Phase.ROBOT, e.ReplyDelayed): delivery.was_delayed,
    (Phase.ROBOT, e.NoteWritten): beside.noted,
    (Phase.QUEUED, e.MessageReceived): customer.wrote_while_waiting,
    (Phase.QUEUED, e.MessageAttached): customer.note_was_attached,
    (Phase.QUEUED, e.AgentReserved): offer.made,
    (Phase.QUEUED, e.SessionPicked): offer.picked,
    (Phase.QUEUED, e.SessionAssigned): offer.assigned,
    (Phase.QUEUED, e.SessionTransferred): handover.transferred,
    (Phase.QUEUED, e.SessionFiled): handover.filed,
    (Phase.QUEUED, e.ConversationMerged): handover.merged,
    (Phase.QUEUED, e.RobotAnswered): robot.answered_too_late,
    (Phase.QUEUED, e.AgentLeft): waiting.kept_for_left,
    (Phase.QUEUED, e.MaxWaitReached): waiting.waited_too_long,
    (Phase.QUEUED, e.OverflowReached): waiting.overflowed,
    (Phase.QUEUED, e.HoldEnded): waiting.hold_ended,
    (Phase.QUEUED, e.ContactEnded): clock.contact_ended,
    (Phase.QUEUED, e.ClosingReached): waiting.closed,
    (Phase.QUEUED, e.OpeningReached): waiting.opened_early,
    (Phase.QUEUED, e.ServiceResumed): waiting.resumed,
    (Phase.QUEUED, e.ReplySent): delivery.was_sent,
    (Phase.QUEUED, e.ReplyFailed): delivery.came_back_while_waiting,
    (Phase.QUEUED, e.ReplyDelayed): delivery.was_delayed,
    (Phase.QUEUED, e.NoteWritten): beside.noted,
    (Phase.OFFERED, e.MessageReceived): customer.wrote_while_waiting,
    (Phase.OFFERED, e.MessageAttached): customer.note_was_attached,
    (Phase.OFFERED, e.OfferAccepted): offer.accepted,
    (Phase.OFFERED, e.OfferDeclined): offer.declined,
    (Phase.OFFERED, e.OfferExpired): offer.expired,
    (Phase.OFFERED, e.AgentLeft): offer.agent_left,
    (Phase.OFFERED, e.SessionAssigned): offer.assigned,
    (Phase.OFFERED, e.SessionTransferred): handover.transferred,
    (Phase.OFFERED, e.SessionFiled): handover.filed,
    (Phase.OFFERED, e.ConversationMerged): handover.merged,
    (Phase.OFFERED, e.RobotAnswered): robot.answered_too_late,
    (Phase.OFFERED, e.ServiceResumed): offer.resumed,
    (Phase.OFFERED, e.ReplySent): delivery.was_sent,
    (Phase.OFFERED, e.ReplyFailed): delivery.came_back_while_waiting,
    (Phase.OFFERED, e.ReplyDelayed): delivery.was_delayed,
    (Phase.OFFERED, e.NoteWritten): beside.noted,
    (Phase.ASSIGNED, e.MessageReceived): customer.wrote_to_owner,
    (Phase.ASSIGNED, e.MessageAttached): customer.note_was_attached,
    (Phase.ASSIGNED, e.OfferAccepted): offer.accepted_again,
    (Phase.ASSIGNED, e.ReplySubmitted): owner.replied,
    (Phase.ASSIGNED, e.WorkSaved): owner.saved,
    (Phase.ASSIGNED, e.SessionParked): owner.parked,
    (Phase.ASSIGNED, e.ParkEnded): owner.unparked,
    (Phase.ASSIGNED, e.EndRequested): owner.ended,
    (Phase.ASSIGNED, e.SessionTransferred): handover.transferred,
    (Phase.ASSIGNED, e.SessionAssigned): offer.assigned,
    (Phase.ASSIGNED, e.SessionFiled): handover.filed_by_owner,
    (Phase.ASSIGNED, e.ConversationMerged): handover.merged,
    (Phase.ASSIGNED, e.AgentStayedSilent): handover.stayed_silent,
    (Phase.ASSIGNED, e.AgentLeft): owner.left,
    (Phase.ASSIGNED, e.AgentReturned): owner.returned,
    (Phase.ASSIGNED, e.AgentStayedAway): owner.stayed_away,
    (Phase.ASSIGNED, e.ServiceResumed): owner.resumed,
    (Phase.ASSIGNED, e.RobotAnswered): robot.answered_too_late,
    (Phase.ASSIGNED, e.ReplySent): delivery.was_sent,
    (Phase.ASSIGNED, e.ReplyFailed): delivery.came_back_to_owner,
    (Phase.ASSIGNED, e.ReplyDelayed): delivery.was_delayed,
    (Phase.ASSIGNED, e.NoteWritten): beside.noted,
    (Phase.ASSIGNED, e.ForwardSubmitted): beside.forwarded,
    (Phase.ASSIGNED, e.ForwardFailed): beside.forward_failed,
    (Phase.AWAITING_CUSTOMER, e.MessageReceived): customer.answered,
    (Phase.AWAITING_CUSTOMER, e.MessageAttached): customer.note_was_attached,
    (Phase.AWAITING_CUSTOMER, e.ReplySubmitted): owner.replied_again,
    (Phase.AWAITING_CUSTOMER, e.ReplyWithdrawn): owner.withdrew,
    (Phase.AWAITING_CUSTOMER, e.EndRequested): owner.ended,
    (Phase.AWAITING_CUSTOMER, e.SessionTransferred): handover.transferred_awaiting,
    (Phase.AWAITING_CUSTOMER, e.SessionFiled): handover.filed_by_owner,
    (Phase.AWAITING_CUSTOMER, e.ConversationMerged): handover.merged,
    (Phase.AWAITING_CUSTOMER, e.ReminderFellDue): clock.reminder_fell_due,
    (Phase.AWAITING_CUSTOMER, e.CustomerStayedSilent): clock.customer_stayed_silent,
    (Phase.AWAITING_CUSTOMER, e.RobotAnswered): robot.answered_too_late,
    (Phase.AWAITING_CUSTOMER, e.ReplySent): delivery.was_sent_to_silent,
    (Phase.AWAITING_CUSTOMER, e.ReplyFailed): delivery.came_back,
    (Phase.AWAITING_CUSTOMER, e.ReplyDelayed): delivery.was_delayed,
    (Phase.AWAITING_CUSTOMER, e.NoteWritten): beside.noted,
    (Phase.AWAITING_CUSTOMER, e.ForwardSubmitted): beside.forwarded,
    (Phase.AWAITING_CUSTOMER, e.ForwardFailed): beside.forward_failed,
    (Phase.OFFLINE, e.MessageReceived): customer.wrote_offline,
    (Phase.OFFLINE, e.MessageAttached): customer.note_was_attached,
    (Phase.OFFLINE, e.OpeningReached): waiting.opened,
    (Phase.OFFLINE, e.ContactEnded): clock.contact_ended,
    (Phase.OFFLINE, e.SessionPicked): offer.picked,
    (Phase.OFFLINE, e.SessionAssigned): offer.assigned,
    (Phase.OFFLINE, e.SessionTransferred): handover.transferred,
    (Phase.OFFLINE, e.SessionFiled): handover.filed,
    (Phase.OFFLINE, e.ConversationMerged): handover.merged,
    (Phase.OFFLINE, e.RobotAnswered): robot.answered_too_late,
    (Phase.OFFLINE, e.ReplySent): delivery.was_sent,
    (Phase.OFFLINE, e.ReplyFailed): delivery.came_back_while_waiting,
    (Phase.OFFLINE, e.ReplyDelayed): delivery.was_delayed,
    (Phase.OFFLINE, e.NoteWritten): beside.noted,
    (Phase.WRAP_UP, e.MessageReceived): customer.wrote_in_wrap_up,
    (Phase.WRAP_UP, e.MessageAttached): customer.note_was_attached,
    (Phase.WRAP_UP, e.WrapUpDone): owner.wrapped_up,
    (Phase.WRAP_UP, e.WrapUpEnded): owner.wrap_up_ended,
    (Phase.WRAP_UP, e.AgentLeft): owner.left_wrap_up,
    (Phase.WRAP_UP, e.ConversationMerged): handover.merged,
    (Phase.WRAP_UP, e.RobotAnswered): robot.answered_too_late,
    (Phase.WRAP_UP, e.ReplySent): delivery.was_sent,
    (Phase.WRAP_UP, e.ReplyFailed): delivery.came_back,
    (Phase.WRAP_UP, e.ReplyDelayed): delivery.was_delayed,
    (Phase.WRAP_UP, e.NoteWritten): beside.noted,
    (Phase.WRAP_UP, e.ForwardFailed): beside.forward_failed,
    (Phase.ENDED, e.MessageReceived): customer.wrote_after_the_end,
    (Phase.ENDED, e.ReplyFailed): delivery.failed_after_the_end,
    (Phase.ENDED, e.ReplySent): delivery.was_sent,
    (Phase.ENDED, e.ReplyDelayed): delivery.was_delayed,
    (Phase.ENDED, e.RobotAnswered): robot.answered_too_late,
    (Phase.ENDED, e.NoteWritten): beside.noted,
}

_WAITS = (Phase.ROBOT, Phase.QUEUED, Phase.OFFERED, Phase.OFFLINE)
_OWNED = (Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.WRAP_UP)
_ALL_BUT_NEW = (*_WAITS, *_OWNED, Phase.ENDED)


def _but(*phases: Phase) -> tuple[Phase, ...]:
    """Every phase but these and NEW."""
    return tuple(phase for phase in _ALL_BUT_NEW if phase not in phases)


_SILENCES: tuple[tuple[str, Iterable[Phase], tuple[type[e.Event], ...]], ...] = (
    (
        "the session has not begun",
        (Phase.NEW,),
        tuple(kind for kind in e.EVENTS if kind not in {e.MessageReceived, e.AgentWroteFirst, e.ReplyFailed}),
    ),
    ("the session has begun", _ALL_BUT_NEW, (e.AgentWroteFirst,)),
    ("the session has ended", (Phase.ENDED,), (e.MessageAttached, e.AgentLeft, e.WrapUpDone)),
    ("the session has ended", (Phase.ENDED,), (e.EndRequested, e.ReplySubmitted, e.SessionTransferred, e.SessionFiled)),
    ("the session has ended", (Phase.ENDED,), (e.SessionAssigned, e.ConversationMerged)),
    ("the session no longer waits", _but(Phase.QUEUED), (e.AgentReserved,)),
    ("the session no longer waits", _but(Phase.QUEUED, Phase.OFFLINE), (e.SessionPicked,)),
    ("the offer is over", _but(Phase.OFFERED, Phase.ASSIGNED), (e.OfferAccepted,)),
    ("the offer is over", _but(Phase.OFFERED), (e.OfferDeclined, e.OfferExpired)),
    (NOT_YOURS, _WAITS, (e.ForwardSubmitted,)),
    ("the service is over", (Phase.WRAP_UP, Phase.ENDED), (e.ForwardSubmitted,)),
    ("nobody has the session whom it would concern", (*_WAITS, Phase.ENDED), (e.ForwardFailed,)),
    (NOT_YOURS, _WAITS, (e.ReplySubmitted, e.WorkSaved, e.EndRequested, e.WrapUpDone)),
    (NOT_YOURS, (*_WAITS, Phase.ENDED), (e.SessionParked,)),
    (
        "the service is over",
        (Phase.WRAP_UP,),
        (e.ReplySubmitted, e.EndRequested),
    ),
    ("the service is over", (Phase.WRAP_UP,), (e.SessionAssigned, e.SessionTransferred, e.SessionFiled)),
    ("the service is over", (Phase.WRAP_UP,), (e.SessionParked, e.WorkSaved)),
    ("the service is not over", (Phase.ASSIGNED, Phase.AWAITING_CUSTOMER), (e.WrapUpDone,)),
    ("the customer has the word", (Phase.AWAITING_CUSTOMER,), (e.WorkSaved, e.SessionParked, e.SessionAssigned)),
    ("nobody works on it any more", (Phase.ENDED,), (e.WorkSaved,)),
    ("there is no reply to take back", _but(Phase.AWAITING_CUSTOMER), (e.ReplyWithdrawn,)),
    ("whose word it is does not change", (Phase.AWAITING_CUSTOMER, Phase.ROBOT, Phase.OFFLINE), (e.AgentLeft,)),
    ("nothing was taken from him", _but(Phase.ASSIGNED), (e.AgentReturned,)),
    ("the robot no longer has the word", _but(Phase.ROBOT), (e.RobotHandedOff, e.RobotTimedOut)),
    ("it no longer waits in a queue", _but(Phase.QUEUED), (e.MaxWaitReached, e.OverflowReached, e.HoldEnded)),
    ("an agent took it, or it is over", _but(Phase.QUEUED, Phase.OFFLINE), (e.ContactEnded, e.OpeningReached)),
    ("what does not wait in a queue stays as it is", _but(Phase.QUEUED), (e.ClosingReached,)),
    ("the customer no longer has the word", _but(Phase.AWAITING_CUSTOMER), (e.ReminderFellDue,)),
    ("the customer no longer has the word", _but(Phase.AWAITING_CUSTOMER, Phase.ROBOT), (e.CustomerStayedSilent,)),
    ("nobody lets a customer wait", _but(Phase.ASSIGNED), (e.AgentStayedSilent, e.AgentStayedAway, e.ParkEnded)),
    ("nothing is written up", _but(Phase.WRAP_UP), (e.WrapUpEnded,)),
    ("nobody could be late", _but(Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED), (e.ServiceResumed,)),
)
"""Why nothing happens, in which phases, at which events."""

IGNORED: dict[tuple[Phase, type[e.Event]], str] = {
    (phase, kind): reason for reason, phases, kinds in _SILENCES for phase in phases for kind in kinds
}


def decide(session: Session, event: e.AnyEvent, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """Answer one event; an event that comes too late changes nothing and says why."""
    rule = RULES.get((session.phase, type(event)))
    if rule is None:
        after, effects = ignored(session, IGNORED[session.phase, type(event)])
    else:
        after, effects = rule(session, event, facts, policy, now)
    after = _in_hand(session, after, now)
    places = _changed_places(session, event, after)
    return after, (*effects, *places, *changed_timers(session, after, policy))


def _in_hand(before: Session, after: Session, now: datetime) -> Session:
    """The session with the time since when it is in the hands of who has it now."""
    if before.in_hand_of == after.in_hand_of:
        return after
    return replace(after, in_hand_since=now if after.in_hand_of else None)


def _changed_places(before: Session, event: e.AnyEvent, after: Session) -> tuple[AnyEffect, ...]:
    """What must be done to agents' places so that they are those that the session takes now."""
    reserved = event.agent if isinstance(event, e.AgentReserved | e.SessionPicked | e.SessionAssigned) else None
    if before.holder == after.holder and reserved is None:
        return ()
    had = [agent for agent in (before.holder, reserved) if agent]
    if after.holder in had:
        had.remove(after.holder)
        return tuple(ReleasePlace(agent=agent, weight=after.weight) for agent in had)
    taken = (TakePlace(agent=after.holder, weight=after.weight),) if after.holder else ()
    return (*(ReleasePlace(agent=agent, weight=after.weight) for agent in had), *taken)
