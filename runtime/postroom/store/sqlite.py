"""The store on SQLite: one writer thread, readers that never wait for it, one process a folder.

It is in charge of who waits for what; what a commit is, is units.py's.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from postroom.errors import PostroomError, TemporaryError
from postroom.ports.store import Bell, Topic, Tx
from postroom.ports.world import Clock, Failpoint, Offload
from postroom.store.bells import Bells
from postroom.store.connection import Connection
from postroom.store.database import open_writer
from postroom.store.folder_lock import FolderLock
from postroom.store.migrations import known_migrations, migrate
from postroom.store.readers import Readers
from postroom.store.units import GroupCommit, Ticket

T = TypeVar("T")

WRITER = "writer"
"""The lane that writes: one thread."""
READERS = "readers"
"""The lane that reads: as many threads as wanted, a connection each."""
GROUP = 512
"""Units that share a commit at most."""

Committed = Callable[[float, int], None]
"""Told of each commit, on the loop's thread: the seconds it took with its units, and how many units they were."""


class Folder:
    """The store's folder, locked, and its database, up to this release. Everything here blocks."""

    def __init__(self, path: Path, failpoint: Failpoint | None = None) -> None:
        """Take it. Raises ConfigurationError where another process has it or the database cannot be used."""
        self.path = path
        self._lock = FolderLock(path)
        try:
            self._raw = _open(path, failpoint)
        except BaseException:
            self._lock.release()
            raise
        self.writer = Connection(self._raw)

    def close(self) -> None:
        """Give it back."""
        self._raw.close()
        self._lock.release()


def _open(path: Path, failpoint: Failpoint | None) -> sqlite3.Connection:
    raw = open_writer(path)
    try:
        migrate(raw, known_migrations(), failpoint)
    except BaseException:
        raw.close()
        raise
    return raw


class SqliteStore:
    """ports.store.Store. Made by `open`, ended by `close`."""

    def __init__(self, folder: Folder, clock: Clock, offload: Offload, committed: Committed | None) -> None:
        self._folder = folder
        self._clock = clock
        self._offload = offload
        self._committed = committed
        self._group = GroupCommit(folder.writer)
        self._readers = Readers(folder.path)
        self._bells = Bells(clock)
        self._waiting: deque[Ticket[Any]] = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False
        # The one task of the store's own: kept here, and awaited by `close`.
        self._writer = asyncio.get_running_loop().create_task(self._write_groups(), name="store-writer")

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        offload: Offload,
        committed: Committed | None = None,
        failpoint: Failpoint | None = None,
    ) -> SqliteStore:
        """Open the folder's store, made or brought up to this release if need be.

        Raises ConfigurationError where another process has the folder, a newer release wrote it, or commits would not
        be durable in it.
        """
        return cls(await offload.run(WRITER, Folder, path, failpoint), clock, offload, committed)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Run the unit and give its result once it is durably committed; raise what it raised, with nothing written."""
        if self._is_closing:
            raise TemporaryError("the store is closed: this process is ending")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Ticket(unit, future))
        self._arrived.set()
        return await future

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Run a unit that only reads, in one snapshot and without waiting for the writer."""
        return await self._offload.run(READERS, self._readers.run, unit)

    def bell(self, topic: Topic) -> Bell:
        """A bell for the topic."""
        return self._bells.bell(topic)

    async def close(self) -> None:
        """Commit what waits, let the reads that have begun end, and give the folder back."""
        self._is_closing = True
        self._arrived.set()
        await asyncio.wait({self._writer})
        await self._offload.run(WRITER, self._shut)

    def _shut(self) -> None:
        self._readers.close()
        self._folder.close()

    async def _write_groups(self) -> None:
        try:
            while await self._has_work():
                await self._write_group()
        finally:
            # Only a cancelled or broken writer leaves somebody waiting: he must not wait for ever.
            self._is_closing = True
            _answer_all(self._waiting, TemporaryError("the store's writer has stopped"))

    async def _has_work(self) -> bool:
        while not self._waiting:
            if self._is_closing:
                return False
            self._arrived.clear()
            await self._arrived.wait()
        return True

    async def _write_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP))]
        try:
            seconds = await self._offload.run(WRITER, self._commit, group)
        except PostroomError as error:
            _answer_all(group, error)
            return
        except BaseException:
            _answer_all(group, TemporaryError("the store's writer was stopped: whether this was committed is unknown"))
            raise
        for ticket in group:
            self._bells.ring(ticket.answer())
        if self._committed is not None:
            self._committed(seconds, len(group))

    def _commit(self, group: list[Ticket[Any]]) -> float:
        begun = self._clock.monotonic()
        self._group.run(group)
        return self._clock.monotonic() - begun


def _answer_all(tickets: deque[Ticket[Any]] | list[Ticket[Any]], error: PostroomError) -> None:
    for ticket in tickets:
        ticket.fail(error)
        ticket.answer()
    tickets.clear()
