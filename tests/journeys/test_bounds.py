"""The real process at its bounds: a mail larger than its memory should ever hold, and a disk that is nearly full."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.config import Written, write_configuration
from tests.journeys.oracle import Oracle
from tests.journeys.process import log_of, running, wait_for
from tests.journeys.world import BOX, world
from tests.support.pop3_script import ScriptedServer
from tests.support.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.journey]

MEBIBYTE = 1024 * 1024
HUGE = 200
"""Mebibytes of the huge mail."""


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[None]:
    """A disk of its own under that folder; skips where this machine lets nobody mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "postroom-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs a file system of its own, which only root may mount, and not in every container")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_nearly_full_disk_stops_fetching_and_room_on_it_starts_it_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "config" / "var", 32), world(tmp_path) as here, here.process() as process:
        here.deliver(3)
        here.wait_until_collected()
        ballast = here.config / "var" / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(ballast.parent).free - MEBIBYTE))
        here.deliver(3)
        wait_for(lambda: "no mail is fetched" in log_of(here.config).read_text(), "fetching to stop")
        wait_for(
            lambda: "gateway_backlog_mails" in process.metrics() and backlog(process.metrics()) == 3, "the backlog"
        )
        assert here.box.maildir_count(BOX) == 3
        here.oracle.check_mails(here.box.mails(BOX))
        ballast.unlink()
        here.wait_until_collected()
        assert process.stop() == 0
        here.oracle.check_mails()
        here.oracle.check_quiet()


def backlog(metrics: str) -> int:
    """Mails in the box not yet taken in, as Prometheus reads it."""
    (line,) = (line for line in metrics.splitlines() if line.startswith("postroom_gateway_backlog_mails{"))
    return int(float(line.rsplit(" ", 1)[1]))


async def test_a_huge_mail_needs_little_memory_from_the_wire_to_the_customers_session(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path / "var" / "postroom.db")
    server = ScriptedServer([oracle.mail("small")], name=lambda number, _: b"%d" % number, is_true_to_its_word=True)
    http, ops = free_port(), free_port()
    async with server.serving():
        written = Written(inbox="max_message_size: 300MB")
        write_configuration(tmp_path, written, pop3=server.port, smtp=free_port(), http=http, ops=ops)
        rise = await asyncio.to_thread(memory_for_a_huge_mail, tmp_path, ops, oracle, server)
    assert rise < 64 * MEBIBYTE
    (blob,) = (path for path in (tmp_path / "var" / "blobs").rglob("*") if path.is_file())
    assert blob.stat().st_size > 0.99 * HUGE * MEBIBYTE


def memory_for_a_huge_mail(config: Path, ops: int, oracle: Oracle, server: ScriptedServer) -> int:
    """How much higher the peak of the process's memory is when the mail has been served than before it came."""
    with running(config, ops) as process:
        wait_for(lambda: not server.mails, "the small mail to be deleted")
        before = of_process(process.child.pid, "VmHWM")
        lay_huge_mail(oracle, server)
        wait_for(lambda: not server.mails, "the huge mail to be deleted")
        return octets(of_process(process.child.pid, "VmHWM")) - octets(before)


def lay_huge_mail(oracle: Oracle, server: ScriptedServer) -> None:
    """Let the server have one, which it makes as it goes."""
    head = oracle.mail("huge").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    line = b"z" * 76 + b"\r\n"
    piece = line * (MEBIBYTE // len(line))
    server.octets = lambda _, __: len(head) + HUGE * len(piece)
    server.script = {"RETR": (b"+OK\r\n" + head, *[piece] * HUGE, b".\r\n")}
    server.mails.append(b"huge")


def of_process(pid: int, what: str) -> str:
    """What the kernel says of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(f"{what}:"))
    return line.partition(":")[2].strip()


def octets(words: str) -> int:
    """The octets of the kernel's `123 kB`."""
    return int(words.split(maxsplit=1)[0]) * 1024
