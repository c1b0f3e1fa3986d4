"""The offline messages that a supervisor oversees: those to be assigned, and those that an agent has by now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from postroom.api.access import sight_for, tenant_of
from postroom.api.auth import SignedIn
from postroom.api.paging import Cursor, Limit, page
from postroom.api.parts import ApiParts, Parts
from postroom.ports.store import Tx
from postroom.session.deadlines import due_at
from postroom.session.state import Session, TimerKind

Assigned = Annotated[
    bool | None, QueryParameter(description="Only those that an agent has, or only those to be assigned.")
]


class OfflineMessage(Struct, frozen=True, kw_only=True):
    """A session nobody could take when it came: it is to be assigned, waiting or being routed, or an agent has it."""

    session: str
    conversation: str
    phase: str
    assigned: bool
    since: datetime
    """When it began to wait; for one that is assigned, when the agent got it."""
    customer: str
    subject: str
    channel: str
    queue: str
    agent: str
    contact_until: datetime | None
    """When nobody may contact the customer about it any more; None where there is no end, or an agent has it."""


class OfflineMessages(Struct, frozen=True, kw_only=True):
    """A page of offline messages, in the order of their making."""

    messages: tuple[OfflineMessage, ...]
    next: int | None


@get("/offline-messages", summary="As supervisor, offline messages: to be assigned, and assigned")
async def read_offline_messages(
    parts: Parts, caller: SignedIn, assigned: Assigned = None, after: Cursor = 0, limit: Limit = 50
) -> OfflineMessages:
    """Give a page of the offline messages overseen."""
    sight = sight_for(tenant_of(parts.current(), caller), caller)

    def unit(tx: Tx) -> OfflineMessages:
        def rows(seq: int, most: int) -> Sequence[tuple[int, Session]]:
            return tx.sessions.offline_messages(caller.tenant, seq, most)

        def is_wanted(session: Session) -> bool:
            return sight.has_session(session) and assigned in {None, _is_assigned(session)}

        found, following = page(rows, is_wanted, after, limit)
        return OfflineMessages(messages=tuple(_offline_message(tx, parts, one) for one in found), next=following)

    return await parts.store.read(unit)


def _offline_message(tx: Tx, parts: ApiParts, session: Session) -> OfflineMessage:
    conversation, owner = tx.conversations.get(session.conversation), session.assignment
    waits_since = session.queued_at or session.opened_at
    return OfflineMessage(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        assigned=_is_assigned(session),
        since=owner.assigned_at if owner is not None else waits_since,
        customer=conversation.customer if conversation else "",
        subject=conversation.subject if conversation else "",
        channel=session.channel,
        queue=session.queue,
        agent=session.owner,
        contact_until=_contact_until(parts, session),
    )


def _contact_until(parts: ApiParts, session: Session) -> datetime | None:
    if not session.is_offline_message or session.customer_wrote_at is None:
        return None
    policy = parts.step.policy(session.tenant, session.channel)
    return due_at(TimerKind.CONTACT, session.customer_wrote_at, session, policy)


def _is_assigned(session: Session) -> bool:
    return bool(session.owner)


ROUTES = (read_offline_messages,)
