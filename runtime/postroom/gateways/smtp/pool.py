"""A few connections to one relay, kept open between mails for a short while.

It counts places and lends connections; it never opens one, and never knows what is said on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from postroom.gateways.smtp.connection import Connection


class Pool:
    """At most `size` mails under way at once; a connection idle for `idle_after` seconds is closed."""

    def __init__(self, size: int, idle_after: float) -> None:
        self._places = asyncio.Semaphore(size)
        self._idle_after = idle_after
        self._idle: dict[Connection, asyncio.TimerHandle] = {}
        self._closed = False

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one of the places; whoever holds one is bounded by its own deadlines."""
        async with self._places:
            yield

    def take(self) -> Connection | None:
        """The connection used last that still looks open, or None."""
        while self._idle:
            connection, expiry = self._idle.popitem()
            expiry.cancel()
            if connection.is_open:
                return connection
            connection.abort()
        return None

    def keep(self, connection: Connection) -> None:
        """Lay a connection by for the next mail, unless it is broken or the pool is closed."""
        if self._closed or not connection.is_open:
            connection.leave()
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._idle_after, self._expire, connection)

    async def close(self, within: float) -> None:
        """QUIT every idle connection; those still lent are closed when they come back."""
        self._closed = True
        async with asyncio.TaskGroup() as farewells:
            while connection := self.take():
                farewells.create_task(connection.quit(within))

    def _expire(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        connection.leave()
