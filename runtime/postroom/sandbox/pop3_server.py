"""Serves POP3 sessions over TCP: lines in, replies out; what a line means is pop3_session's business."""

from __future__ import annotations

import asyncio

from postroom.sandbox.mailboxes import Mailboxes
from postroom.sandbox.pop3_session import GREETING, Pop3Session

LINE_LIMIT = 1024
IDLE_SECONDS = 600.0
"""RFC 1939 §3: an inactivity timer must be at least ten minutes."""


class Pop3Server:
    """A POP3 server over the sandbox's mailboxes."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes
        self._server: asyncio.Server | None = None
        self._sessions: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port listened on."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LINE_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every session; what they marked for deletion stays."""
        if self._server is not None:
            self._server.close()
        for writer in self._sessions.values():
            writer.transport.abort()
        if running := [task for task in self._sessions if task is not None]:
            await asyncio.wait(running, timeout=5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._sessions[task] = writer
        session = Pop3Session(self._mailboxes)
        try:
            await _talk(session, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            session.end()
            writer.close()
            del self._sessions[task]


async def _talk(session: Pop3Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(GREETING)
    while not session.is_over:
        async with asyncio.timeout(IDLE_SECONDS):
            line = await reader.readuntil(b"\n")
        writer.write(session.answer(line.rstrip(b"\r\n")))
        async with asyncio.timeout(IDLE_SECONDS):
            await writer.drain()
