"""An agent's work: what is offered to him, what is his, and whose answer he awaits."""

from __future__ import annotations

from datetime import datetime

from litestar import get
from msgspec import Struct

from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import Parts
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
    unanswered_since: datetime | None
    age: float
    """Since the session entered its queue."""
    unanswered_for: float | None
    """Since the oldest customer mail nobody has answered."""


class Work(Struct, frozen=True, kw_only=True):
    """All open sessions of an agent, the oldest first in each list."""

    offers: tuple[WorkItem, ...]
    assigned: tuple[WorkItem, ...]
    awaiting: tuple[WorkItem, ...]


@get("/work", summary="My offers, my sessions, and those that await the customer")
async def read_work(parts: Parts, caller: SignedIn) -> Work:
    """Give the caller's work as it stands."""
    now = parts.clock.now()
    return await parts.store.read(lambda tx: work_of(tx, caller, now))


def work_of(tx: Tx, caller: Caller, now: datetime) -> Work:
    """Read an agent's work."""
    items = [
        work_item(session, tx.conversations.get(session.conversation), now)
        for session in tx.sessions.held_by(caller.tenant, caller.account)
    ]
    by_phase = {
        phase: tuple(item for item in items if item.phase == phase.value)
        for phase in (Phase.OFFERED, Phase.ASSIGNED, Phase.AWAITING_CUSTOMER)
    }
    return Work(
        offers=by_phase[Phase.OFFERED],
        assigned=by_phase[Phase.ASSIGNED],
        awaiting=by_phase[Phase.AWAITING_CUSTOMER],
    )


def work_item(session: Session, conversation: Conversation | None, now: datetime) -> WorkItem:
    """One session as its agent sees it."""
    offer = session.offer if session.phase is Phase.OFFERED else None
    assignment = session.assignment
    held = offer or assignment
    unanswered = session.unanswered_since
    return WorkItem(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        channel=session.channel,
        queue=session.queue,
        priority=session.priority,
        customer=conversation.customer if conversation else "",
        subject=conversation.subject if conversation else "",
        token=held.token if held else "",
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        offered_at=offer.offered_at if offer else None,
        expires_at=offer.expires_at if offer else None,
        assigned_at=assignment.assigned_at if assignment else None,
        unanswered_since=unanswered,
        age=(now - (session.queued_at or session.opened_at)).total_seconds(),
        unanswered_for=(now - unanswered).total_seconds() if unanswered else None,
    )


ROUTES = (read_work,)
