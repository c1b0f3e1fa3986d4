"""What a transaction can read and write, a repository a subject. All of it is blocking, on a store thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from postroom.ports.records import (
    AgentRow,
    AgentState,
    Attempt,
    Conversation,
    JournalEntry,
    OutboxRow,
    Outcome,
    QueueLength,
    RawRef,
    Receipt,
    Reply,
    ReplyRecipient,
    ReplyState,
    StoredAnswer,
    StoredMail,
    ThreadHit,
    TimerRow,
)
from postroom.session.state import ConversationId, Session, SessionId, TimerKind


class Ledger(Protocol):
    """Every mail that ever came from a gateway, once for each (gateway, uid, sha256)."""

    def receive(self, receipt: Receipt) -> tuple[Receipt, bool]:
        """Record an arrival and count one reading attempt; gives the row in force and whether it is new.

        A row already there keeps its id, outcome and first-seen time; attempts grow only while it has no outcome.
        """
        ...

    def settle(self, receipt: str, outcome: Outcome, reason: str, mail: str | None) -> bool:
        """Give the receipt its one outcome; False when it already has one (nothing changes then)."""
        ...

    def known(self, gateway: str, uids: Sequence[str]) -> dict[str, tuple[Receipt, ...]]:
        """The rows of these UIDLs, any bytes; uids without rows are absent."""
        ...

    def settled_with(self, gateway: str, sha256: str, but: str) -> Receipt | None:
        """Another settled receipt of the same bytes in this gateway (the server renamed its mails), or None.

        A mail kept whole and one of which only the header was kept (`oversize`) are never the same.
        """
        ...

    def unsettled(self, limit: int) -> Sequence[Receipt]:
        """Receipts whose reading never finished, oldest first."""
        ...

    def count_attempt(self, receipt: str) -> None:
        """Count one more reading attempt of an unsettled receipt."""
        ...

    def get(self, receipt: str) -> Receipt | None:
        """One receipt."""
        ...

    def outcome(self, receipt: str) -> Outcome | None:
        """The outcome it has by now; None where it has none, or there is no such receipt."""
        ...

    def by_outcome(self, tenant: str, outcome: Outcome, limit: int) -> Sequence[Receipt]:
        """The newest receipts that ended so."""
        ...

    def reopen(self, receipt: str) -> bool:
        """Take a quarantined receipt's outcome back and set its attempts to 0; False where it is not quarantined."""
        ...


class Mails(Protocol):
    """The mails themselves, raw and as read."""

    def keep_raw(self, raw: RawRef) -> None:
        """Name these bytes in the store; the same bytes twice are kept once."""
        ...

    def raw(self, sha256: str) -> RawRef | None:
        """Where the bytes are."""
        ...

    def add(self, mail: StoredMail) -> None:
        """Store what was read of a mail."""
        ...

    def get(self, mail: str) -> StoredMail | None:
        """One mail."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[StoredMail]:
        """The conversation's mails, oldest first."""
        ...

    def latest(self, tenant: str, limit: int) -> Sequence[StoredMail]:
        """The newest incoming mails of the tenant, newest first."""
        ...

    def copy_of(self, mail: StoredMail, since: datetime) -> StoredMail | None:
        """An earlier incoming mail of this channel since then with the same Message-ID, author and body (P3)."""
        ...


class Conversations(Protocol):
    """Threads with customers, and the Message-IDs that lead to them."""

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        ...

    def get(self, conversation: ConversationId) -> Conversation | None:
        """One conversation."""
        ...

    def touch(self, conversation: ConversationId, at: datetime, participants: Sequence[str]) -> None:
        """Note a mail of that time, and add participants."""
        ...

    def name(self, tenant: str, message_id: str, conversation: ConversationId, gateway: str, at: datetime) -> None:
        """Let this Message-ID lead to the conversation; an id may lead to several, of different gateways."""
        ...

    def find(self, tenant: str, message_ids: Sequence[str]) -> Sequence[ThreadHit]:
        """The conversations these Message-IDs lead to."""
        ...


