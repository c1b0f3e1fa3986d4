"""One SQLite connection as the repositories use it: named queries in, tuples out, errors mapped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from postroom.store.faults import REFUSALS, mapped
from postroom.store.queries import CHUNK, Query

Parameters = Sequence[Any]  # what SQLite takes: str, bytes, int, None
Row = tuple[Any, ...]  # what SQLite gives


class Connection:
    """Runs queries; it is used by one thread at a time and begins and ends no transaction by itself."""

    __slots__ = ("_raw", "_read_only")

    def __init__(self, raw: sqlite3.Connection, *, read_only: bool = False) -> None:
        self._raw = raw
        self._read_only = read_only

    def run(self, query: Query, parameters: Parameters = ()) -> int:
        """Run a statement and give how many rows it changed."""
        return self._execute(query.sql, parameters).rowcount

    def many(self, query: Query, rows: Iterable[Parameters]) -> None:
        """Run a statement once a row."""
        try:
            self._raw.executemany(query.sql, rows)
        except REFUSALS as error:
            raise mapped(error, read_only=self._read_only) from error

    def one(self, query: Query, parameters: Parameters = ()) -> Row | None:
        """The first row, or None."""
        # All are fetched: a statement that writes and returns is complete only when it was stepped to its end.
        rows = self.all(query, parameters)
        return rows[0] if rows else None

    def all(self, query: Query, parameters: Parameters = ()) -> list[Row]:
        """Every row."""
        return self._fetch(query.sql, parameters)

    def all_in(self, query: Query, parameters: Row, values: Sequence[str]) -> list[Row]:
        """Every row of a query with a list, however long; each value is looked for once, in order of the chunks."""
        rows: list[Row] = []
        for statement, listed in _in_chunks(query, values):
            rows += self._fetch(statement, (*parameters, *listed))
        return rows

    def run_in(self, query: Query, parameters: Row, values: Sequence[str]) -> None:
        """Run a statement with a list, however long, chunk by chunk."""
        for statement, listed in _in_chunks(query, values):
            self._execute(statement, (*parameters, *listed))

    def control(self, statement: str) -> None:
        """Run a statement of transaction control."""
        self._execute(statement, ())

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; SQLite undoes one by itself when the disk is full or fails."""
        return self._raw.in_transaction

    def close(self) -> None:
        """Close it."""
        self._raw.close()

    def _fetch(self, statement: str, parameters: Parameters) -> list[Row]:
        try:
            return self._raw.execute(statement, parameters).fetchall()
        except REFUSALS as error:
            raise mapped(error, read_only=self._read_only) from error

    def _execute(self, statement: str, parameters: Parameters) -> sqlite3.Cursor:
        try:
            return self._raw.execute(statement, parameters)
        except REFUSALS as error:
            raise mapped(error, read_only=self._read_only) from error


def _in_chunks(query: Query, values: Sequence[str]) -> Iterator[tuple[str, Row]]:
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        # Rooms are powers of two, so that few statements serve every length; the last value fills the rest.
        room = 1 << (len(chunk) - 1).bit_length()
        yield query.with_list(room), (*chunk, *(chunk[-1],) * (room - len(chunk)))
