"""What a POP3 server sent and nobody took yet, as lines or as bodies; no I/O."""

from __future__ import annotations

from postroom.gateways.lines import MAX_LINE, Lines
from postroom.gateways.pop3.body import Body

__all__ = ["MAX_LINE", "Inbound"]


class Inbound(Lines):
    """Lines, and the bodies of multi-line replies between them."""

    __slots__ = ()

    def body(self, body: Body) -> bytes:
        """Take what is there of a multi-line reply, dots unstuffed; empty when more must come or it is done."""
        chunk, self._start = body.take(self._buffer, self._start)
        return chunk
