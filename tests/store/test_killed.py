"""Whatever the moment of death, what was answered is there whole, and nothing is there by half."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from postroom.ports.records import RawRef
from postroom.store.blobs import BLOBS, SPOOL, FileBlobs
from postroom.store.database import FILE
from tests.store.child import start
from tests.store.opened import opened

SEEDS = range(6)


def killed_after_a_while(verb: str, folder: Path, seed: int) -> list[str]:
    """Start the verb, SIGKILL it at some moment after its first word, and give every whole line it said."""
    with start(verb, folder) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, process.stderr and process.stderr.read()
        time.sleep(random.Random(seed).uniform(0, 0.25))
        process.kill()
        rest = process.stdout.read()
    return _whole_lines(first + rest, process)


def _whole_lines(said: str, process: Popen[str]) -> list[str]:
    assert process.returncode == -9
    return [line.strip() for line in said.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.parametrize("seed", SEEDS)
async def test_units_answered_before_a_kill_are_there_and_none_is_there_by_half(tmp_path: Path, seed: int) -> None:
    said = killed_after_a_while("write", tmp_path, seed)
    answered = {f"n{number}" for number in said}
    # Read with plain SQL: a checker shares no code with what it checks.
    with closing(sqlite3.connect(tmp_path / FILE)) as raw:
        found = [
            {row[0] for row in raw.execute(f"SELECT {column} FROM {table}")}
            for table, column in (
                ("receipts", "id"),
                ("conversations", "id"),
                ("thread_names", "conversation"),
                ("outbox", "id"),
                ("timers", "session"),
            )
        ]
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert answered
    assert answered <= found[0]
    assert all(rows == found[0] for rows in found)
    async with opened(tmp_path) as store:
        assert await store.read(lambda tx: tx.counts().timers_pending) == len(found[0]), "it opens again at once"


@pytest.mark.parametrize("seed", SEEDS)
def test_large_mails_settled_before_a_kill_are_whole_under_their_names(tmp_path: Path, seed: int) -> None:
    said = killed_after_a_while("settle", tmp_path, seed)
    assert said
    blobs = FileBlobs(tmp_path)
    assert blobs.prepare() <= 1, "what was in hand is thrown away"
    for line in said:
        sha256, size = line.split()
        assert len(blobs.read(RawRef(sha256=sha256, size=int(size)))) == int(size)
    for file in (tmp_path / BLOBS).rglob("*"):
        if file.is_file():
            blobs.read(RawRef(sha256=file.parent.name + file.name, size=file.stat().st_size))
    assert not list((tmp_path / SPOOL).iterdir())
