"""What a scripted server does in answer to a command: bytes, in any pieces, silence, TLS, or the end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    """A step that sends nothing."""

    CLOSE = "close the connection in order"
    RESET = "close it with a reset"
    HANG = "say nothing more, for ever"
    USUAL = "give the usual answer here"
    TLS = "do the TLS handshake"


@dataclass(frozen=True)
class Drip:
    """Send these bytes one at a time."""

    data: bytes
    every: float


@dataclass(frozen=True)
class Flood:
    """Send the same bytes for ever, as fast as the client takes them."""

    data: bytes


Step = bytes | Act | Drip | Flood
Answer = Sequence[Step]


@dataclass(frozen=True)
class Turns:
    """The answers to the first, the second ... asking; the last one stays."""

    answers: Sequence[Answer]


Script = Mapping[str, Answer | Turns]


class Hung(Exception):
    """The script says that nothing more is said."""


class Player:
    """One connection on which steps are done."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._context = context

    async def play(self, answer: Answer, usual: bytes) -> None:
        """Do the steps of an answer; raises Hung where it is the last."""
        for step in answer:
            if isinstance(step, bytes):
                self._writer.write(step)
                await self._writer.drain()
            elif isinstance(step, Drip):
                await self._drip(step)
            elif isinstance(step, Flood):
                while True:
                    self._writer.write(step.data)
                    await self._writer.drain()
            else:
                await self._act(step, usual)
        await self._writer.drain()

    async def _drip(self, drip: Drip) -> None:
        for octet in drip.data:
            self._writer.write(bytes((octet,)))
            await self._writer.drain()
            await asyncio.sleep(drip.every)

    async def _act(self, act: Act, usual: bytes) -> None:
        if act is Act.USUAL:
            self._writer.write(usual)
        elif act is Act.TLS:
            assert self._context is not None
            await self._writer.drain()
            await self._writer.start_tls(self._context)
        elif act is Act.HANG:
            await self._writer.drain()
            await self._reader.read(-1)
            await asyncio.Event().wait()
        elif act is Act.CLOSE:
            await self._writer.drain()
            self._writer.close()
            raise Hung
        else:
            await self._writer.drain()
            await asyncio.sleep(0.05)
            self._writer.transport.abort()
            raise Hung
