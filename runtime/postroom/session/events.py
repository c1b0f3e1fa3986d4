"""What can happen to a session: past tense, frozen, and written to the journal as they are.

Every event has one origin (a mail, an agent, the queue, a timer, a delivery report) and none of them acts.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened; the subclass says what."""


class MessageReceived(Event, frozen=True, kw_only=True, tag="message_received"):
    """A mail that people are served for came from the customer."""

    mail: str
    received_at: datetime
    queue: str | None = None
    """The notification route's queue, where it names one."""
    priority: int | None = None


class MessageAttached(Event, frozen=True, kw_only=True, tag="message_attached"):
    """A mail that nobody is served for was laid to the conversation: a note, never customer text."""

    mail: str
    mail_class: str


class AgentReserved(Event, frozen=True, kw_only=True, tag="agent_reserved"):
    """The queue found an agent, and a place of his capacity is already taken for this session."""

    agent: str
    token: str


class OfferAccepted(Event, frozen=True, kw_only=True, tag="offer_accepted"):
    """The agent took the offer he names by its token."""

    agent: str
    token: str


class OfferDeclined(Event, frozen=True, kw_only=True, tag="offer_declined"):
    """The agent said no to the offer he names by its token."""

    agent: str
    token: str
    reason: str = ""


class OfferExpired(Event, frozen=True, kw_only=True, tag="offer_expired"):
    """The time of the offer named by its token ran out; the agent it was held out to said nothing."""

    token: str


class AgentLeft(Event, frozen=True, kw_only=True, tag="agent_left"):
    """The agent went not ready or offline."""

    agent: str


class SessionPicked(Event, frozen=True, kw_only=True, tag="session_picked"):
    """An agent took the session out of its queue himself; a place of his capacity is already taken."""

    agent: str
    token: str


class ReplySubmitted(Event, frozen=True, kw_only=True, tag="reply_submitted"):
    """The owner pressed send: the reply is rendered and stored, and not yet with any server."""

    agent: str
    token: str
    reply: str


class ReplySent(Event, frozen=True, kw_only=True, tag="reply_sent"):
    """A server took the reply for its first To recipient, or its outcome is unknown."""

    reply: str
    sent_at: datetime
    unknown: bool = False


class ReplyFailed(Event, frozen=True, kw_only=True, tag="reply_failed"):
    """Every To recipient of the reply failed for good."""

    reply: str
    words: str


class EndRequested(Event, frozen=True, kw_only=True, tag="end_requested"):
    """The owner ended the session."""

    agent: str
    token: str
    reason: str = "ended_by_agent"


AnyEvent = (
    MessageReceived
    | MessageAttached
    | AgentReserved
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | AgentLeft
    | SessionPicked
    | ReplySubmitted
    | ReplySent
    | ReplyFailed
    | EndRequested
)

EVENTS: tuple[type[Event], ...] = AnyEvent.__args__
"""Every kind of event, for the table's completeness and the diagram."""
