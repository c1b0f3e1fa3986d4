"""An OAuth 2.0 token endpoint on loopback: real HTTP, answers of the test's choice, every form kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.support.loopback import Loopback


@dataclass(frozen=True)
class Raw:
    """Bytes to answer with, whatever they are; then the connection is closed unless it `hangs`."""

    content: bytes
    hangs: bool = False


Said = tuple[int, dict[str, Any]] | Raw


def token(number: int, **more: object) -> Said:
    return 200, {"access_token": f"at-{number}", "token_type": "Bearer", "expires_in": 3600, **more}


@dataclass
class TokenServer(Loopback):
    """Gives the answers in turn; the last one stays. Without any, tokens numbered by the request."""

    answers: list[Said] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    pause: float = 0.0
    implicit_tls: bool = field(default=True, kw_only=True)

    @property
    def url(self) -> str:
        return f"http{'s' if self.context else ''}://localhost:{self.port}/tenant/token"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
