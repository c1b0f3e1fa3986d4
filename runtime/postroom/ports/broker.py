"""The broker as the runtime sees it: messages out and in, and what the store keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from postroom.session.state import Session, SessionId


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message to publish at least once; `expires_after` is in seconds, None for never."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str = ""
    correlation: bytes = b""
    expires_after: float | None = None


class Incoming(Struct, frozen=True, kw_only=True):
    """A message that came."""

    topic: str
    payload: bytes
    response_topic: str = ""
    correlation: bytes = b""


class Broker(Protocol):
    """Publishes."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish in order, several on their way at once, and return when the broker has confirmed every one.

        Raises TemporaryError where it is away or goes away meanwhile: some may be published then, and all may be again.
        """
        ...


class ExternalOffer(Struct, frozen=True, kw_only=True):
    """A waiting session held out to who serves its queue outside; `token` is the right to accept it until then."""

    session: SessionId
    tenant: str
    queue: str
    id: str
    token: str
    expires_at: datetime
    is_published: bool = False


class Withdrawal(Struct, frozen=True, kw_only=True):
    """An offer that is over, and who was told of it is to be told so; `reason` is a word of the messages'."""

    offer: str
    session: SessionId
    tenant: str
    queue: str
    reason: str
    at: datetime


class BrokerStore(Protocol):
    """How far the journal was published, and which sessions are held out over the broker."""

    def cursor(self, tenant: str) -> int | None:
        """The newest decision published; None where publishing never began."""
        ...

    def set_cursor(self, tenant: str, seq: int) -> None:
        """Decisions up to that number were published."""
        ...

    def unoffered(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[Session]:
        """Who waits in the queue for anybody and is not held out now, in order of turn, whoever stands before them."""
        ...

    def unpublished(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[ExternalOffer]:
        """The queue's offers that stand and that the broker did not confirm."""
        ...

    def over(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[ExternalOffer]:
        """The queue's offers that ran out, or whose sessions do not wait there any more."""
        ...

    def offer(self, session: SessionId) -> ExternalOffer | None:
        """The session's offer."""
        ...

    def put_offer(self, offer: ExternalOffer) -> None:
        """Keep an offer instead of the session's one before."""
        ...

    def offer_published(self, offer: ExternalOffer) -> None:
        """The broker confirmed that very offer."""
        ...

    def drop_offer(self, session: SessionId) -> None:
        """Forget the session's offer; nothing happens where there is none."""
        ...

    def withdraw(self, offer: ExternalOffer, reason: str, at: datetime) -> None:
        """Forget the offer, and remember to say so."""
        ...

    def withdrawals(self, tenant: str, queue: str, limit: int) -> Sequence[Withdrawal]:
        """What of the queue's is still to be said, the oldest first."""
        ...

    def forget_withdrawals(self, offers: Sequence[str]) -> None:
        """The broker confirmed that it was said of these offers, by their ids."""
        ...
