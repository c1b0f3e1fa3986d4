"""Another process on a store folder, to be refused or killed: `python -m tests.store.child VERB FOLDER`."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

from postroom.errors import PostroomError
from postroom.ports.store import Tx
from postroom.store.blobs import FileBlobs
from postroom.store.database import open_writer
from postroom.store.folder_lock import FolderLock
from postroom.store.migrations import known_migrations, migrate
from tests.store.opened import opened
from tests.store.samples import NOW, conversation, on, outbox_row, receipt, timer

WRITERS = 16


def start(verb: str, folder: Path, *before: str) -> subprocess.Popen[str]:
    """Run a verb in a process of its own; `before` is what runs the interpreter."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [*before, sys.executable, "-m", "tests.store.child", verb, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(verb: str, folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    with start(verb, folder, *before) as process:
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _lock(folder: Path) -> None:
    FolderLock(folder)


def _commit(folder: Path) -> None:
    """Twenty commits between two words."""
    raw = open_writer(folder)
    raw.execute("CREATE TABLE a (b TEXT)")
    _say("begin")
    for number in range(20):
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO a VALUES (?)", (str(number),))
        raw.execute("COMMIT")
    _say("end")
    raw.close()


def _migrate(folder: Path) -> None:
    """A migration that is killed before its commit."""
    migrate(open_writer(folder), known_migrations(), lambda name: _kill_at(name, "migrate_step"))


def _write(folder: Path) -> None:
    """Units of five rows from many callers until killed; the number of each is said once it was answered."""
    asyncio.run(_write_for_ever(folder))


async def _write_for_ever(folder: Path) -> None:
    numbers = itertools.count()
    async with opened(folder) as store, asyncio.TaskGroup() as group:

        async def caller() -> None:
            for number in numbers:
                await store.write(on(five_rows, number))
                _say(str(number))

        for _ in range(WRITERS):
            group.create_task(caller())


def five_rows(tx: Tx, number: int) -> None:
    """One row in each of five tables."""
    name = f"n{number}"
    tx.ledger.receive(receipt(name, uid=name))
    tx.conversations.add(conversation(name))
    tx.conversations.name("acme", name, conversation(name).id, "inbox", NOW)
    tx.outbox.add(outbox_row(name, name))
    tx.timers.arm(timer(name))


def _settle(folder: Path) -> None:
    """Large mails settled until killed; the name of each is said once it is durable."""
    blobs = FileBlobs(folder)
    blobs.prepare()
    for number in itertools.count():
        spool = blobs.open(0)
        for _ in range(4):
            spool.write(b"%08d" % number * 10_000)
        ref = blobs.finish(spool)
        blobs.settle([spool])
        _say(f"{ref.sha256} {ref.size}")


def _kill_at(name: str, place: str) -> None:
    if name == place:
        os.kill(os.getpid(), signal.SIGKILL)


def _say(words: str) -> None:
    # One write a line: what was said is in the pipe, whatever happens to this process then.
    os.write(1, f"{words}\n".encode())


VERBS = {"lock": _lock, "commit": _commit, "migrate": _migrate, "write": _write, "settle": _settle}

if __name__ == "__main__":
    try:
        VERBS[sys.argv[1]](Path(sys.argv[2]))
    except PostroomError as error:
        sys.exit(str(error))
