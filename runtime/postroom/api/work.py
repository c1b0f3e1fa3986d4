"""An agent's work: what is offered to him, what is his, and whose answer he awaits."""

from __future__ import annotations

from datetime import datetime

from litestar import get
from msgspec import Struct

from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import Parts
from postroom.api.session_view import head_of
from postroom.ports.records import Conversation
from postroom.ports.store import Tx
from postroom.session.state import Phase, Session


class WorkItem(Struct, frozen=True, kw_only=True):
    """A session in an agent's hands. `token` goes with every command; ages are seconds."""

    session: str
    conversation: str
    phase: str
    channel: str
    queue: str
    priority: int
    customer: str
    subject: str
    token: str
    opened_at: datetime
    queued_at: datetime | None
    offered_at: datetime | None
    expires_at: datetime | None
    assigned_at: datetime | None
    parked_until: datetime | None
    """Of a session put aside until a time."""
    unanswered_since: datetime | None
    age: float
    """Since the session entered its queue."""
    unanswered_for: float | None
    """Since the oldest customer mail nobody has answered."""


class Work(Struct, frozen=True, kw_only=True):
    """All open sessions of an agent, the oldest first in each list; what is kept for him will be offered to him."""

    offers: tuple[WorkItem, ...]
    assigned: tuple[WorkItem, ...]
    parked: tuple[WorkItem, ...]
    awaiting: tuple[WorkItem, ...]
    wrap_up: tuple[WorkItem, ...]
    kept: tuple[WorkItem, ...]


@get("/work", summary="My offers, my sessions, and those that await the customer")
async def read_work(parts: Parts, caller: SignedIn) -> Work:
    """Give the caller's work as it stands."""
    now = parts.clock.now()
    return await parts.store.read(lambda tx: work_of(tx, caller, now))


def work_of(tx: Tx, caller: Caller, now: datetime) -> Work:
    """Read an agent's work."""
    held = tx.sessions.held_by(caller.tenant, caller.account)

    def of(phase: Phase, *, parked: bool = False) -> tuple[WorkItem, ...]:
        found = [one for one in held if one.phase is phase and (one.parked_since is not None) is parked]
        return tuple(work_item(one, tx.conversations.get(one.conversation), now) for one in found)

    return Work(
        offers=of(Phase.OFFERED),
        assigned=of(Phase.ASSIGNED),
        parked=of(Phase.ASSIGNED, parked=True),
        awaiting=of(Phase.AWAITING_CUSTOMER),
        wrap_up=of(Phase.WRAP_UP),
        kept=of(Phase.QUEUED),
    )


def work_item(session: Session, conversation: Conversation | None, now: datetime) -> WorkItem:
    """One session as its agent sees it."""
    offer = session.offer if session.phase is Phase.OFFERED else None
    assignment = session.assignment
    held = offer or assignment
    unanswered = session.unanswered_since
    return WorkItem(
        **head_of(session, conversation),
        token=held.token if held else "",
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        offered_at=offer.offered_at if offer else None,
        expires_at=offer.expires_at if offer else None,
        assigned_at=assignment.assigned_at if assignment else None,
        parked_until=session.parked_until,
        unanswered_since=unanswered,
        age=(now - (session.queued_at or session.opened_at)).total_seconds(),
        unanswered_for=(now - unanswered).total_seconds() if unanswered else None,
    )


ROUTES = (read_work,)
