"""Opens the database's connections and makes sure that a commit is on the disk when it returns.

It is in charge of SQLite's settings; what is in the tables is the migrations'.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.store.faults import mapped

FILE = "postroom.db"
OLDEST_SQLITE = (3, 35, 0)
"""The first release with RETURNING."""
CACHED_STATEMENTS = 512
BUSY_SECONDS = 5.0

_WRITER = (
    # WAL: readers never wait for the writer. FULL: the log is synced at each commit; NORMAL may lose a commit that was
    # acknowledged when the power fails.
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)
_READER = ("PRAGMA query_only = ON", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -16384")
_MUST_BE = (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1))


def open_writer(folder: Path) -> sqlite3.Connection:
    """The connection that writes, its durability read back. Raises ConfigurationError where SQLite will not give it."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ConfigurationError(f"SQLite {sqlite3.sqlite_version} is too old: Postroom needs 3.35 or newer")
    raw = _connect(folder, _WRITER)
    try:
        assert_durable(raw)
        sync_folder(folder)
    except BaseException:
        raw.close()
        raise
    return raw


def open_reader(folder: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    return _connect(folder, _READER)


def assert_durable(raw: sqlite3.Connection) -> None:
    """Read the settings that durability rests on back. Raises ConfigurationError where one is not in force."""
    for setting, wanted in _MUST_BE:
        (found,) = raw.execute(f"PRAGMA {setting}").fetchone()
        if found != wanted:
            raise ConfigurationError(
                f"SQLite keeps {setting} at {found} instead of {wanted}, so a commit could be lost: "
                "put the store's folder on a local disk"
            )


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(folder: Path, settings: tuple[str, ...]) -> sqlite3.Connection:
    try:
        raw = sqlite3.connect(
            folder / FILE,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise mapped(error) from error
    try:
        for setting in settings:
            raw.execute(setting).fetchall()
    except sqlite3.Error as error:
        raw.close()
        raise mapped(error) from error
    return raw
