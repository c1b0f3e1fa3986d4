"""Brings a database to the tables this release knows, one numbered file after another, each in its own transaction.

It never goes back: a database newer than the code is refused, and so is one whose history is not ours.
"""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from msgspec import Struct

from postroom.errors import ConfigurationError
from postroom.store.database import open_writer
from postroom.store.faults import mapped
from postroom.store.folder_lock import FolderLock

_HISTORY = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
)
"""


class Migration(Struct, frozen=True, kw_only=True):
    """One file of sql/migrations: NNNN_name.sql."""

    number: int
    name: str
    checksum: str
    text: str


@functools.cache
def known_migrations() -> tuple[Migration, ...]:
    """The migrations of this release, in order."""
    folder = resources.files("postroom.store").joinpath("sql", "migrations")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(_read(file.name, file.read_text("utf-8")) for file in files)


def _read(file: str, text: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return Migration(number=int(number), name=name, checksum=checksum, text=text)


def migrate(
    raw: sqlite3.Connection, known: tuple[Migration, ...], between: Callable[[str], None] | None = None
) -> tuple[int, int]:
    """Apply what is missing; gives the numbers before and after. Passes the failpoint `migrate_step` in each one.

    Raises ConfigurationError where the database is newer than this release or was changed by other hands.
    """
    try:
        raw.execute(_HISTORY)
        applied = raw.execute("SELECT number, name, checksum FROM migrations ORDER BY number").fetchall()
        check_history(applied, known)
        for migration in known[len(applied) :]:
            _apply(raw, migration, between)
    except sqlite3.Error as error:
        raise mapped(error) from error
    return (applied[-1][0] if applied else 0), known[-1].number


def check_history(applied: list[tuple[int, str, str]], known: tuple[Migration, ...]) -> None:
    """Compare what was applied with what this release would apply. Raises ConfigurationError."""
    if applied and applied[-1][0] > known[-1].number:
        raise ConfigurationError(
            f"the database has schema {applied[-1][0]} and this release knows only {known[-1].number}: "
            "run the newer release, or restore a backup of before the upgrade"
        )
    for (number, name, checksum), migration in zip(applied, known, strict=False):
        if (number, checksum) != (migration.number, migration.checksum):
            raise ConfigurationError(
                f"the database was changed by migration {number} ({name}), which is not the one of this release: "
                "restore a backup, or run the release that made it"
            )


def _apply(raw: sqlite3.Connection, migration: Migration, between: Callable[[str], None] | None) -> None:
    raw.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements(migration.text):
            raw.execute(statement)
        if between is not None:
            between("migrate_step")
        row = (migration.number, migration.name, migration.checksum)
        raw.execute("INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)", row)
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def statements(text: str) -> Iterator[str]:
    """Split a file into its statements; a semicolon that ends one ends its line."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def migrate_folder(folder: Path) -> tuple[int, int]:
    """Bring the database in that store folder up to this release; gives the schema's numbers before and after.

    Raises ConfigurationError where a running process holds the folder.
    """
    lock = FolderLock(folder)
    try:
        raw = open_writer(folder)
        try:
            return migrate(raw, known_migrations())
        finally:
            raw.close()
    finally:
        lock.release()
