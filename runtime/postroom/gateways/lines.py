"""The bytes a server sent and nobody took yet, taken as lines; bounded, no I/O."""

from __future__ import annotations

from postroom.gateways.faults import ProtocolFault

MAX_LINE = 64 * 1024
"""Octets of a line; the protocols allow far less or leave it open, servers are more generous."""
_CR = 0x0D


class Lines:
    """A buffer that is read from the front."""

    __slots__ = ("_buffer", "_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0

    def __len__(self) -> int:
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Add what came from the peer."""
        left = self._buffer[self._start :] if self._start < len(self._buffer) else b""
        self._buffer = left + data if left else data
        self._start = 0

    def line(self) -> bytes | None:
        """Take the next line without its CRLF, or None until it is whole. Raises ProtocolFault."""
        end = self._buffer.find(b"\n", self._start, self._start + MAX_LINE)
        if end < 0:
            if len(self) >= MAX_LINE:
                raise ProtocolFault(f"sent a line longer than {MAX_LINE} octets")
            return None
        # RFC 1939 §3, RFC 9051 §2.2: lines end in CRLF; a lenient reader here is how replies get smuggled
        if end == self._start or self._buffer[end - 1] != _CR:
            raise ProtocolFault("ended a line with a bare LF instead of CRLF")
        line = self._buffer[self._start : end - 1]
        self._start = end + 1
        return line

    def peek(self) -> bytes:
        """The first octets that nobody took, for telling who is speaking."""
        return self._buffer[self._start : self._start + 80]
