from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from postroom.cli.init import init
from postroom.cli.migrate import migrate as verb
from postroom.errors import ConfigurationError, PermanentError
from postroom.store.database import FILE, open_writer
from postroom.store.folder_lock import FolderLock
from postroom.store.migrations import Migration, known_migrations, migrate, migrate_folder, statements
from tests.store.child import run
from tests.store.opened import opened

LATEST = known_migrations()[-1].number


def step(number: int, text: str) -> Migration:
    return Migration(number=number, name="later", checksum=hashlib.sha256(text.encode()).hexdigest(), text=text)


def tables(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / FILE)) as raw:
        return {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_numbers_of_migrations_grow() -> None:
    numbers = [one.number for one in known_migrations()]
    assert numbers == sorted(set(numbers))


def test_a_new_folder_gets_every_table_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    assert migrate_folder(tmp_path / "new" / "store") == (0, LATEST)
    assert {"receipts", "sessions", "outbox", "migrations"} <= tables(tmp_path / "new" / "store")
    assert migrate_folder(tmp_path / "new" / "store") == (LATEST, LATEST)


def test_only_what_is_missing_is_applied(tmp_path: Path) -> None:
    migrate_folder(tmp_path)
    more = step(LATEST + 1, "CREATE TABLE later (a TEXT);\n-- and\nCREATE TABLE more (b TEXT);")
    with closing(open_writer(tmp_path)) as raw:
        assert migrate(raw, (*known_migrations(), more)) == (LATEST, LATEST + 1)
    assert {"later", "more"} <= tables(tmp_path)


def test_a_migration_that_fails_leaves_nothing_of_itself_and_can_be_tried_again(tmp_path: Path) -> None:
    migrate_folder(tmp_path)
    broken = step(LATEST + 1, "CREATE TABLE later (a TEXT);\nINSERT INTO nowhere VALUES (1);")
    with closing(open_writer(tmp_path)) as raw, pytest.raises(PermanentError, match="nowhere"):
        migrate(raw, (*known_migrations(), broken))
    assert "later" not in tables(tmp_path)
    with closing(open_writer(tmp_path)) as raw:
        migrate(raw, (*known_migrations(), step(LATEST + 1, "CREATE TABLE later (a TEXT);")))
    assert "later" in tables(tmp_path)


async def test_a_database_newer_than_this_release_is_refused_by_everybody(tmp_path: Path) -> None:
    """Downgrade refused clearly."""
    migrate_folder(tmp_path)
    with closing(open_writer(tmp_path)) as raw:
        migrate(raw, (*known_migrations(), step(LATEST + 1, "CREATE TABLE later (a TEXT);")))
    words = f"has schema {LATEST + 1} and this release knows only {LATEST}"
    with pytest.raises(ConfigurationError, match=words):
        migrate_folder(tmp_path)
    with pytest.raises(ConfigurationError, match=words):
        async with opened(tmp_path):
            pass
    FolderLock(tmp_path).release()


def test_a_database_with_another_history_is_refused(tmp_path: Path) -> None:
    migrate_folder(tmp_path)
    edited = replace(known_migrations()[0], checksum="0" * 64)
    with (
        closing(open_writer(tmp_path)) as raw,
        pytest.raises(ConfigurationError, match=r"migration 1 \(tables\), which is not the one"),
    ):
        migrate(raw, (edited, *known_migrations()[1:]))


def test_a_statement_ends_where_its_line_ends_in_a_semicolon() -> None:
    text = "CREATE TABLE a (\n b TEXT -- no; end\n);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n SELECT 1;\nEND;\n"
    assert [one.split()[1] for one in statements(text)] == ["TABLE", "TRIGGER"]


def test_killed_in_the_middle_of_a_migration_the_database_is_as_before_and_the_next_run_goes_through(
    tmp_path: Path,
) -> None:
    """Transactional, resumable."""
    assert run("migrate", tmp_path).returncode == -signal.SIGKILL
    assert "receipts" not in tables(tmp_path)
    assert migrate_folder(tmp_path) == (0, LATEST)


def configuration(folder: Path) -> Path:
    """The starter configuration, with its store in `data`."""
    config = folder / "config"
    assert CliRunner().invoke(init, [str(config)]).exit_code == 0
    (config / "postroom.yaml").write_text("store:\n  folder: data\n")
    return config


async def test_the_verb_prints_from_and_to_and_refuses_while_a_daemon_runs(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    first = CliRunner().invoke(verb, ["--config", str(config)])
    assert (first.exit_code, first.output) == (0, f"{config / 'data'}: schema 0 -> {LATEST}\n")
    async with opened(config / "data"):
        refused = CliRunner().invoke(verb, ["--config", str(config)])
        assert refused.exit_code == 1
        assert "in use by another process" in refused.output
        assert f"pid {os.getpid()}" in refused.output
    again = CliRunner().invoke(verb, ["--config", str(config)])
    assert (again.exit_code, again.output) == (0, f"{config / 'data'}: schema {LATEST}, up to date\n")


def test_the_verb_ends_with_78_where_the_configuration_is_not_valid(tmp_path: Path) -> None:
    result = CliRunner().invoke(verb, ["--config", str(tmp_path)])
    assert result.exit_code == 78
    assert "postroom.yaml" in result.output
    assert list(tmp_path.iterdir()) == []
