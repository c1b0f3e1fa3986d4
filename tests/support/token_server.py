"""An OAuth 2.0 token endpoint on loopback: real HTTP, answers of the test's choice, every form kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Raw:
    """Bytes to answer with, whatever they are; then the connection is closed unless it `hangs`."""

    content: bytes
    hangs: bool = False


Said = tuple[int, dict[str, Any]] | Raw


def token(number: int, **more: object) -> Said:
    return 200, {"access_token": f"at-{number}", "token_type": "Bearer", "expires_in": 3600, **more}


@dataclass
class TokenServer:
    """Gives the answers in turn; the last one stays. Without any, tokens numbered by the request."""

    answers: list[Said] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    pause: float = 0.0
    port: int = 0
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http{'s' if self.context else ''}://localhost:{self.port}/tenant/token"

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[TokenServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
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
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        body = await reader.readexactly(int(lengths[0]))
        self.heads.append(head)
        self.forms.append(dict(parse_qsl(body.decode())))
        said = self._next()
        await asyncio.sleep(self.pause)
        if isinstance(said, Raw):
            writer.write(said.content)
        else:
            content = json.dumps(said[1]).encode()
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (said[0], len(content)) + content)
        await writer.drain()
        if isinstance(said, Raw) and said.hangs:
            await asyncio.Event().wait()
        writer.close()

    def _next(self) -> Said:
        if not self.answers:
            return token(len(self.forms))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
