"""The rows the runtime keeps, as values: what passes between the engine, the doors and the store.

Every time is aware UTC; every id is a ULID in lower case unless it says otherwise.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from postroom.mail.answering import Answering
from postroom.routing.agents import AgentState, Standing
from postroom.routing.outcome import Outcome
from postroom.session.effects import AnyEffect
from postroom.session.events import AnyEvent
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind


class RawRef(Struct, frozen=True, kw_only=True):
    """The bytes of a mail: in the row itself when small, else a blob named by its SHA-256 (hex)."""

    sha256: str
    size: int
    small: bytes | None = None


class Receipt(Struct, frozen=True, kw_only=True):
    """A mail as it came from a gateway: the ledger's key is (gateway, uid, sha256)."""

    id: str
    tenant: str
    gateway: str
    uid: str
    raw: RawRef
    listed_size: int
    first_seen_at: datetime
    attempts: int = 0
    """Readings begun so far; counted before the parser sees a byte."""
    outcome: Outcome | None = None
    reason: str = ""
    mail: str | None = None
    oversize: bool = False
    """Only the header was kept: the mail is over the gateway's limit and stays on the server."""
    arrived_at: datetime | None = None
    """When its server took it in, where the protocol says so; aware. It is not stored: it serves the first settling."""


class StoredMail(Struct, frozen=True, kw_only=True):
    """A mail in a conversation, or filed beside one; `incoming` False is one of our replies.

    `trace` is JSON (a TraceLine list); `mail_class` is the class's value.
    """

    id: str
    tenant: str
    gateway: str
    channel: str
    conversation: ConversationId | None
    incoming: bool
    sha256: str
    size: int
    received_at: datetime
    message_id: str | None
    from_address: str
    from_name: str
    subject: str
    mail_class: str
    body_hash: str
    attachments: int
    outcome: Outcome
    preview: str = ""
    new_participant: bool = False
    answering: Answering | None = None
    """What an automatic reply to it would need; None of our own mails, and of those nobody knows it of."""
    trace: tuple[TraceLine, ...] = ()


class TraceLine(Struct, frozen=True, kw_only=True):
    """One verdict about a mail and the evidence for it, in words."""

    step: str
    verdict: str
    evidence: str = ""


class Conversation(Struct, frozen=True, kw_only=True):
    """The mail thread with a customer on a channel."""

    id: ConversationId
    tenant: str
    channel: str
    customer: str
    subject: str
    created_at: datetime
    last_mail_at: datetime
    related: ConversationId | None = None
    participants: tuple[str, ...] = ()
    merged_into: ConversationId | None = None
    """The conversation it goes on in, where somebody laid it into another; that one is laid into none."""


class ThreadHit(Struct, frozen=True, kw_only=True):
    """A conversation that a Message-ID or token points to, with what the threading rules ask about it."""

    message_id: str
    by_token: bool
    conversation: Conversation
    gateway: str
    seen_at: datetime
    is_expected: bool = False
    """No mail of that id is in it: one of its mails refers to it."""


class JournalEntry(Struct, frozen=True, kw_only=True):
    """One decision: the event, what was known, what was decided. `seq` grows by one an entry and is the SSE id."""

    seq: int
    at: datetime
    tenant: str
    conversation: ConversationId
    session: SessionId
    event: AnyEvent
    facts: bytes
    generation: int
    before: Phase
    after: Phase
    effects: tuple[AnyEffect, ...]


class Aged(Struct, frozen=True):
    """A receipt of long ago, as far as forgetting it needs it; `missed_at` is since when its mail is not listed."""

    id: str
    uid: str
    sha256: str
    missed_at: datetime | None = None


class OutboxRow(Struct, frozen=True, kw_only=True):
    """An effect on its way out of the house; `lease` is the token of who is doing it now.

    `turn_at` is the turn a mail was given at its gateway's pace.
    """

    id: str
    tenant: str
    conversation: ConversationId
    session: SessionId
    effect: AnyEffect
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    lease: str | None = None
    leased_until: datetime | None = None
    turn_at: datetime | None = None


class TimerRow(Struct, frozen=True, kw_only=True):
    """A deadline of a session."""

    session: SessionId
    tenant: str
    kind: TimerKind
    due_at: datetime
    started_at: datetime
    token: str = ""


