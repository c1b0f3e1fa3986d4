"""What an IMAP server sent and nobody took yet, as lines or as the octets of a literal; no I/O."""

from __future__ import annotations

from postroom.gateways.lines import MAX_LINE, Lines

__all__ = ["MAX_LINE", "Inbound"]


class Inbound(Lines):
    """Lines, and the octets of literals between them."""

    __slots__ = ()

    def octets(self, most: int) -> bytes:
        """Take what is there, at most so many octets."""
        taken = self._buffer[self._start : self._start + most]
        self._start += len(taken)
        return taken
