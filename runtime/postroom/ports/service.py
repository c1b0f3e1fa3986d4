"""What a transaction can read and write of the service itself: sessions, journal, timers, agents, drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from postroom.ports.records import (
    AgentRow,
    Conversation,
    Draft,
    JournalEntry,
    Place,
    QueueLength,
    SessionsLike,
    TimerRow,
    Turn,
)
from postroom.routing.agents import AgentState
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind

Between = tuple[datetime | None, datetime | None]
"""From the first time on, and before the second; None is no bound. Aware."""


class Sessions(Protocol):
    """Periods of service."""

    def save(self, session: Session, turn_at: datetime | None = None) -> None:
        """Write the session's present state, new or changed; its turn in the queue goes by `turn_at`, else its age."""
        ...

    def set_turn(self, session: SessionId, turn_at: datetime) -> None:
        """Let the session's turn in the queue go by that; the session itself stays as it is."""
        ...

    def get(self, session: SessionId) -> Session | None:
        """One session."""
        ...

    def several(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, Session]:
        """Those of them that are there, by their ids."""
        ...

    def latest(self, conversation: ConversationId) -> Session | None:
        """The conversation's newest session, open or ended; at most one is open (a unique index)."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[Session]:
        """Every session the conversation had, and those laid into it, in order."""
        ...

    def open_ones(self, tenant: str, like: SessionsLike, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """The tenant's open sessions with their numbers, in the order of their making, after that number."""
        ...

    def offline_messages(self, tenant: str, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Open sessions that are or once were offline messages, in the order of their making, after that number."""
        ...

    def opened(self, tenant: str, between: Between, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Sessions opened between two times, in the order of their making, after that number, each with its own."""
        ...

    def count_opened(self, tenant: str, between: Between) -> Mapping[str, int]:
        """How many sessions were opened between two times, by channel."""
        ...

    def head(self, tenant: str, queue: str, now: datetime, skip: int = 0) -> Session | None:
        """Whose turn it is: the first by `turn_at`; `skip` passes over the first ones.

        Who waits for a later time or for one agent alone, and who is in shadow, has no turn.
        """
        ...

    def turns(self, tenant: str, queue: str, now: datetime, after: Place | None, limit: int) -> Sequence[Turn]:
        """Those who may be offered to anybody now, in order of turn, behind that place; an index gives them."""
        ...

    def kept(self, tenant: str, agent: str, now: datetime, skip: int = 0) -> Session | None:
        """Whose turn it is among those who wait for this agent alone."""
        ...

    def kept_for(self) -> Sequence[tuple[str, str]]:
        """Every (tenant, agent) for whom somebody waits."""
        ...

    def queue_length(self, tenant: str, queue: str, at_most: int) -> int:
        """How many wait in the queue for anybody, counted up to that many."""
        ...

    def waiting_channels(self) -> Sequence[tuple[str, str]]:
        """Every (tenant, channel) with a session that is queued or offline."""
        ...

    def to_open(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Offline messages of the channel whose routing may begin, the oldest first."""
        ...

    def opened_early(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Queued sessions of the channel that wait for an opening still to come, the oldest first."""
        ...

    def to_close(self, tenant: str, channel: str, now: datetime, limit: int) -> Sequence[SessionId]:
        """Queued sessions of the channel that could be offered now, the oldest first."""
        ...

    def channels_in_use(self) -> Sequence[tuple[str, str, str, int]]:
        """(tenant, channel, queue, sessions) of every channel and queue with open sessions."""
        ...

    def in_shadow(self) -> Sequence[tuple[str, str, int]]:
        """(tenant, channel, sessions) of every channel with open sessions that were begun in shadow."""
        ...

    def agents_in_use(self) -> Sequence[tuple[str, str, int]]:
        """(tenant, agent, sessions) of every agent who has open sessions, or is held out or kept some."""
        ...

    def with_customer(self, conversation: Conversation) -> str | None:
        """Who has another session of that conversation's customer on its channel in hand; None where nobody has."""
        ...

    def of_phase(self, phase: Phase, after: int, limit: int) -> Sequence[tuple[int, Session]]:
        """Open sessions of a phase with their numbers, in the order of their making, after that number."""
        ...

    def held_by(self, tenant: str, agent: str) -> Sequence[Session]:
        """The agent's open sessions: offered to him, his, or kept for him while they wait; oldest first."""
        ...

    def waiting_queues(self) -> Sequence[QueueLength]:
        """Every queue in which somebody waits."""
        ...


class Journal(Protocol):
    """Every decision in order, append only."""

    def append(self, entry: JournalEntry) -> None:
        """Write one decision under the next number; its `seq` is not looked at."""
        ...

    def after(self, tenant: str, seq: int, limit: int) -> Sequence[JournalEntry]:
        """The tenant's decisions after that number."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[JournalEntry]:
        """The decisions of the conversation, and of those laid into it, in order."""
        ...

    def last(self, tenant: str) -> int:
        """The newest number, 0 where there is none."""
        ...


class Timers(Protocol):
    """Deadlines of sessions, at most one of a kind each."""

    def arm(self, timer: TimerRow) -> None:
        """Set or replace the session's timer of that kind."""
        ...

    def cancel(self, session: SessionId, kind: TimerKind) -> None:
        """Remove it; nothing happens where there is none."""
        ...

    def take_due(self, now: datetime, limit: int) -> Sequence[TimerRow]:
        """Remove and give the timers due by now, earliest first; their effects belong to the same unit."""
        ...

    def of_session(self, session: SessionId) -> Sequence[TimerRow]:
        """The session's timers."""
        ...

    def of_sessions(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, Sequence[TimerRow]]:
        """The timers of those of them that have any."""
        ...

    def next_due(self) -> datetime | None:
        """When the earliest timer is due."""
        ...


class Agents(Protocol):
    """The agents' present states and places."""

    def ensure(self, tenant: str, capacities: Sequence[tuple[str, int]]) -> None:
        """Let a row exist for each named agent, with the capacity his settings say."""
        ...

    def get(self, tenant: str, name: str) -> AgentRow | None:
        """One agent."""
        ...

    def all(self, tenant: str) -> Sequence[AgentRow]:
        """Every agent of the tenant by name."""
        ...

    def tenants(self) -> Sequence[str]:
        """Every tenant that has or had agents, whatever the settings say."""
        ...

    def able(self, tenant: str) -> Sequence[str]:
        """The names of all who are ready with a place left."""
        ...

    def candidates(self, tenant: str, names: Sequence[str]) -> Sequence[AgentRow]:
        """Those of the named who are ready with a place left."""
        ...

    def reserve(self, tenant: str, name: str, now: datetime, weight: int = 1) -> bool:
        """Take places of a ready agent with as many left, as one UPDATE; False when he has not."""
        ...

    def take(self, tenant: str, name: str, weight: int = 1) -> None:
        """Take places whatever the load: his customer wrote to him again, or his reply came back."""
        ...

    def release(self, tenant: str, name: str, weight: int = 1) -> None:
        """Give places back; the load never falls below nothing."""
        ...

    def set_state(self, tenant: str, name: str, state: AgentState, reason: str, now: datetime) -> None:
        """Set ready, not ready (with a reason) or offline; becoming ready starts the idle time and forgets misses."""
        ...

    def miss(self, tenant: str, name: str) -> int:
        """Count one more offer he let run out and give how many in a row."""
        ...

    def forget_misses(self, tenant: str, name: str) -> None:
        """Start counting his missed offers anew."""
        ...


class Drafts(Protocol):
    """What agents wrote and did not send yet: one draft an agent and session."""

    def save(self, draft: Draft) -> None:
        """Keep the draft, instead of the agent's one before."""
        ...

    def get(self, session: SessionId, agent: str) -> Draft | None:
        """The agent's draft of that session, or None."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[Draft]:
        """Every draft of the conversation, the oldest first."""
        ...

    def drop(self, session: SessionId, agent: str) -> None:
        """Forget the agent's draft of that session; nothing happens where there is none."""
        ...

    def forget_before(self, when: datetime, limit: int) -> int:
        """Forget at most so many saved before that time whose session has ended; gives how many."""
        ...
