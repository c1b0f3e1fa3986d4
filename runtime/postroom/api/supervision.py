"""What a supervisor sees of the work in his sight: open sessions, offline messages, and the agents he may give them to.

Lists are pages: `next` of one is `after` of the following, and absent on the last. A page looks at a bounded number of
sessions, so one may be short and still have a next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from postroom.api.access import sight_for, tenant_of
from postroom.api.auth import SignedIn
from postroom.api.parts import ApiParts, Parts
from postroom.api.sight import Sight
from postroom.ports.records import Conversation, SessionsLike
from postroom.ports.store import Tx
from postroom.session.deadlines import due_at
from postroom.session.state import Phase, Session, TimerKind

PAGE = 200
"""Rows read at once."""
LOOK_THROUGH = 2_000
"""Rows looked at for one answer, at most about so many."""

Cursor = Annotated[int, QueryParameter(ge=0, le=2**62, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
OfPhase = Annotated[Phase | None, QueryParameter(description="Only those of this phase.")]
OfChannel = Annotated[str, QueryParameter(max_length=320, description="Only those of this channel.")]
OfQueue = Annotated[str, QueryParameter(max_length=320, description="Only those in this queue.")]
OfAgent = Annotated[str, QueryParameter(max_length=320, description="Only what this agent has, or is to have.")]
Assigned = Annotated[
    bool | None, QueryParameter(description="Only those that an agent has, or only those to be assigned.")
]


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


class OverseenAgent(Struct, frozen=True, kw_only=True):
    """An agent in the supervisor's sight: how he stands, `load` places taken of `capacity`."""

    account: str
    name: str
    state: str
    reason: str
    load: int
    capacity: int


class OverseenAgents(Struct, frozen=True, kw_only=True):
    """The agents in the order of the settings."""

    agents: tuple[OverseenAgent, ...]


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
        def rows(seq: int) -> Sequence[tuple[int, Session]]:
            return tx.sessions.open_ones(caller.tenant, like, seq, PAGE)

        found, following = _page(rows, sight.has_session, after, limit)
        return OpenSessions(sessions=tuple(_open_session(tx, one) for one in found), next=following)

    return await parts.store.read(unit)


@get("/offline-messages", summary="As supervisor, offline messages: to be assigned, and assigned")
async def read_offline_messages(
    parts: Parts, caller: SignedIn, assigned: Assigned = None, after: Cursor = 0, limit: Limit = 50
) -> OfflineMessages:
    """Give a page of the offline messages overseen."""
    sight = sight_for(tenant_of(parts.current(), caller), caller)

    def unit(tx: Tx) -> OfflineMessages:
        def rows(seq: int) -> Sequence[tuple[int, Session]]:
            return tx.sessions.offline_messages(caller.tenant, seq, PAGE)

        def is_wanted(session: Session) -> bool:
            return sight.has_session(session) and assigned in {None, _is_assigned(session)}

        found, following = _page(rows, is_wanted, after, limit)
        return OfflineMessages(messages=tuple(_offline_message(tx, parts, one) for one in found), next=following)

    return await parts.store.read(unit)


@get("/agents", summary="As supervisor, the agents I oversee and how they stand")
async def read_agents(parts: Parts, caller: SignedIn) -> OverseenAgents:
    """Give the agents a session may be assigned to, with their places."""
    sight = sight_for(tenant_of(parts.current(), caller), caller)
    return OverseenAgents(agents=await parts.store.read(lambda tx: _agents(tx, sight)))


def _page(
    rows: Callable[[int], Sequence[tuple[int, Session]]],
    is_wanted: Callable[[Session], bool],
    after: int,
    limit: int,
) -> tuple[list[Session], int | None]:
    found: list[Session] = []
    for _ in range(LOOK_THROUGH // PAGE):
        page = rows(after)
        for seq, session in page:
            after = seq
            if is_wanted(session):
                found.append(session)
            if len(found) == limit:
                return found, after
        if len(page) < PAGE:
            return found, None
    return found, after


def _open_session(tx: Tx, session: Session) -> OpenSession:
    conversation = tx.conversations.get(session.conversation)
    return OpenSession(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        channel=session.channel,
        queue=session.queue,
        priority=session.priority,
        customer=_customer(conversation),
        subject=_subject(conversation),
        owner=session.owner,
        asked=session.offer.agent if session.offer is not None else session.held_for,
        parked=session.parked_since is not None,
        offline_message=session.is_offline_message,
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        not_before=session.not_before,
        unanswered_since=session.unanswered_since,
    )


def _offline_message(tx: Tx, parts: ApiParts, session: Session) -> OfflineMessage:
    conversation, owner = tx.conversations.get(session.conversation), session.assignment
    waits_since = session.queued_at or session.opened_at
    return OfflineMessage(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        assigned=_is_assigned(session),
        since=owner.assigned_at if owner is not None else waits_since,
        customer=_customer(conversation),
        subject=_subject(conversation),
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


def _agents(tx: Tx, sight: Sight) -> tuple[OverseenAgent, ...]:
    rows = {row.name: row for row in tx.agents.all(sight.tenant.name)}
    overseen = [agent for agent in sight.tenant.agents if sight.has_agent(agent) and agent.account in rows]
    return tuple(
        OverseenAgent(
            account=agent.account,
            name=agent.name,
            state=rows[agent.account].state.value,
            reason=rows[agent.account].reason,
            load=rows[agent.account].load,
            capacity=rows[agent.account].capacity,
        )
        for agent in overseen
    )


def _customer(conversation: Conversation | None) -> str:
    return conversation.customer if conversation is not None else ""


def _subject(conversation: Conversation | None) -> str:
    return conversation.subject if conversation is not None else ""


ROUTES = (read_sessions, read_offline_messages, read_agents)
