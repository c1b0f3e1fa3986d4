"""An SMTP server that does what a script says at each stage: refuse, close, drop, hang, babble, or behave."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self


class Stage(Enum):
    """Where in a session a server speaks."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    NOOP = "noop"
    RSET = "rset"


class Then(Enum):
    """What the server does after it has spoken."""

    GO_ON = "go on"
    CLOSE = "close"
    HANG = "hang"
    FLOOD = "say it again and again, as fast as the client takes it"
    DRIP = "say it an octet at a time"


@dataclass(frozen=True)
class Answer:
    """The bytes to say (perhaps none), and what to do after."""

    said: bytes = b""
    then: Then = Then.GO_ON


@dataclass(frozen=True)
class Turn:
    """One moment of a session: which connection (counted from 1), which stage, and the client's line."""

    connection: int
    stage: Stage
    line: bytes


Script = Callable[[Turn], Answer | None]
"""Gives the answer for a turn, or None for a well-behaved one."""

USUAL_EXTENSIONS = (b"PIPELINING", b"SIZE 10485760", b"8BITMIME", b"SMTPUTF8", b"AUTH PLAIN LOGIN XOAUTH2")
POSITIVE = {
    Stage.CONNECT: b"220 ready\r\n",
    Stage.STARTTLS: b"220 go ahead\r\n",
    Stage.AUTH: b"235 welcome\r\n",
    Stage.MAIL: b"250 sender ok\r\n",
    Stage.RCPT: b"250 recipient ok\r\n",
    Stage.DATA: b"354 go ahead\r\n",
    Stage.DOT: b"250 taken\r\n",
    Stage.NOOP: b"250 here\r\n",
    Stage.RSET: b"250 forgotten\r\n",
}


@dataclass
class ScriptedServer:
    """An async context manager; what it saw is in `lines`, `mails` and `cut_short`."""

    script: Script = lambda _: None
    extensions: tuple[bytes, ...] = USUAL_EXTENSIONS
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    interrupts: bytes = b""
    """Said in the middle of a mail, after the first of its bytes came."""
    challenges: list[bytes] = field(default_factory=list)
    """What is said to the next lines that belong to a sign-in; a script fills it when it begins one."""
    port: int = 0
    connections: int = 0
    lines: list[bytes] = field(default_factory=list)
    """Every command line of every connection, in order."""
    mails: list[bytes] = field(default_factory=list)
    """Every mail whose final dot came, as it was on the wire, without the dot."""
    cut_short: list[bytes] = field(default_factory=list)
    """What came after DATA of every mail whose final dot did not come."""

    async def __aenter__(self) -> Self:
        self._sessions: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
        context = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._sessions.values():
            writer.transport.abort()
        for task in list(self._sessions):
            if task is not None:
                task.cancel()
        if running := [task for task in self._sessions if task is not None]:
            await asyncio.wait(running, timeout=5)

    @property
    def secrets_seen(self) -> bytes:
        """All that was said, decoded where it is base64: where a password would be if one went out."""
        words = b" ".join(self.lines).split()
        return b" ".join([*words, *(decoded for word in words if (decoded := _decoded(word)))])

    def verbs(self) -> list[str]:
        """The first word of every command line, in order."""
        return [line.split(b" ")[0].decode("latin-1").upper() for line in self.lines]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._sessions[task] = writer
        self.connections += 1
        try:
            await _Session(self, self.connections, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            del self._sessions[task]


class _Closed(OSError):
    pass


@dataclass
class _Session:
    server: ScriptedServer
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self) -> None:
        await self._speak(Stage.CONNECT, b"")
        while True:
            line = (await self.reader.readuntil(b"\n")).rstrip(b"\r\n")
            self.server.lines.append(line)
            if self.server.challenges:
                self.writer.write(self.server.challenges.pop(0))
                continue
            verb = line.split(b" ")[0].upper()
            if verb == b"QUIT":
                self.writer.write(b"221 bye\r\n")
                return
            await self._obey(verb, line)

    async def _obey(self, verb: bytes, line: bytes) -> None:
        stages = {stage.value.upper().encode(): stage for stage in Stage}
        if verb == b"EHLO":
            await self._speak(Stage.EHLO, line, _ehlo(self.server.extensions))
        elif verb == b"STARTTLS":
            await self._speak(Stage.STARTTLS, line)
            if self.server.tls is not None:
                await self.writer.start_tls(self.server.tls)
        elif verb in stages:
            said = await self._speak(stages[verb], line)
            if verb == b"DATA" and said.startswith(b"354"):
                await self._read_mail()
        else:
            self.writer.write(b"250 ok\r\n")

    async def _read_mail(self) -> None:
        content = b""
        while not content.endswith(b"\r\n.\r\n") and content != b".\r\n":
            if not (chunk := await self.reader.read(65536)):
                self.server.cut_short.append(content)
                raise _Closed
            if self.server.interrupts and not content:
                self.writer.write(self.server.interrupts)
            content += chunk
        self.server.mails.append(content[: -len(b".\r\n")])
        await self._speak(Stage.DOT, b".")

    async def _speak(self, stage: Stage, line: bytes, usual: bytes = b"") -> bytes:
        scripted = self.server.script(Turn(self.number, stage, line))
        answer = scripted or Answer(usual or POSITIVE[stage])
        while answer.then is Then.FLOOD:
            self.writer.write(answer.said)
            await self.writer.drain()
        if answer.then is Then.DRIP:
            for octet in answer.said:
                self.writer.write(bytes((octet,)))
                await asyncio.sleep(0.03)
        elif answer.said:
            self.writer.write(answer.said)
            await self.writer.drain()
        if answer.then is Then.CLOSE:
            raise _Closed
        if answer.then is Then.HANG:
            await asyncio.Event().wait()
        return answer.said


def _ehlo(extensions: tuple[bytes, ...]) -> bytes:
    lines = (b"scripted.example", *extensions)
    return b"".join(b"250-" + line + b"\r\n" for line in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"


def _decoded(word: bytes) -> bytes:
    try:
        return b64decode(word, validate=True)
    except ValueError:
        return b""