class Sessions(Protocol):
    """Periods of service."""

    def save(self, session: Session) -> None:
        """Write the session's present state, new or changed."""
        ...

    def get(self, session: SessionId) -> Session | None:
        """One session."""
        ...

    def latest(self, conversation: ConversationId) -> Session | None:
        """The conversation's newest session, open or ended; at most one is open (a unique index)."""
        ...

    def head(self, tenant: str, queue: str, skip: int = 0) -> Session | None:
        """Whose turn it is: highest priority, then oldest in the queue; `skip` passes over the first ones."""
        ...

    def held_by(self, tenant: str, agent: str) -> Sequence[Session]:
        """The agent's open sessions: offered to him, assigned to him, or awaiting his customers; oldest first."""
        ...

    def waiting(self, tenant: str, queues: Sequence[str], limit: int) -> Sequence[Session]:
        """Who waits in these queues, in order of turn within each."""
        ...

    def waiting_queues(self) -> Sequence[QueueLength]:
        """Every queue in which somebody waits."""
        ...


class Journal(Protocol):
    """Every decision in order, append only."""

    def append(self, entry: JournalEntry) -> int:
        """Write one decision (its `seq` is not looked at) and give its number."""
        ...

    def after(self, tenant: str, seq: int, limit: int) -> Sequence[JournalEntry]:
        """The tenant's decisions after that number."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[JournalEntry]:
        """The conversation's decisions, in order."""
        ...

    def last(self, tenant: str) -> int:
        """The newest number, 0 where there is none."""
        ...


class Outbox(Protocol):
    """Effects on their way out."""

    def add(self, row: OutboxRow) -> None:
        """Put an effect in."""
        ...

    def lease(self, token: str, now: datetime, until: datetime, limit: int) -> Sequence[OutboxRow]:
        """Take due rows nobody works on; a conversation's rows come one at a time, oldest first."""
        ...

    def holds(self, row: str, token: str, now: datetime) -> bool:
        """Whether that lease is still in force."""
        ...

    def done(self, row: str) -> None:
        """Close a row that was carried out."""
        ...

    def fail(self, row: str, words: str) -> None:
        """Close a row that never will be."""
        ...

    def again(self, row: str, due_at: datetime, words: str) -> None:
        """Give a row back for later and count the attempt."""
        ...

    def release(self, token: str) -> None:
        """Give back every row of that lease untouched."""
        ...

    def reclaim(self) -> int:
        """Give back every leased row: at the start of the only node, whoever held them is dead. Gives how many."""
        ...

    def next_due(self) -> datetime | None:
        """When the earliest row without a lease is due."""
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

    def candidates(self, tenant: str, names: Sequence[str]) -> Sequence[AgentRow]:
        """Those of the named who are ready with a place left."""
        ...

    def reserve(self, tenant: str, name: str, now: datetime) -> bool:
        """Take a place of a ready agent with one left, as one UPDATE; False when he has none any more."""
        ...

    def take(self, tenant: str, name: str) -> None:
        """Take a place whatever the load: his customer wrote to him again, or his reply came back."""
        ...

    def release(self, tenant: str, name: str) -> None:
        """Give one place back; the load never falls below nothing."""
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


class Replies(Protocol):
    """Rendered replies, their recipients and their attempts."""

    def add(self, reply: Reply) -> None:
        """Store a rendered reply with its recipients; its bytes must be named by `Mails.keep_raw` before."""
        ...

    def get(self, reply: str) -> Reply | None:
        """One reply with its recipients as they stand."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[Reply]:
        """The conversation's replies, oldest first."""
        ...

    def set_state(self, reply: str, state: ReplyState) -> None:
        """Write how far the whole reply is."""
        ...

    def set_recipients(self, reply: str, recipients: Sequence[ReplyRecipient]) -> None:
        """Write how it stands with these recipients."""
        ...

    def start_attempt(self, attempt: Attempt) -> None:
        """Record a try before it begins."""
        ...

    def end_attempt(self, attempt: str, at: datetime, words: str, *, unknown: bool) -> None:
        """Record how a try ended."""
        ...

    def attempts(self, reply: str) -> Sequence[Attempt]:
        """The tries so far, oldest first."""
        ...


class Idempotency(Protocol):
    """Answers given to requests that carry an Idempotency-Key."""

    def get(self, tenant: str, actor: str, key: str) -> StoredAnswer | None:
        """The answer given before, if any."""
        ...

    def put(self, tenant: str, actor: str, key: str, answer: StoredAnswer) -> None:
        """Keep an answer for that key."""
        ...

    def forget_before(self, when: datetime) -> int:
        """Drop answers older than that; gives how many."""
        ...
