from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from postroom.errors import ConfigurationError, PermanentError, TemporaryError
from postroom.store.database import FILE, assert_durable, open_reader, open_writer
from postroom.store.folder_lock import FolderLock
from tests.store.child import run
from tests.store.opened import opened


def test_a_commit_of_the_writer_is_synced_and_refers_only_to_what_is_there(tmp_path: Path) -> None:
    """FULL is mandatory."""
    with closing(open_writer(tmp_path)) as raw:
        settings = [raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        assert settings == ["wal", 2]
        raw.executescript("CREATE TABLE a (b TEXT PRIMARY KEY); CREATE TABLE c (b TEXT REFERENCES a (b));")
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute("INSERT INTO c VALUES ('x')")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("PRAGMA synchronous = NORMAL", "synchronous at 1 instead of 2"),
        ("PRAGMA synchronous = OFF", "synchronous at 0 instead of 2"),
        ("PRAGMA foreign_keys = OFF", "foreign_keys at 0 instead of 1"),
        ("PRAGMA journal_mode = DELETE", "journal_mode at delete instead of wal"),
    ],
)
def test_a_database_that_could_lose_a_commit_is_refused(tmp_path: Path, setting: str, words: str) -> None:
    with closing(open_writer(tmp_path)) as raw:
        assert_durable(raw)
        raw.execute(setting)
        with pytest.raises(ConfigurationError, match=words):
            assert_durable(raw)


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    """Counted in the system calls themselves: a commit without its sync would be lost with the power."""
    if not Path("/usr/bin/strace").exists():
        pytest.skip("strace is not installed")
    log = tmp_path / "calls"
    traced = run("commit", tmp_path, "/usr/bin/strace", "-f", "-o", str(log), "-e", "trace=fsync,fdatasync,write")
    calls = log.read_text()
    if traced.returncode or "begin" not in calls:
        pytest.skip("strace may not trace here")
    between = calls[calls.index("begin") : calls.index('"end')]
    assert between.count("sync(") >= 20


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path)) as raw:
        raw.execute("CREATE TABLE a (b TEXT)")
        with closing(open_reader(tmp_path)) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO a VALUES ('x')")


async def test_a_second_process_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    async with opened(tmp_path):
        refused = run("lock", tmp_path)
        assert refused.returncode == 1
        assert f"the store {tmp_path} is in use by another process (pid {os.getpid()})" in refused.stderr
        with pytest.raises(ConfigurationError, match="in use"):
            async with opened(tmp_path):
                pass
    assert run("lock", tmp_path).returncode == 0, "the folder is free again"


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        FolderLock(tmp_path / "file" / "store")


async def test_a_file_that_is_no_database_is_refused_and_the_folder_given_back(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, it is a letter to somebody" * 100)
    with pytest.raises(PermanentError, match="damaged"):
        async with opened(tmp_path):
            pass
    FolderLock(tmp_path).release()


async def test_a_database_another_program_has_locked_is_a_temporary_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.store.database.BUSY_SECONDS", 0.01)
    async with opened(tmp_path) as store:
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TemporaryError, match="locked by another program"):
                await store.write(lambda tx: tx.agents.ensure("acme", [("eve", 1)]))
            other.execute("ROLLBACK")
        await store.write(lambda tx: tx.agents.ensure("acme", [("eve", 1)]))
        assert await store.read(lambda tx: len(tx.agents.all("acme"))) == 1
