"""A server of the tests' own on a loopback port: it listens inside a block, and no connection outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from tests.support.playing import Act, Answer, Hung, Script, Turns


@dataclass(kw_only=True)
class Loopback:
    """Serves each connection with `_talk`, whatever becomes of it."""

    context: ssl.SSLContext | None = None
    """For implicit TLS, and for TLS that begins later."""
    implicit_tls: bool = False
    sessions: int = 0
    port: int = 0
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Listen inside the block."""
        tls = self.context if self.implicit_tls else None
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.sessions += 1
        try:
            await self._talk(reader, writer)
        except (OSError, Hung, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the test is over, or the script says so
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


@dataclass(kw_only=True)
class Scripted(Loopback):
    """Behaves, except where its script says otherwise; what the client sent is kept in `received`."""

    received: list[bytes] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)

    def scripted(self, script: Script, keys: tuple[str, ...]) -> Answer:
        """The script's answer to the first of these keys it knows, each time it is asked; or the usual one."""
        for key in keys:
            answer = script.get(key)
            if isinstance(answer, Turns):
                turn = self._asked.get(key, 0)
                self._asked[key] = turn + 1
                return answer.answers[min(turn, len(answer.answers) - 1)]
            if answer is not None:
                return answer
        return (Act.USUAL,)
