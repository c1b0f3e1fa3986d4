"""What the operator's door is built from: ports and values, handed in once and never changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from postroom.ports.audit import ChainVerdict
from postroom.ports.desk import MailReader
from postroom.ports.gateways import GatewayStatus
from postroom.ports.pauses import Pauses
from postroom.ports.records import Receipt, StoredMail
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock, Offload
from postroom.settings.schema import Generation
from postroom.settings.taking import Taking


class Quarantine(Protocol):
    """Acts on a mail in quarantine; gives its receipt as it is then."""

    async def retry(self, receipt_id: str) -> Receipt:
        """Read it once more. Raises PermanentError with the words for the operator."""
        ...

    async def release(self, receipt_id: str) -> Receipt:
        """Let it go on unread. Raises PermanentError with the words for the operator."""
        ...


class Unrouted(Protocol):
    """Gives a mail that no route matched to a channel."""

    async def to_channel(self, receipt_id: str, channel: str, by: str) -> Callable[[Tx], Receipt]:
        """Read the mail, and give the unit that does it and gives its receipt as it is then.

        Both raise Stale where it is not unrouted, and PermanentError with the words for who asked.
        """
        ...


class SeenGateway(Protocol):
    """A gateway as last seen. Times are aware."""

    @property
    def status(self) -> GatewayStatus:
        """How it is."""
        ...

    @property
    def since(self) -> datetime:
        """Since when it is so."""
        ...

    @property
    def last_success_at(self) -> datetime | None:
        """When it last did what it should."""
        ...

    @property
    def last_error(self) -> str:
        """What last went wrong with it, in words; empty where nothing did."""
        ...

    @property
    def last_error_at(self) -> datetime | None:
        """When that was."""
        ...

    @property
    def mails_left(self) -> int | None:
        """How many mails its last session left in the box; None where that is not known."""
        ...


class Board(Protocol):
    """Knows how each gateway is."""

    def of(self, tenant: str, gateway: str) -> SeenGateway | None:
        """The gateway as last seen; None where nothing was heard of it yet."""
        ...


class Operations(Protocol):
    """Acts on a gateway of the settings in force; each verb raises TemporaryError with the words for the operator."""

    async def rebuild(self, tenant: str, gateway: str) -> None:
        """Connect anew, now."""
        ...

    async def disconnect(self, tenant: str, gateway: str) -> None:
        """Take out of service until it is rebuilt."""
        ...

    async def try_out(self, tenant: str, gateway: str) -> tuple[GatewayStatus, str]:
        """Sign in once, and say how it went in words."""
        ...


class SettableClock(Protocol):
    """A test's clock."""

    def now(self) -> datetime:
        """The time it shows."""
        ...

    async def set(self, when: datetime) -> None:
        """Let it be that time, and let everybody look who waits for one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorParts:
    """Everything a resource of this door may use."""

    store: Store
    reader: MailReader
    offload: Offload
    quarantine: Quarantine
    unrouted: Unrouted
    board: Board
    operations: Operations
    pauses: Pauses
    time: Clock
    current: Callable[[], Generation]
    traced: Callable[[Tx, Sequence[StoredMail]], tuple[StoredMail, ...]]
    """Gives mails with their whole decision traces."""
    verify_audit: Callable[[str], Awaitable[ChainVerdict]]
    """Looks at all that a tenant's audit log says."""
    clock: SettableClock | None = None
    """None outside test mode."""
    settings: Taking | None = None
    """Who takes changes to settings; None where they are read from files."""


Parts = NamedDependency[SkipValidation[OperatorParts]]
"""How a route asks for the parts."""
