"""One connection to a POP3 server: its bytes as lines and as bodies; it knows no command."""

from __future__ import annotations

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.pop3.body import Body
from postroom.gateways.pop3.inbound import Inbound
from postroom.gateways.pop3.replies import stranger
from postroom.gateways.stream import HIGH_WATER, Deadline, Stream

__all__ = ["HIGH_WATER", "Connection", "Deadline"]


class Connection(Stream):
    """A stream of status lines and multi-line replies. Used by one task."""

    def __init__(self, peer: str, idle: float) -> None:
        self.inbound = Inbound()
        super().__init__(peer, idle, self.inbound)

    def stranger(self, start: bytes) -> str:
        """Say who speaks like this, when it is not POP3; else nothing."""
        return stranger(start)

    async def multiline(self, most: int, deadline: Deadline, doing: str) -> bytes:
        """A whole body, dots unstuffed. Raises ProtocolFault when it passes `most` octets."""
        body, chunks, size = Body(), [], 0
        while not body.done:
            chunk = self.inbound.body(body)
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise ProtocolFault(f"sent more than {most:,} octets while {doing}")
            if not chunk and not body.done:
                await self.more(deadline, doing)
        return b"".join(chunks)
