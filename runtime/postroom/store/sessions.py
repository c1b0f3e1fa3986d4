"""Sessions over SQL: the state as JSON, beside it the columns that are searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from postroom.mail.address_key import address_key
from postroom.ports.records import Conversation, Place, QueueLength, SessionsLike, Turn
from postroom.ports.service import Between
from postroom.session.state import ConversationId, Phase, Session, SessionId
from postroom.store.columns import to_json, to_micros, to_micros_or_none, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import Query, queries

_SQL = queries("sessions")
_SESSION = msgspec.json.Decoder(Session)
_NEVER = 1 << 62
_FIRST = Place(-_NEVER, 0)


class SqlSessions:
    """ports.store.Sessions. Newest is the one written first last: clocks have no say in it."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def save(self, session: Session, turn_at: datetime | None = None) -> None:
        """Write the session's present state; its turn goes by `turn_at`, else by its age.

        Raises Conflict where its conversation has another open session.
        """
        present = (
            session.phase.value,
            session.queue,
            session.priority,
            to_micros_or_none(session.queued_at),
            agent_of(session),
            to_micros_or_none(session.not_before),
            session.held_for or None,
            int(session.is_shadow),
            int(session.was_offline),
            to_micros_or_none(turn_at or session.queued_at),
            to_json(session),
            session.id,
        )
        # One statement for both would be an upsert, for which SQLite keeps a journal of its own each time.
        if not self._db.run(_SQL["sessions_change"], present):
            of_old = (session.conversation, session.tenant, session.channel, to_micros(session.opened_at))
            self._db.run(_SQL["sessions_add"], (*present, *of_old))

    def set_turn(self, session: SessionId, turn_at: datetime) -> None:
        """Let the session's turn in the queue go by that; the session itself stays as it is."""
        self._db.run(_SQL["sessions_set_turn"], (to_micros(turn_at), session))

    def turns(self, tenant: str, queue: str, now: datetime, after: Place | None, limit: int) -> Sequence[Turn]:
        """Those who may be offered to anybody now, in order of turn, behind that place."""
        behind = after or _FIRST
        rows = self._db.all(_SQL["sessions_behind"], (tenant, queue, *behind, to_micros(now), limit))
        return [Turn(place=Place(row[0], row[1]), session=_SESSION.decode(row[2])) for row in rows]

    def get(self, session: SessionId) -> Session | None:
        """One session."""
        return _session(self._db.one(_SQL["sessions_get"], (session,)))

    def several(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, Session]:
        """Those of them that are there, by their ids."""
        found = (_SESSION.decode(row[0]) for row in self._db.all_in(_SQL["sessions_several"], (), sessions))
        return {session.id: session for session in found}

    def latest(self, conversation: ConversationId) -> Session | None:
        """The conversation's newest session, open or ended."""
        return _session(self._db.one(_SQL["sessions_latest"], (conversation,)))

    def of_conversation(self, conversation: ConversationId) -> Sequence[Session]:
        """Every session the conversation had, and those laid into it, in order."""
        return [_SESSION.decode(row[0]) for row in self._db.all(_SQL["sessions_of_conversation"], (conversation,))]

    def open_ones(self, tenant: str, like: SessionsLike, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """The tenant's open sessions with their numbers, in the order of their making, after that number."""
        wanted = (tenant, after, like.phase, like.channel, like.queue, like.agent, limit)
        return [(row[0], _SESSION.decode(row[1])) for row in self._db.all(_SQL["sessions_open_ones"], wanted)]

    def offline_messages(self, tenant: str, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Open sessions that are or once were offline messages, in the order of their making, after that number."""
        rows = self._db.all(_SQL["sessions_offline_messages"], (tenant, after, limit))
        return [(row[0], _SESSION.decode(row[1])) for row in rows]

    def opened(self, tenant: str, between: Between, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Sessions opened between two times, in the order of their making, after that number, each with its own."""
        rows = self._db.all(_SQL["sessions_opened"], (tenant, after, *_micros(between), limit))
        return [(row[0], _SESSION.decode(row[1])) for row in rows]

    def count_opened(self, tenant: str, between: Between) -> Mapping[str, int]:
        """How many sessions were opened between two times, by channel."""
        return {row[0]: row[1] for row in self._db.all(_SQL["sessions_count_opened"], (tenant, *_micros(between)))}

    def head(self, tenant: str, queue: str, now: datetime, skip: int = 0) -> Session | None:
        """The session whose turn it is; `skip` passes over the first."""
        row = self._db.one(_SQL["sessions_turns"], (tenant, queue, to_micros(now), 1, skip))
        return _SESSION.decode(row[2]) if row else None

    def kept(self, tenant: str, agent: str, now: datetime, skip: int = 0) -> Session | None:
        """The session that waits for this agent alone and whose turn it is."""
        return _session(self._db.one(_SQL["sessions_kept"], (tenant, agent, to_micros(now), skip)))

    def kept_for(self) -> Sequence[tuple[str, str]]:
        """Every (tenant, agent) for whom somebody waits."""
        return [(row[0], row[1]) for row in self._db.all(_SQL["sessions_kept_for"])]

    def queue_length(self, tenant: str, queue: str, at_most: int) -> int:
        """How many wait in the queue, counted up to that many."""
        row = self._db.one(_SQL["sessions_queue_length"], (tenant, queue, at_most))
        return row[0] if row else 0

    def waiting_channels(self) -> Sequence[tuple[str, str]]:
        """Every (tenant, channel) with a session that is queued or offline."""
        return [(row[0], row[1]) for row in self._db.all(_SQL["sessions_waiting_channels"])]

    def to_open(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Offline messages of the channel whose routing may begin, the oldest first."""
        return self._ids(_SQL["sessions_to_open"], tenant, channel, now, limit)

    def opened_early(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Queued sessions of the channel that wait for an opening still to come."""
        return self._ids(_SQL["sessions_opened_early"], tenant, channel, now, limit)

    def to_close(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Queued sessions of the channel that could be offered now."""
        return self._ids(_SQL["sessions_to_close"], tenant, channel, now, limit)

    def channels_in_use(self) -> Sequence[tuple[str, str, str, int]]:
        """(tenant, channel, queue, sessions) of every channel and queue with open sessions."""
        return [(row[0], row[1], row[2], row[3]) for row in self._db.all(_SQL["sessions_channels_in_use"])]

    def in_shadow(self) -> Sequence[tuple[str, str, int]]:
        """(tenant, channel, sessions) of every channel with open sessions that were begun in shadow."""
        return [(row[0], row[1], row[2]) for row in self._db.all(_SQL["sessions_in_shadow"])]

    def agents_in_use(self) -> Sequence[tuple[str, str, int]]:
        """(tenant, agent, sessions) of every agent who has open sessions, or is held out or kept some."""
        return [(row[0], row[1], row[2]) for row in self._db.all(_SQL["sessions_agents_in_use"])]

    def with_customer(self, conversation: Conversation) -> str | None:
        """Who has another session of that conversation's customer on its channel in hand; None where nobody has."""
        key = (conversation.tenant, conversation.channel, address_key(conversation.customer), conversation.id)
        row = self._db.one(_SQL["sessions_with_customer"], key)
        return row[0] if row else None

    def of_phase(self, phase: Phase, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Open sessions of a phase with their numbers, in the order of their making, after that number."""
        rows = self._db.all(_SQL["sessions_of_phase"], (phase.value, after, limit))
        return [(row[0], _SESSION.decode(row[1])) for row in rows]

    def held_by(self, tenant: str, agent: str) -> Sequence[Session]:
        """The agent's open sessions: offered to him, assigned to him, or awaiting his customers; oldest first."""
        return [_SESSION.decode(row[0]) for row in self._db.all(_SQL["sessions_held_by"], (tenant, agent))]

    def waiting_queues(self) -> Sequence[QueueLength]:
        """Every queue in which somebody waits."""
        return [
            QueueLength(tenant=row[0], queue=row[1], waiting=row[2], oldest_at=to_time_or_none(row[3]))
            for row in self._db.all(_SQL["sessions_waiting_queues"])
        ]

    def _ids(self, query: Query, tenant: str, channel: str, now: datetime, limit: int) -> list[SessionId]:
        return [SessionId(row[0]) for row in self._db.all(query, (tenant, channel, to_micros(now), limit))]


def agent_of(session: Session) -> str | None:
    """Who the session is offered to, belongs to, or is kept for while it is open."""
    if not session.is_open:
        return None
    return session.holder or session.owner or session.held_for or None


def _session(row: Row | None) -> Session | None:
    return _SESSION.decode(row[0]) if row else None


def _micros(between: Between) -> tuple[int, int]:
    since, until = between
    return to_micros(since) if since else -_NEVER, to_micros(until) if until else _NEVER
