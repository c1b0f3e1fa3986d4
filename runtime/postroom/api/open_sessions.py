"""The open sessions that a supervisor oversees, by phase, channel, queue and agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from postroom.api.access import sight_for, tenant_of
from postroom.api.auth import SignedIn
from postroom.api.paging import Cursor, Limit, page
from postroom.api.parts import Parts
from postroom.api.session_view import head_of
from postroom.ports.records import SessionsLike
from postroom.ports.store import Tx
from postroom.session.state import Phase, Session

OfPhase = Annotated[Phase | None, QueryParameter(description="Only those of this phase.")]
OfChannel = Annotated[str, QueryParameter(max_length=320, description="Only those of this channel.")]
OfQueue = Annotated[str, QueryParameter(max_length=320, description="Only those in this queue.")]
OfAgent = Annotated[str, QueryParameter(max_length=320, description="Only what this agent has, or is to have.")]


class OpenSession(Struct, frozen=True, kw_only=True):
    """An open session; `owner` is whose it is, `asked` who it is offered to or kept for; both may be empty."""

    session: str
    conversation: str
    phase: str
    channel: str
    queue: str
    priority: int
    customer: str
    subject: str
    owner: str
    asked: str
    parked: bool
    offline_message: bool
    opened_at: datetime
    queued_at: datetime | None
    not_before: datetime | None
    unanswered_since: datetime | None


class OpenSessions(Struct, frozen=True, kw_only=True):
    """A page of open sessions, in the order of their making."""

    sessions: tuple[OpenSession, ...]
    next: int | None


def like_of(phase: OfPhase = None, channel: OfChannel = "", queue: OfQueue = "", agent: OfAgent = "") -> SessionsLike:
    """Which sessions are wanted, as the query says."""
    return SessionsLike(phase=phase.value if phase else "", channel=channel, queue=queue, agent=agent)


Like = NamedDependency[SkipValidation[SessionsLike]]


@get(
    "/sessions",
    summary="As supervisor, the open sessions I oversee",
    dependencies={"like": Provide(like_of, sync_to_thread=False)},
)
async def read_sessions(
    parts: Parts, caller: SignedIn, like: Like, after: Cursor = 0, limit: Limit = 50
) -> OpenSessions:
    """Give a page of the open sessions that are like that."""
    sight = sight_for(tenant_of(parts.current(), caller), caller)

    def unit(tx: Tx) -> OpenSessions:
        def rows(seq: int, most: int) -> Sequence[tuple[int, Session]]:
            return tx.sessions.open_ones(caller.tenant, like, seq, most)

        found, following = page(rows, sight.has_session, after, limit)
        return OpenSessions(sessions=tuple(_open_session(tx, one) for one in found), next=following)

    return await parts.store.read(unit)


def _open_session(tx: Tx, session: Session) -> OpenSession:
    conversation = tx.conversations.get(session.conversation)
    return OpenSession(
        **head_of(session, conversation),
        owner=session.owner,
        asked=session.offer.agent if session.offer is not None else session.held_for,
        parked=session.parked_since is not None,
        offline_message=session.is_offline_message,
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        not_before=session.not_before,
        unanswered_since=session.unanswered_since,
    )


ROUTES = (read_sessions,)
