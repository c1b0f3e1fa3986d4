"""What a sending gateway's settings say of every reply that leaves by it."""

from __future__ import annotations

from msgspec import Struct

from postroom.ports.records import Reply


class Terms(Struct, frozen=True, kw_only=True):
    """What a sending gateway's settings say of every reply; as they stand here for one that is not configured any more.

    `give_up_after` is in seconds; what may have arrived is sent again unless it is held.
    """

    give_up_after: float = 24 * 3600.0
    hold_unknown: bool = False
    hold_unknown_automatic: bool = True
    automatic_per_minute: int = 0
    """0 for no limit."""

    def holds(self, reply: Reply) -> bool:
        """Whether the reply is not sent again once its outcome is unknown."""
        return self.hold_unknown_automatic if reply.automatic else self.hold_unknown
