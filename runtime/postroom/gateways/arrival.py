"""One mail on its way in: its octets go to a spool as they come, and only its header is kept once it is too large."""

from __future__ import annotations

from postroom.ports.gateways import Spool

HEADER_MAX = 256 * 1024
"""Octets of header kept of a mail that is too large to take whole."""
_HEADER_END = b"\r\n\r\n"


class Arrival:
    """What came of one mail so far. Without a spool it keeps the header alone."""

    __slots__ = ("_head", "_headed", "_limit", "size", "spool")

    def __init__(self, spool: Spool | None, limit: int) -> None:
        self.spool = spool
        self.size = 0
        self._limit = limit
        self._head: list[bytes] = []
        self._headed = 0

    def take(self, chunk: bytes) -> None:
        """Take the next octets; once they pass the limit the spool is discarded."""
        self.size += len(chunk)
        if self._headed < HEADER_MAX:
            self._head.append(chunk)
            self._headed += len(chunk)
        if self.spool is None:
            return
        if self.size > self._limit:
            self.discard()
        else:
            self.spool.write(chunk)

    def discard(self) -> None:
        """Forget the spooled octets: the mail does not arrive whole."""
        if self.spool is not None:
            self.spool.discard()
            self.spool = None

    @property
    def header(self) -> bytes:
        """The header as far as it came, its last line's CRLF included."""
        head = b"".join(self._head)[:HEADER_MAX]
        end = head.find(_HEADER_END)
        return head if end < 0 else head[: end + 2]
