"""Which deadlines a session has, when each began, and when each is due.

It is a function of the session alone: a rule sets what the session is, never a timer. `decide` compares the deadlines
before and after and asks the shell for the difference, so what is stored can be computed anew at any time, as is done
when the settings change. Due times of an agent's own doing are of work time: nobody is late at night.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from postroom.session.effects import AnyEffect, ArmTimer, CancelTimer
from postroom.session.policy import Policy
from postroom.session.state import Phase, Session, TimerKind


class Deadline(Struct, frozen=True, kw_only=True):
    """The start of a deadline; `token` comes back with it when it is over."""

    started_at: datetime
    token: str = ""


Deadlines = dict[TimerKind, Deadline]


def deadlines(session: Session) -> Deadlines:
    """Give every deadline of the session, whether or not the policy gives it an end."""
    match session.phase:
        case Phase.ROBOT:
            return _of(ROBOT_TURN=session.robot_asked_since, CUSTOMER_SILENCE=session.silent_since)
        case Phase.QUEUED:
            return _of(
                MAX_WAIT=None if session.waited_out else session.waiting_since,
                OVERFLOW=None if session.overflowed else session.waiting_since,
                HOLD=session.held_since,
                CONTACT=_offline_since(session),
            )
        case Phase.OFFERED if session.offer is not None:
            return {TimerKind.OFFER_EXPIRY: Deadline(started_at=session.offer.offered_at, token=session.offer.token)}
        case Phase.ASSIGNED:
            return _of(
                AGENT_SILENCE=None if session.parked_since else session.answer_due_since,
                AGENT_GONE=session.gone_since,
                PARK=session.parked_since,
            )
        case Phase.AWAITING_CUSTOMER:
            return _of(
                REMINDER=None if session.reminded else session.silent_since, CUSTOMER_SILENCE=session.silent_since
            )
        case Phase.OFFLINE:
            return _of(CONTACT=_offline_since(session))
        case Phase.WRAP_UP:
            return _of(WRAP_UP=session.wrap_up_since)
        case _:
            return {}


def due_at(kind: TimerKind, started_at: datetime, session: Session, policy: Policy) -> datetime | None:
    """Say when a deadline that began then is over under this policy; None where it has no end."""
    seconds, in_work_time = _length(kind, session, policy)
    if seconds is None:
        return None
    length = timedelta(seconds=seconds)
    return policy.hours.add_work_time(started_at, length) if in_work_time else started_at + length


def changed_timers(before: Session, after: Session, policy: Policy) -> tuple[AnyEffect, ...]:
    """Give what must be done to the stored timers of the one session so that they are those of the other."""
    if before is after:
        return ()
    had, has = deadlines(before), deadlines(after)
    effects: list[AnyEffect] = [CancelTimer(kind=kind) for kind in had if kind not in has]
    for kind, deadline in has.items():
        if had.get(kind) == deadline and _length(kind, before, policy) == _length(kind, after, policy):
            continue
        due = due_at(kind, deadline.started_at, after, policy)
        if due is not None:
            effects.append(ArmTimer(kind=kind, started_at=deadline.started_at, due_at=due, token=deadline.token))
        elif kind in had:
            effects.append(CancelTimer(kind=kind))
    return tuple(effects)


def _of(**starts: datetime | None) -> Deadlines:
    return {TimerKind[name]: Deadline(started_at=start) for name, start in starts.items() if start is not None}


def _offline_since(session: Session) -> datetime | None:
    return session.customer_wrote_at if session.is_offline_message else None


def _length(kind: TimerKind, session: Session, policy: Policy) -> tuple[float | None, bool]:  # noqa: C901, PLR0911 a row a kind
    """How many seconds, and whether of work time."""
    queue = policy.of_queue(session.queue)
    match kind:
        case TimerKind.OFFER_EXPIRY:
            return queue.offer_for, False
        case TimerKind.MAX_WAIT:
            return (policy.offline.route_within if session.is_offline_message else queue.max_wait), True
        case TimerKind.OVERFLOW:
            return queue.overflow_after, True
        case TimerKind.HOLD:
            return policy.last_agent.wait, True
        case TimerKind.CONTACT:
            return policy.offline.contact_within, False
        case TimerKind.REMINDER:
            return policy.customer_silence.remind_after, policy.customer_silence.in_work_time
        case TimerKind.CUSTOMER_SILENCE:
            return _silence(session, policy), policy.customer_silence.in_work_time
        case TimerKind.AGENT_SILENCE:
            return policy.agent_silence.transfer_after, True
        case TimerKind.AGENT_GONE:
            return policy.agent_gone_after, True
        case TimerKind.WRAP_UP:
            return policy.wrap_up, False
        case TimerKind.ROBOT_TURN:
            return policy.robot.timeout if policy.robot else 0.0, False
    return _parked_for(session), False


def _parked_for(session: Session) -> float | None:
    if session.parked_since is None or session.parked_until is None:
        return None
    return (session.parked_until - session.parked_since).total_seconds()


def _silence(session: Session, policy: Policy) -> float | None:
    """The customer's silence: shorter once an agent answered what was an offline message."""
    silence = policy.customer_silence
    if silence.end_after is None:
        return None
    return silence.after_offline if session.was_offline else silence.end_after
