"""What happened in a simulated house, told session by session from its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from postroom.ports.records import JournalEntry
from postroom.ports.store import Tx
from postroom.session.effects import (
    AssignToAgent,
    EnterQueue,
    OfferToAgent,
    RaiseAlarm,
    SendAutomatic,
    SendRobotAnswer,
    SuppressAutomatic,
)
from postroom.session.events import MessageReceived, ReplySubmitted, SessionTransferred
from postroom.session.policy import Policy
from postroom.session.service_level import is_in_time
from postroom.session.state import Phase, Session, SessionId

PAGE = 1_000
_WITH_AGENT = frozenset({Phase.OFFERED, Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.WRAP_UP})


class Stage(Struct, frozen=True, kw_only=True):
    """A phase and since when the session stood in it."""

    phase: str
    at: datetime
    queue: str = ""
    agent: str = ""
    """Who has it, or is held it out; empty where nobody is."""


class AutomaticOutcome(Struct, frozen=True, kw_only=True):
    """One decision on an automatic reply: `reason` is empty where it was sent."""

    kind: str
    at: datetime
    reason: str = ""
    words: str = ""


class SessionCourse(Struct, frozen=True, kw_only=True):
    """One period of service, in `queue` at last. `ended_because` is empty while it is open at the simulation's end."""

    id: str
    conversation: str
    tenant: str
    channel: str
    customer: str
    opened_at: datetime
    queue: str = ""
    weight: int = 1
    mails: int = 0
    replies: int = 0
    robot_answers: int = 0
    robot_answered_at: datetime | None = None
    """When the robot first answered."""
    transfers: int = 0
    first_reply_at: datetime | None = None
    """When an agent's first reply had left."""
    in_time: bool | None = None
    """Whether that was within the queue's service level; None where none was due yet, or no agent had it."""
    stages: tuple[Stage, ...] = ()
    automatic: tuple[AutomaticOutcome, ...] = ()
    alarms: tuple[str, ...] = ()
    ended_because: str = ""


Policies = Callable[[str, str], Policy]
"""Gives the policy of (tenant, channel)."""


def courses(tx: Tx, tenant: str, policies: Policies, now: datetime) -> list[SessionCourse]:
    """Every session of the tenant, in the order they were opened; `now` is when it is told."""
    found: dict[str, SessionCourse] = {}
    after = 0
    while page := tx.journal.after(tenant, after, PAGE):
        for entry in page:
            found[entry.session] = _gone_on(found.get(entry.session) or _begun(tx, entry), entry)
        after = page[-1].seq
    return [_closed(tx, course, policies, now) for course in found.values()]


def _begun(tx: Tx, entry: JournalEntry) -> SessionCourse:
    conversation = tx.conversations.get(entry.conversation)
    return SessionCourse(
        id=entry.session,
        conversation=entry.conversation,
        tenant=entry.tenant,
        channel=conversation.channel if conversation else "",
        customer=conversation.customer if conversation else "",
        opened_at=entry.at,
    )


def _gone_on(course: SessionCourse, entry: JournalEntry) -> SessionCourse:
    moved = entry.after is not entry.before and entry.after is not Phase.NEW
    is_heard = isinstance(entry.event, MessageReceived) and entry.before is not Phase.ENDED
    has_answer = any(isinstance(one, SendRobotAnswer) for one in entry.effects)
    stages = _stages(course, entry)
    return replace(
        course,
        mails=course.mails + is_heard,
        replies=course.replies + (isinstance(entry.event, ReplySubmitted) and moved),
        robot_answers=course.robot_answers + has_answer,
        robot_answered_at=course.robot_answered_at or (entry.at if has_answer else None),
        transfers=course.transfers + (isinstance(entry.event, SessionTransferred) and stages != course.stages),
        stages=stages,
        automatic=(*course.automatic, *automatic_in(entry)),
        alarms=(*course.alarms, *(one.what for one in entry.effects if isinstance(one, RaiseAlarm))),
    )


def _stages(course: SessionCourse, entry: JournalEntry) -> tuple[Stage, ...]:
    """The stages with the one that this decision began, if it began one: another phase, queue, or agent."""
    last = course.stages[-1] if course.stages else Stage(phase=Phase.NEW.value, at=entry.at)
    queue, agent = last.queue, last.agent if entry.after in _WITH_AGENT else ""
    for effect in entry.effects:
        match effect:
            case EnterQueue():
                queue = effect.queue
            case OfferToAgent() | AssignToAgent():
                agent = effect.agent
            case _:
                pass
    stage = Stage(phase=entry.after.value, at=entry.at, queue=queue, agent=agent)
    is_new = entry.after is not Phase.NEW and replace(stage, at=last.at) != last
    return (*course.stages, stage) if is_new else course.stages


def automatic_in(entry: JournalEntry) -> Iterable[AutomaticOutcome]:
    """What one decision said of automatic replies."""
    for effect in entry.effects:
        match effect:
            case SendAutomatic():
                yield AutomaticOutcome(kind=effect.kind.value, at=entry.at)
            case SuppressAutomatic():
                reason, words = effect.reason.value, effect.words
                yield AutomaticOutcome(kind=effect.kind.value, at=entry.at, reason=reason, words=words)
            case _:
                pass


def _closed(tx: Tx, course: SessionCourse, policies: Policies, now: datetime) -> SessionCourse:
    """What the session itself tells at the end."""
    session = tx.sessions.get(SessionId(course.id))
    if session is None:
        return course
    return replace(
        course,
        queue=session.queue,
        weight=session.weight,
        first_reply_at=session.first_replied_at,
        in_time=_in_time(session, course, policies(session.tenant, session.channel), now),
        ended_because="" if session.is_open else session.ended_because,
    )


def _in_time(session: Session, course: SessionCourse, policy: Policy, now: datetime) -> bool | None:
    """Of who waits for an agent still, only that his time is over is known."""
    if session.first_replied_at is not None:
        return is_in_time(session, session.first_replied_at, policy)
    waits = session.is_open and any(stage.phase != Phase.ROBOT.value for stage in course.stages)
    return False if waits and not is_in_time(session, now, policy) else None
