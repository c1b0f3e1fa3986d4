"""Stands between the socket and whoever asked, and sees to it that one command gets one reply.

Bytes nobody asked for end the connection: they are a farewell, a refusal in the middle of a mail, or an attack
(a second reply in the packet that answers STARTTLS). It keeps the first of them to say why; it never answers.
"""

from __future__ import annotations

import asyncio
from collections import deque

from postroom.gateways.smtp.reply_lines import NotSmtp, ReplyLines, Said

HEARD_LIMIT = 600
NO_REPLY = b"?\r\n"


class Guard(asyncio.Protocol):
    """Keeps exactly as many replies as were announced by `expect`, and cuts the connection at anything more."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport) -> None:
        """`inner` is told of the connection's end, and given the reply that `expect_for_inner` announced."""
        self._inner = inner
        self._transport = transport
        self._lines = ReplyLines()
        self._replies: deque[Said] = deque()
        self._expected = 0
        self._is_for_inner = False
        self._failure: NotSmtp | None = None
        self._has_ended = False
        self._arrival: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.heard = b""
        """The first bytes that came without being asked for; empty while all is well."""
        transport.set_protocol(self)

    def expect(self, replies: int = 1) -> None:
        """That many commands go out now, so as many replies may come; one still owed is nobody's any more."""
        if self._expected or self._replies:
            self._transport.abort()
        self._expected = replies

    def expect_for_inner(self) -> None:
        """The inner protocol sends a command of its own, and gets its reply."""
        self._expected, self._is_for_inner = 1, True

    async def reply(self, within: float) -> Said:
        """The next reply that was announced. Raises TimeoutError, ConnectionError at the end, and NotSmtp."""
        if not self._replies:
            async with asyncio.timeout(within):
                while not self._replies:
                    await self._more()
        return self._replies.popleft()

    @property
    def is_full(self) -> bool:
        """Whether the socket takes no more for now."""
        return not self._may_write.is_set()

    async def room(self) -> None:
        """Wait until the socket takes more, or is gone."""
        await self._may_write.wait()

    def data_received(self, data: bytes) -> None:
        """Keep what belongs to the replies awaited; what follows them is nobody's."""
        if self._failure is not None:
            return
        self._lines.feed(data)
        try:
            while self._expected and (said := self._lines.take()) is not None:
                self._expected -= 1
                self._take(said)
        except NotSmtp as error:
            self._failure = error
            self._hand_on(NO_REPLY)
        else:
            self._hear_surplus()
        self._wake()

    def eof_received(self) -> bool | None:
        """The server has said its last."""
        self._has_ended = True
        self._wake()
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; nobody waits for room or a reply any longer."""
        self._has_ended = True
        self._may_write.set()
        self._wake()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hold the writer back: the server reads slower than we write."""
        self._may_write.clear()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Let the writer go on."""
        self._may_write.set()
        self._inner.resume_writing()

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._has_ended:
            raise ConnectionResetError
        self._arrival = asyncio.get_running_loop().create_future()
        await self._arrival

    def _hear_surplus(self) -> None:
        if not self._expected and (surplus := self._lines.rest()):
            self.heard = (self.heard + surplus)[:HEARD_LIMIT]
            self._transport.abort()

    def _take(self, said: Said) -> None:
        if self._is_for_inner:
            words = said.text.replace("\n", " ")
            self._hand_on(f"{said.code} {words}\r\n".encode("utf-8", "surrogateescape"))
        else:
            self._replies.append(said)

    def _hand_on(self, data: bytes) -> None:
        """Give the inner protocol its reply on one line, or what came instead of one."""
        if self._is_for_inner:
            self._is_for_inner = False
            self._inner.data_received(data)

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
