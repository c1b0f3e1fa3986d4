"""Mail servers as the engine sees them: a box to collect from, and a relay to hand mail to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct


class GatewayStatus(Enum):
    """How a gateway is; the words administrators see."""

    CONNECTING = "connecting"
    CONNECTION_SUCCEEDED = "connection_succeeded"
    CONNECTION_FAILED = "connection_failed"
    AUTH_FAILED = "auth_failed"
    LOCKED = "locked"
    THROTTLED = "throttled"
    DRAINING_STUCK = "draining_stuck"
    DISCONNECTED = "disconnected"


class GatewayError(Exception):
    """A gateway could not do what was asked; `status` says what that makes of it, the text says it in words."""

    def __init__(self, status: GatewayStatus, words: str, *, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.retry_after = retry_after


class Listed(Struct, frozen=True):
    """One mail as the server lists it: its number in this session, its UIDL or other lasting name, octets."""

    number: int
    uid: str
    size: int
    received_at: datetime | None = None
    """When the server took it in, where the protocol says so; aware."""


class Spool(Protocol):
    """Where one mail's bytes go as they are read; small mails stay in memory, large ones go to disk."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the mail."""
        ...

    def discard(self) -> None:
        """Forget what was written: the mail did not arrive whole."""
        ...


class Spooler(Protocol):
    """Opens a spool for each mail about to be read."""

    def open(self, expected: int) -> Spool:
        """Start a spool for a mail the server says has `expected` octets (a hint, servers lie)."""
        ...


class Fetched(Struct, frozen=True):
    """A mail that arrived whole: its final dot and the reply after it were read."""

    listed: Listed
    spool: Spool
    size: int
    """Octets as received, after dot-unstuffing; a difference from `listed.size` is a defect."""


class TooLarge(Struct, frozen=True):
    """A mail over the limit, by the listing or by what came: not kept whole, its header is."""

    listed: Listed
    header: bytes


class Declined(Struct, frozen=True):
    """A mail the server listed and then would not give or delete, or that sits this session out; and why."""

    listed: Listed
    words: str


class Mailbox(Protocol):
    """One open session with a receiving gateway; one task uses it, and every wait inside has a deadline."""

    @property
    def declined(self) -> Sequence[Declined]:
        """What of the listing was not to be had in this session."""
        ...

    async def listing(self) -> Sequence[Listed]:
        """Every mail in the box, in the server's order."""
        ...

    def fetch(self, wanted: Sequence[Listed], spooler: Spooler) -> AsyncGenerator[Fetched | TooLarge, None]:
        """Read these mails, pipelined where the server can, and give each as it is complete.

        Raises GatewayError when the session is of no more use; what was given before is whole. A caller that stops
        early closes the generator, and may then delete and close.
        """
        ...

    async def taken_in(self, listed: Sequence[Listed]) -> None:
        """These are safe here, whether they are then deleted or not. Raises GatewayError."""
        ...

    async def delete(self, listed: Sequence[Listed]) -> None:
        """Mark these for deletion; they are gone only when `close` succeeds."""
        ...

    async def close(self) -> bool:
        """End the session politely; True when the server confirmed, so deletions took effect."""
        ...

    def abort(self) -> None:
        """Drop the connection now; nothing marked is deleted."""
        ...


class ReceivingGateway(Protocol):
    """A box somewhere that mail is collected from."""

    async def open(self) -> Mailbox:
        """Connect, secure, sign in. Raises GatewayError with the status and the words."""
        ...


@runtime_checkable
class TellingGateway(ReceivingGateway, Protocol):
    """A box whose server can tell of new mail between two sessions."""

    async def idle(self, news: asyncio.Event) -> None:
        """Set the event when there may be new mail; may be cancelled at any time."""
        ...

    async def leave(self) -> None:
        """End what was kept open between sessions."""
        ...


class RecipientResult(Struct, frozen=True):
    """What the server said of one recipient; code 0 where it said nothing."""

    address: str
    code: int
    words: str

    @property
    def accepted(self) -> bool:
        """Whether the server took responsibility for this recipient."""
        return 200 <= self.code < 300  # noqa: PLR2004 RFC 5321 §4.2.1: 2yz is positive completion


class SendOutcome(Struct, frozen=True, kw_only=True):
    """One attempt's end. `unknown` when the final dot went out and no reply came back (RFC 1047)."""

    results: tuple[RecipientResult, ...]
    unknown: bool = False
    gateway_fault: GatewayStatus | None = None
    """Set when the fault is the gateway's (connect, TLS, sign-in), not this mail's."""
    words: str = ""
    sender_refused: bool = False
    """Whether the server refused the sender for good, before it heard of a recipient."""


class BeforeDot(Protocol):
    """Asked just before the final dot: whether the sender still holds its lease on this mail."""

    async def __call__(self) -> bool:
        """True to go on and send the dot."""
        ...


class SendingGateway(Protocol):
    """A relay that mail is handed to."""

    async def probe(self) -> None:
        """Connect, secure, sign in, NOOP. Raises GatewayError."""
        ...

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:
        """Hand over one rendered mail for these recipients; never raises for what a server says or does."""
        ...

    async def close(self) -> None:
        """QUIT every pooled connection."""
        ...
