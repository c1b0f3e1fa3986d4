"""The deadlines of the conversation itself: the customer's silence, his reminder, how long a message may wait."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.automatic import AutomaticKind
from postroom.session.effects import RaiseAlarm
from postroom.session.events import ContactEnded, CustomerStayedSilent, ReminderFellDue
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules.confirming import automatic
from postroom.session.rules.owner import over
from postroom.session.rules.ruling import Ruling
from postroom.session.state import Session


def reminder_fell_due(session: Session, _event: ReminderFellDue, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The customer is reminded, once a session and only where he may be written to."""
    said = automatic(AutomaticKind.REMINDER, session, facts, policy, now)
    return replace(session, reminded=True), (said,)


def customer_stayed_silent(
    session: Session, _event: CustomerStayedSilent, _facts: Facts, _policy: Policy, now: datetime
) -> Ruling:
    """He is not expected any more: the session ends and says nothing; a late answer opens a new one."""
    return over(session, "no_customer_reply", now), ()


def robot_satisfied(
    session: Session, _event: CustomerStayedSilent, _facts: Facts, _policy: Policy, now: datetime
) -> Ruling:
    """The customer says nothing more to the robot's answer: it was one."""
    return over(session, "robot_answered" if session.robot_answered else "robot_failed", now), ()


def contact_ended(session: Session, _event: ContactEnded, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Nobody may answer any more: the message is listed, counted, and somebody is told."""
    return over(session, "uncontacted", now), (RaiseAlarm(what="uncontacted"),)
