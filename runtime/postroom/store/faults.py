"""What SQLite's errors mean to a caller: to be tried again, or not; mapped here and nowhere else."""

from __future__ import annotations

import sqlite3

from postroom.errors import PermanentError, PostroomError, TemporaryError


class Conflict(PermanentError):
    """The rows of this unit go against a rule of the store: a key is taken, or what it refers to is not there."""


_PRIMARY = 0xFF
"""SQLite keeps the kind of an error in the low byte of its extended code."""

_WORDS = {
    sqlite3.SQLITE_BUSY: "the database is locked by another program",
    sqlite3.SQLITE_LOCKED: "the database is locked by another connection",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "a file of the database cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "the database is locked by another program",
    sqlite3.SQLITE_READONLY: "the database cannot be written",
}
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


REFUSALS = (sqlite3.Error, OverflowError, UnicodeEncodeError)
"""What Python's sqlite3 raises: its own, and what it meets in a number over 64 bits or in a lone surrogate."""


def mapped(error: Exception, *, read_only: bool = False) -> PostroomError:
    """The error to raise instead; a write through a connection that only reads is the caller's mistake."""
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(f"the store refused a row: {error}")
    if not isinstance(error, sqlite3.Error):
        return PermanentError(f"the store does not take this value: {error}")
    # Errors of the Python module itself have no code of SQLite's.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if read_only and code == sqlite3.SQLITE_READONLY:
        return PermanentError("a unit that only reads tried to write")
    if code in _WORDS:
        return TemporaryError(f"the store cannot go on now: {_WORDS[code]} ({error})")
    if code in _DAMAGED:
        return PermanentError(f"the database is damaged, restore it from a backup: {error}")
    return PermanentError(f"the store does not take this statement: {error}")
