"""The broker as the runtime sees it: messages out and in, and what the store keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from postroom.session.state import SessionId


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


class BrokerStore(Protocol):
    """How far the journal was published, and which sessions are held out over the broker."""

    def cursor(self, tenant: str) -> int | None:
        """The newest decision published; None where publishing never began."""
        ...

    def set_cursor(self, tenant: str, seq: int) -> None:
        """Decisions up to that number were published."""
        ...

    def offers(self, tenant: str, queue: str) -> Sequence[ExternalOffer]:
        """The queue's offers, also those that are over."""
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
