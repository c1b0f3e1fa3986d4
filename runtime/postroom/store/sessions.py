"""Sessions over SQL: the state as JSON, beside it the columns that are searched."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from postroom.ports.records import QueueLength
from postroom.session.state import ConversationId, Phase, Session, SessionId
from postroom.store.columns import to_json, to_micros, to_micros_or_none, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("sessions")
_SESSION = msgspec.json.Decoder(Session)


class SqlSessions:
    """ports.store.Sessions. Newest is the one written first last: clocks have no say in it."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def save(self, session: Session) -> None:
        """Write the session's present state. Raises Conflict where its conversation has another open session."""
        self._db.run(
            _SQL["sessions_save"],
            (
                session.id,
                session.conversation,
                session.tenant,
                session.channel,
                session.phase.value,
                session.queue,
                session.priority,
                to_micros_or_none(session.queued_at),
                to_micros(session.opened_at),
                agent_of(session),
                to_json(session),
            ),
        )

    def get(self, session: SessionId) -> Session | None:
        """One session."""
        return _session(self._db.one(_SQL["sessions_get"], (session,)))

    def latest(self, conversation: ConversationId) -> Session | None:
        """The conversation's newest session, open or ended."""
        return _session(self._db.one(_SQL["sessions_latest"], (conversation,)))

    def head(self, tenant: str, queue: str, skip: int = 0) -> Session | None:
        """The session whose turn it is: highest priority, then oldest in the queue; `skip` passes over the first."""
        row = self._db.one(_SQL["sessions_turns"], (tenant, queue, 1, skip))
        return _SESSION.decode(row[3]) if row else None

    def held_by(self, tenant: str, agent: str) -> Sequence[Session]:
        """The agent's open sessions: offered to him, assigned to him, or awaiting his customers; oldest first."""
        return [_SESSION.decode(row[0]) for row in self._db.all(_SQL["sessions_held_by"], (tenant, agent))]

    def waiting(self, tenant: str, queues: Sequence[str], limit: int) -> Sequence[Session]:
        """Who waits in these queues, at most `limit` in all, as if they were one queue."""
        lines = [self._db.all(_SQL["sessions_turns"], (tenant, queue, limit, 0)) for queue in dict.fromkeys(queues)]
        turns = heapq.merge(*lines, key=_turn)
        return [_SESSION.decode(row[3]) for row, _ in zip(turns, range(limit), strict=False)]

    def waiting_queues(self) -> Sequence[QueueLength]:
        """Every queue in which somebody waits."""
        return [
            QueueLength(tenant=row[0], queue=row[1], waiting=row[2], oldest_at=to_time_or_none(row[3]))
            for row in self._db.all(_SQL["sessions_waiting_queues"])
        ]


def agent_of(session: Session) -> str | None:
    """Who the session is offered to or belongs to while it is open."""
    if session.phase is Phase.AWAITING_CUSTOMER and session.assignment is not None:
        return session.assignment.agent
    return session.holder


def _session(row: Row | None) -> Session | None:
    return _SESSION.decode(row[0]) if row else None


def _turn(row: Row) -> tuple[int, int, int]:
    return -row[0], row[1] or 0, row[2]
