"""Waits on a signed-in connection for word of new mail (IDLE, RFC 2177); polling goes on beside it as before."""

from __future__ import annotations

import asyncio

from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.folder import select
from postroom.gateways.imap.options import ImapOptions
from postroom.gateways.imap.snapshot import Snapshot

AGAIN_AFTER = 540.0
"""Seconds after which IDLE is said anew: servers end idle connections after half an hour, home routers sooner."""
_DOING = "we waited for word of new mail"


class Idling:
    """One wait. A connection on which it was broken off is brought back to commands by `finish`."""

    def __init__(self, connection: Connection, options: ImapOptions, last: Snapshot | None) -> None:
        self._connection = connection
        self._options = options
        self._last = last
        """What the first folder held in the last session."""
        self._tag = b""

    async def run(self, news: asyncio.Event) -> None:
        """Wait for new mail in the first folder, and set the event. Raises GatewayError, ProtocolFault."""
        before = await select(self._connection, self._options.folders[0], self._options)
        if self._last is not None and before.next_uid != self._last.selected.next_uid:
            # It came after the last session looked, and nobody tells of it again.
            news.set()
            return
        # Silence is what IDLE is made of.
        self._connection.idle = 2 * AGAIN_AFTER
        while not await self._round(before.count):
            await self.finish()
            self._connection.idle = 2 * AGAIN_AFTER
        news.set()

    async def finish(self) -> None:
        """Have the server end its IDLE, if one is under way. Raises GatewayError, ProtocolFault."""
        if not self._tag:
            return
        tag, self._tag = self._tag, b""
        self._connection.idle = self._options.deadlines.idle
        self._connection.send(b"DONE\r\n")
        await self._connection.finish(tag, _DOING, self._connection.within(self._options.deadlines.command))

    async def _round(self, count: int) -> bool:
        """One IDLE; whether it brought news before it had to be said anew."""
        connection = self._connection
        self._tag = connection.tag()
        connection.send(self._tag + b" IDLE\r\n")
        deadline = self._connection.within(self._options.deadlines.command)
        try:
            async with asyncio.timeout(AGAIN_AFTER):
                while True:
                    response = await connection.response(deadline, _DOING)
                    if response.tag == b"+":
                        deadline = self._connection.within(AGAIN_AFTER * 2)
                        continue
                    if response.tag == self._tag:
                        self._tag = b""
                        await asyncio.Event().wait()
                    connection.untagged(response, _DOING)
                    if response.head.upper().endswith(b" EXISTS") and (response.data()[0] or 0) > count:
                        return True
        except TimeoutError:
            return False
