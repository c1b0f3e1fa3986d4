"""One TCP or TLS connection to a mail server: bytes in with back-pressure, and a deadline on every wait.

It knows no protocol: what the bytes are is a subclass's. What fails leaves it as a GatewayError.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import TypeVar, cast

from msgspec import Struct

from postroom.gateways.lines import Lines
from postroom.gateways.tls import tls_words
from postroom.ports.gateways import GatewayError, GatewayStatus

HIGH_WATER = 512 * 1024
"""Unread octets above which the socket is read no further until somebody takes them."""
_LINGER = 1.0
T = TypeVar("T")


class Deadline(Struct, frozen=True):
    """A moment on the loop's clock, and the seconds that led to it."""

    at: float
    seconds: float


class Stream(asyncio.Protocol):
    """A byte stream from and to one server. Used by one task."""

    def __init__(self, peer: str, idle: float, lines: Lines) -> None:
        self.peer = peer
        self._lines = lines
        self.idle = idle
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._ended = False
        self._cause: Exception | None = None
        self._lost = self._loop.create_future()

    # -- a protocol says ----------------------------------------------------------------------------------------

    def stranger(self, start: bytes) -> str:
        """Say who speaks like this, when it is a well-known protocol other than this one; else nothing."""
        raise NotImplementedError

    # -- the loop calls these -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        # uvloop's transports do what asyncio.Transport says and do not inherit from it
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came, and stop reading the socket while too much lies here."""
        self._lines.feed(data)
        if len(self._lines) > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The server will send no more; the connection is of no more use."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._ended = True
        self._cause = self._cause or exc
        if not self._lost.done():
            self._lost.set_result(None)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the client calls these ---------------------------------------------------------------------------------

    def attach(self, transport: asyncio.Transport) -> None:
        """Use this transport, which was made for another protocol before (after a TLS handshake)."""
        self._transport = transport

    @property
    def transport(self) -> asyncio.Transport:
        """The transport in use."""
        if self._transport is None:
            raise GatewayError(GatewayStatus.DISCONNECTED, f"the connection to {self.peer} was closed on our side")
        return self._transport

    @property
    def is_open(self) -> bool:
        """Whether more can come and go."""
        return not self._ended and self._transport is not None and not self._transport.is_closing()

    def within(self, seconds: float) -> Deadline:
        """A deadline that many seconds from now."""
        return Deadline(self._loop.time() + seconds, seconds)

    def send(self, data: bytes) -> None:
        """Write; commands are short, so nothing waits here."""
        if data:
            self.transport.write(data)

    def early(self) -> bytes:
        """The first octets that nobody took, for telling who is speaking."""
        return self._lines.peek()

    async def line(self, deadline: Deadline, doing: str) -> bytes:
        """The next line without its CRLF; `doing` finishes "while ..." in an error. Raises GatewayError."""
        while True:
            line = self._lines.line()
            if line is not None:
                return line
            await self.more(deadline, doing)

    async def more(self, deadline: Deadline, doing: str) -> None:
        """Wait until something new came. Raises GatewayError at the deadline, after silence, or at the stream's end."""
        if self._ended:
            raise self._end(doing)
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        idle_at = self._loop.time() + self.idle
        self._waiter = self._loop.create_future()
        try:
            async with asyncio.timeout_at(min(deadline.at, idle_at)):
                await self._waiter
        except TimeoutError as error:
            self.abort()
            raise self._late(deadline, idle_at, doing) from error
        finally:
            self._waiter = None

    async def wait_for(self, answer: Awaitable[T], deadline: Deadline, doing: str) -> T:
        """Wait for somebody else's answer. Raises GatewayError at the deadline."""
        try:
            async with asyncio.timeout_at(deadline.at):
                return await answer
        except TimeoutError as error:
            raise self._late(deadline, deadline.at, doing) from error

    async def let_others(self) -> None:
        """Let everybody else have a turn, between two pieces of long work on what was read."""
        turn = asyncio.Event()
        asyncio.get_running_loop().call_soon(turn.set)
        await turn.wait()

    def now(self) -> float:
        """The loop's clock, for deadlines."""
        return self._loop.time()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close in order, waiting a second at most for the other side."""
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(_LINGER):
                await asyncio.shield(self._lost)
        except TimeoutError:
            self.abort()

    def _late(self, deadline: Deadline, idle_at: float, doing: str) -> GatewayError:
        if deadline.at <= idle_at:
            words = f"{self.peer} was not done in {deadline.seconds:g} s while {doing}"
        else:
            words = f"{self.peer} said nothing for {self.idle:g} s while {doing}"
        return GatewayError(GatewayStatus.CONNECTION_FAILED, words)

    def _end(self, doing: str) -> GatewayError:
        if isinstance(self._cause, ssl.SSLError):
            words = tls_words(self._cause, self.peer)
        elif isinstance(self._cause, OSError):
            words = f"the connection to {self.peer} broke ({self._cause.strerror or self._cause})"
        else:
            words = f"{self.peer} closed the connection"
        alien = self.stranger(self._lines.peek())
        return GatewayError(
            GatewayStatus.CONNECTION_FAILED, f"{self.peer} {alien}" if alien else f"{words} while {doing}"
        )
