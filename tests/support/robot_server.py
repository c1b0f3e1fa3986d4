"""A web service for robots' questions in tests: answers as it is told, keeps what it was asked, and may misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Misbehaviour(Enum):
    """What a service does instead of answering."""

    SILENT = "reads the request, and says nothing for ever"
    DROPS = "closes the connection"
    ENDLESS = "begins an answer that has no end"
    DRIPS = "sends its header an octet at a time, and never all of it"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 whatever JSON was sent
        """The body, read."""
        return json.loads(self.body)


Answer = bytes | Misbehaviour


def http(body: object, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer; anything but bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + content


class RobotServer:
    """Listens on a free port of this machine."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.port = 0
        self.connections = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/answers"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(await _request(reader), writer)
        finally:
            writer.transport.abort()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        match self.answer(asked):
            case Misbehaviour.SILENT:
                await asyncio.Event().wait()
            case Misbehaviour.DROPS:
                return
            case Misbehaviour.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while True:
                    writer.write(b" " * 65_536)
                    await writer.drain()
            case Misbehaviour.DRIPS:
                while True:
                    writer.write(b"H")
                    await writer.drain()
                    await asyncio.sleep(0.01)
            case bytes() as answer:
                writer.write(answer)
                await writer.drain()
                writer.close()
                await writer.wait_closed()


@asynccontextmanager
async def robot_server(
    answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None
) -> AsyncIterator[RobotServer]:
    """Serve until the block is left."""
    service = RobotServer(answer)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(service.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks)


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.casefold(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Asked(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
