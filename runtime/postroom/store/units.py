"""Runs units of work on the writer's thread: those that wait at the same time share one commit, a savepoint each.

A unit that raises is undone alone; a commit that fails undoes every unit of its group. It never runs a unit twice, and
gives no result before the commit is on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from postroom.errors import PostroomError, TemporaryError
from postroom.ports.store import Topic, Tx
from postroom.store.connection import Connection
from postroom.store.transaction import SqlTx

T = TypeVar("T")


class Ticket(Generic[T]):
    """A unit that waits for its turn, and what became of it; the writer's thread fills it, the loop answers with it."""

    __slots__ = ("_error", "_result", "_unit", "_woken", "future")

    def __init__(self, unit: Callable[[Tx], T], future: asyncio.Future[T]) -> None:
        self._unit = unit
        self.future = future
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._woken: set[Topic] = set()

    @property
    def is_abandoned(self) -> bool:
        """Whether its caller was cancelled before it ran."""
        return self.future.cancelled()

    @property
    def has_failed(self) -> bool:
        """Whether nothing of it is to be kept."""
        return self._error is not None

    def run(self, tx: SqlTx) -> None:
        """Run the unit and keep its result or its error."""
        try:
            self._result.append(self._unit(tx))
        except BaseException as error:  # noqa: BLE001 whatever a unit raises is its caller's, not the writer's
            self._error = error
        self._woken = tx.take_woken()

    def fail(self, error: PostroomError) -> None:
        """Take back what it seemed to have done; an error of its own stays."""
        self._error = self._error or error

    def answer(self) -> set[Topic]:
        """Give the caller his result or error, and give the topics to wake. On the loop's thread."""
        if self._error is None and not self._result:
            return set()
        if not self.future.done():
            self._answer()
        return set() if self._error else self._woken

    def _answer(self) -> None:
        if isinstance(self._error, StopIteration):
            # A future refuses StopIteration; a coroutine would turn it into this as well.
            self._error = RuntimeError(f"a unit of work raised {self._error!r}")
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result[0])


class GroupCommit:
    """The writer's side of it: one connection, one thread at a time."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._tx = SqlTx(db)

    def run(self, tickets: Sequence[Ticket[Any]]) -> None:
        """Run the tickets in as few commits as can be: one, if all goes well."""
        waiting = iter(tickets)
        unit = self.unit if len(tickets) > 1 else self._only_unit
        while not self._one_commit(waiting, unit):
            pass

    def _one_commit(self, waiting: Iterator[Ticket[Any]], unit: Callable[[Ticket[Any]], bool]) -> bool:
        """Run what waits in one transaction; False when SQLite undid it half-way, so that some still wait."""
        ran: list[Ticket[Any]] = []
        try:
            self._db.control("BEGIN IMMEDIATE")
            for ticket in waiting:
                if ticket.is_abandoned:
                    continue
                ran.append(ticket)
                if not unit(ticket):
                    _fail(ran, TemporaryError("the store undid this group of units: its disk is full or failing"))
                    return False
            self._db.control("COMMIT")
        except PostroomError as error:
            self._undo()
            _fail([*ran, *waiting], TemporaryError(f"the commit failed: {error}"))
        return True

    def _only_unit(self, ticket: Ticket[Any]) -> bool:
        """Run a unit that shares its commit with none, and so needs no savepoint; False when SQLite undid it.

        Within a savepoint SQLite keeps every page as it was, in a chain that each statement walks: dear for long units.
        """
        ticket.run(self._tx)
        if not self._db.in_transaction:
            return False
        if ticket.has_failed:
            self._db.control("ROLLBACK")
            self._db.control("BEGIN IMMEDIATE")
        return True

    def unit(self, ticket: Ticket[Any]) -> bool:
        """Run one unit in the open transaction; False when SQLite undid the whole of it meanwhile."""
        self._db.control("SAVEPOINT unit")
        ticket.run(self._tx)
        if not self._db.in_transaction:
            return False
        if ticket.has_failed:
            self._db.control("ROLLBACK TO unit")
        self._db.control("RELEASE unit")
        return True

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.control("ROLLBACK")


def _fail(tickets: Sequence[Ticket[Any]], error: PostroomError) -> None:
    for ticket in tickets:
        ticket.fail(error)