class AgentRow(Struct, frozen=True, kw_only=True):
    """An agent's present state; the settings say who he is. `load` counts places taken, of `capacity`."""

    tenant: str
    name: str
    state: AgentState = AgentState.OFFLINE
    reason: str = ""
    capacity: int = 5
    load: int = 0
    idle_since: datetime | None = None
    """Since when no new session was given to him; the longest idle is asked first."""
    missed_offers: int = 0
    heartbeat_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """What his own state machine decides by."""
        return Standing(state=self.state, reason=self.reason, missed_offers=self.missed_offers)


class ReplyState(Enum):
    """How far a reply is."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    """Taken back before any server was offered it."""


class ReplyRecipient(Struct, frozen=True, kw_only=True):
    """One recipient of a reply and how it stands with him; `field` is to, cc or bcc."""

    address: str
    field: str
    state: ReplyState = ReplyState.ACCEPTED
    code: int = 0
    words: str = ""


class Reply(Struct, frozen=True, kw_only=True):
    """A rendered reply: its bytes are fixed before the first attempt and never change."""

    id: str
    tenant: str
    channel: str
    gateway: str
    conversation: ConversationId
    session: SessionId
    agent: str
    mail: str
    """The StoredMail of the reply itself."""
    message_id: str
    envelope_from: str
    raw: RawRef
    accepted_at: datetime
    recipients: tuple[ReplyRecipient, ...]
    state: ReplyState = ReplyState.ACCEPTED
    automatic: str = ""
    """The kind of an automatic reply, which has no agent; empty where a person wrote it."""
    is_forward: bool = False
    """Whether it passed a mail on: then the customer still waits for his answer, whatever becomes of it."""


class AutomaticReply(Struct, frozen=True, kw_only=True):
    """That an automatic reply was put in, for the caps: `sender` is whom it answers, case-folded, without plus-tag."""

    reply: str
    tenant: str
    channel: str
    conversation: ConversationId
    session: SessionId
    mail: str
    """The customer's mail it answers."""
    sender: str
    kind: str
    at: datetime


class Attempt(Struct, frozen=True, kw_only=True):
    """One try to hand a reply to a server, begun before its final dot; `ended_at` None is an outcome nobody knows."""

    id: str
    reply: str
    started_at: datetime
    recipients: tuple[str, ...]
    ended_at: datetime | None = None
    unknown: bool = False
    words: str = ""


class DraftFile(Struct, frozen=True, kw_only=True):
    """A file that a draft names: an upload, and what it shall be called."""

    upload: str
    name: str
    content_type: str
    size: int


class DraftContent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a draft says so far; nothing of it was checked. `to` None leaves the recipients to the proposal."""

    text: str = ""
    html: str | None = None
    subject: str | None = None
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    attachments: tuple[DraftFile, ...] = ()
    sender: str = ""
    quote: bool = False
    canned: str = ""
    language: str = ""


class Draft(Struct, frozen=True, kw_only=True):
    """What an agent wrote in a session and did not send yet; it stays his when the session changes hands."""

    tenant: str
    conversation: ConversationId
    session: SessionId
    agent: str
    saved_at: datetime
    content: DraftContent


class SessionsLike(Struct, frozen=True, kw_only=True):
    """Which sessions are wanted; an empty word wants any. `agent` is who they are offered to, belong to or wait for."""

    phase: str = ""
    channel: str = ""
    queue: str = ""
    agent: str = ""


class StoredAnswer(Struct, frozen=True, kw_only=True):
    """The answer once given to an Idempotency-Key, given again for the same request."""

    request_hash: str
    status: int
    body: bytes
    created_at: datetime


class Place(NamedTuple):
    """A place in a queue's order: where the session's turn is, in microseconds since 1970, and its number."""

    turn_at: int
    seq: int


class Turn(Struct, frozen=True, kw_only=True):
    """A session that waits in a queue, and its place there."""

    place: Place
    session: Session


class QueueLength(Struct, frozen=True, kw_only=True):
    """How many sessions wait in a queue, and since when the oldest."""

    tenant: str
    queue: str
    waiting: int
    oldest_at: datetime | None


class Counts(Struct, frozen=True, kw_only=True):
    """What gauges show, read in one go."""

    phases: tuple[tuple[str, str, str, int], ...]
    """(tenant, channel, phase, sessions) of every open phase."""
    queues: tuple[QueueLength, ...]
    agents: tuple[tuple[str, str, int], ...]
    """(tenant, state, agents)."""
    quarantined: tuple[tuple[str, str, int], ...]
    """(tenant, gateway, mails)."""
    outbox_pending: int
    outbox_oldest_at: datetime | None
    timers_pending: int
