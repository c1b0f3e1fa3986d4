"""What happened in a simulated house, told session by session from its journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from postroom.ports.records import JournalEntry
from postroom.ports.store import Tx
from postroom.session.effects import RaiseAlarm, SendAutomatic, SuppressAutomatic
from postroom.session.events import MessageReceived, ReplySubmitted
from postroom.session.state import Phase, SessionId

PAGE = 1_000


class Stage(Struct, frozen=True, kw_only=True):
    """A phase and since when the session stood in it."""

    phase: str
    at: datetime


class AutomaticOutcome(Struct, frozen=True, kw_only=True):
    """One decision on an automatic reply: `reason` is empty where it was sent."""

    kind: str
    at: datetime
    reason: str = ""
    words: str = ""


class SessionCourse(Struct, frozen=True, kw_only=True):
    """One period of service. `ended_because` is empty while it is open at the end of the simulation."""

    id: str
    conversation: str
    tenant: str
    channel: str
    customer: str
    opened_at: datetime
    mails: int = 0
    replies: int = 0
    stages: tuple[Stage, ...] = ()
    automatic: tuple[AutomaticOutcome, ...] = ()
    alarms: tuple[str, ...] = ()
    ended_because: str = ""


def courses(tx: Tx, tenant: str) -> list[SessionCourse]:
    """Every session of the tenant, in the order they were opened."""
    found: dict[str, SessionCourse] = {}
    after = 0
    while page := tx.journal.after(tenant, after, PAGE):
        for entry in page:
            found[entry.session] = _gone_on(found.get(entry.session) or _begun(tx, entry), entry)
        after = page[-1].seq
    return [_ended(tx, course) for course in found.values()]


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
    return replace(
        course,
        mails=course.mails + is_heard,
        replies=course.replies + (isinstance(entry.event, ReplySubmitted) and moved),
        stages=(*course.stages, Stage(phase=entry.after.value, at=entry.at)) if moved else course.stages,
        automatic=(*course.automatic, *automatic_in(entry)),
        alarms=(*course.alarms, *(one.what for one in entry.effects if isinstance(one, RaiseAlarm))),
    )


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


def _ended(tx: Tx, course: SessionCourse) -> SessionCourse:
    session = tx.sessions.get(SessionId(course.id))
    return replace(course, ended_because=session.ended_because if session and not session.is_open else "")
