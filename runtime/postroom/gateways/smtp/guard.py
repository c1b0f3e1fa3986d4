"""Stands between the socket and the SMTP protocol and sees to it that one command gets one reply.

Bytes nobody asked for end the connection: they are a farewell, a refusal in the middle of a mail, or an attack
(a second reply in the packet that answers STARTTLS). It keeps the first of them to say why; it never answers.
"""

from __future__ import annotations

import asyncio

HEARD_LIMIT = 600


class Guard(asyncio.Protocol):
    """Forwards to the protocol within exactly one reply for each `expect`, and cuts the connection at any more."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._inner = inner
        self._transport = transport
        self._line_head = b""
        self._expecting = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.heard = b""
        """The first bytes that came without being asked for; empty while all is well."""
        transport.set_protocol(self)

    def expect(self) -> None:
        """A command goes out now, so one reply may come."""
        self._expecting = True

    async def room(self) -> None:
        """Wait until the socket takes more, or is gone."""
        await self._may_write.wait()

    def data_received(self, data: bytes) -> None:
        """Pass on what belongs to the reply awaited; what follows it is not passed on."""
        end = self._end_of_reply(data) if self._expecting else 0
        if end:
            self._inner.data_received(data[:end])
        if end < len(data):
            self.heard = (self.heard + data[end:])[:HEARD_LIMIT]
            self._transport.abort()

    def eof_received(self) -> bool | None:
        """Pass on that the server has said its last."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is gone; nobody waits for room any longer."""
        self._may_write.set()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hold the writer back: the server reads slower than we write."""
        self._may_write.clear()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Let the writer go on."""
        self._may_write.set()
        self._inner.resume_writing()

    def _end_of_reply(self, data: bytes) -> int:
        """Where the awaited reply ends in this packet; its whole length while the reply goes on."""
        start = 0
        while (line_end := data.find(b"\n", start)) >= 0:
            head = (self._line_head + data[start : line_end + 1])[:4]
            self._line_head, start = b"", line_end + 1
            # RFC 5321 §4.2.1: a hyphen after the code says that another line follows.
            if head[3:4] != b"-":
                self._expecting = False
                return start
        self._line_head = (self._line_head + data[start : start + 4])[:4]
        return len(data)
