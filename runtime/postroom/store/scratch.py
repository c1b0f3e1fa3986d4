"""A store nobody keeps: the same tables, queries and units of work, without the care for what a power cut would take.

It works on its caller's own thread, one unit after the other, so that what runs on it runs the same way every time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from postroom.errors import TemporaryError
from postroom.ports.store import Bell, Topic, Tx
from postroom.ports.world import Clock
from postroom.store.bells import Bells
from postroom.store.sqlite import Folder
from postroom.store.transaction import SqlTx
from postroom.store.units import GroupCommit, Ticket

T = TypeVar("T")

_CARELESS = ("PRAGMA synchronous = OFF",)


class ScratchStore:
    """ports.store.Store in a folder that is thrown away. Every call blocks its thread for as long as SQLite takes."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = Folder(folder)
        for setting in _CARELESS:
            self._folder.writer.control(setting)
        self._group = GroupCommit(self._folder.writer)
        # One transaction holds everything, and is never committed: nobody will read it again.
        self._folder.writer.control("BEGIN IMMEDIATE")
        self._reading = SqlTx(self._folder.writer)
        self._bells = Bells(clock)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Run the unit and give its result; raise what it raised, with nothing written."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        ticket = Ticket(unit, future)
        if not self._group.unit(ticket):
            raise TemporaryError("the scratch store's disk is full or failing")
        self._bells.ring(ticket.answer())
        return await future

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Run a unit that only reads: nobody writes meanwhile, so it needs no transaction."""
        return unit(self._reading)

    def bell(self, topic: Topic) -> Bell:
        """A bell for the topic."""
        return self._bells.bell(topic)

    def close(self) -> None:
        """Give the folder back."""
        self._folder.close()
