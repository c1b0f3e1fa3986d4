"""A sending gateway in force, and what its settings say of every reply."""

from __future__ import annotations

from datetime import UTC, tzinfo

from msgspec import Struct

from postroom.ports.gateways import SendingGateway
from postroom.ports.records import Reply


class Terms(Struct, frozen=True, kw_only=True):
    """What a sending gateway's settings say of every reply; as they stand here for one that is not configured any more.

    Times are in seconds; what may have arrived is sent again unless it is held.
    """

    give_up_after: float = 24 * 3600.0
    notify_after: float = 1_800.0
    """How long after its acceptance an agent is told that his reply is not out."""
    hold_unknown: bool = False
    hold_unknown_automatic: bool = True
    automatic_per_minute: int = 0
    """0 for no limit."""
    rate: int | None = None
    """Mails a minute."""
    daily_ceiling: int | None = None
    """Mails a day through this gateway."""
    tenant_ceiling: int | None = None
    """Mails a day through all gateways of the tenant."""
    zone: tzinfo = UTC
    """Whose midnight begins a day."""
    bounce_address: str = ""
    """The sender to use instead where a server takes no mail without one."""

    def holds(self, reply: Reply) -> bool:
        """Whether the reply is not sent again once its outcome is unknown."""
        return self.hold_unknown_automatic if reply.automatic else self.hold_unknown


class Sending(Struct, frozen=True, kw_only=True):
    """A sending gateway in force, with its terms."""

    gateway: SendingGateway
    terms: Terms = Terms()
