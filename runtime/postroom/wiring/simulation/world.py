"""The machine of a simulated house: a clock that somebody sets, threads that are none, and a relay that only counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from postroom.engine.readers import Readers, StoredMailReader
from postroom.mail.message import Message
from postroom.ports.gateways import BeforeDot, RecipientResult, SendOutcome
from postroom.ports.store import Blobs, Store
from postroom.ports.world import Offload

P = ParamSpec("P")
T = TypeVar("T")

ACCEPTED = 250
REMEMBERED = 500
"""Mails kept as they were read."""


class VirtualClock:
    """ports.world.Clock. It stands still until it is set, and never goes back; who waits lets that time pass."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """The seconds that have passed."""
        return (self._now - self._start).total_seconds()

    def set(self, to: datetime) -> None:
        """Let it be that time, or stay where it is already later."""
        self._now = max(self._now, to.astimezone(UTC))

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.set(self._now + timedelta(seconds=seconds))

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Let the time pass, unless the event is set."""
        if not event.is_set():
            await self.sleep(seconds)
        return event.is_set()


class CountedIds:
    """ports.world.Ids: each is the time and a number; the same run mints the same ids. Nothing is secret here."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._minted = 0

    def new(self) -> str:
        """The next id; later ones sort behind it."""
        self._minted += 1
        return f"{int(self._clock.now().timestamp() * 1000):013d}{self._minted:013d}"

    def secret(self) -> str:
        """A token that anybody could guess."""
        return f"token-{self.new()}"


class InlineOffload:
    """ports.world.Offload without another thread: one thing after the other, the same way every time."""

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: ARG002 the port's
        """Do the work here and now."""
        return work(*args, **kwargs)


class RememberingReader(StoredMailReader):
    """ports.desk.MailReader that reads no mail twice while it is talked about: mails are many, and few at a time."""

    def __init__(self, store: Store, blobs: Blobs, readers: Readers, offload: Offload) -> None:
        super().__init__(store, blobs, readers, offload)
        self._read: dict[str, Message] = {}

    async def message(self, sha256: str) -> Message:
        """The mail as read."""
        found = self._read.pop(sha256, None) or await super().message(sha256)
        self.remember(sha256, found)
        return found

    def remember(self, sha256: str, read: Message) -> None:
        """Keep a mail that was read just now, in the place of the one longest not asked for."""
        self._read[sha256] = read
        if len(self._read) > REMEMBERED:
            del self._read[next(iter(self._read))]


class CountingGateway:
    """ports.gateways.SendingGateway that takes every mail and sends none."""

    def __init__(self) -> None:
        self.taken = 0

    async def probe(self) -> None:
        """There is nothing to try."""

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:  # noqa: ARG002 the port's
        """Count it."""
        self.taken += 1
        return SendOutcome(results=tuple(RecipientResult(one, ACCEPTED, "not sent: simulated") for one in recipients))

    async def close(self) -> None:
        """There is nothing to close."""
