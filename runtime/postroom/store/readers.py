"""Reads: each thread of the readers' lane has a connection of its own, and never waits for the writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from postroom.errors import TemporaryError
from postroom.ports.store import Tx
from postroom.store.connection import Connection
from postroom.store.database import open_reader
from postroom.store.transaction import SqlTx

T = TypeVar("T")


class Readers:
    """The connections that only read, opened when a thread first reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._changed = threading.Condition()
        self._reading = 0
        self._is_closed = False

    def run(self, unit: Callable[[Tx], T]) -> T:
        """Run the unit in one snapshot. Blocking. Raises TemporaryError once closed."""
        with self._counted():
            db, tx = self._connection()
            db.control("BEGIN")
            try:
                return unit(tx)
            finally:
                tx.take_woken()
                if db.in_transaction:
                    db.control("ROLLBACK")

    def close(self) -> None:
        """Wait for the reads that have begun, and close every connection. Blocking."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: self._reading == 0)
        for raw in self._opened:
            raw.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._changed:
            if self._is_closed:
                raise TemporaryError("the store is closed: this process is ending")
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    def _connection(self) -> tuple[Connection, SqlTx]:
        found: tuple[Connection, SqlTx] | None = getattr(self._mine, "connection", None)
        if found is None:
            raw = open_reader(self._folder)
            self._opened.append(raw)
            db = Connection(raw, read_only=True)
            found = self._mine.connection = (db, SqlTx(db))
        return found
