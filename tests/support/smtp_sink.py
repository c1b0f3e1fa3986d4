"""Postfix's own smtp-sink as a child process on a loopback port: a real relay that can also refuse, drop and hang."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.servers import need

PSEUDO_HEADERS = (b"X-Client-", b"X-Helo-Args", b"X-Mail-Args", b"X-Rcpt-Args")


def require_smtp_sink() -> str:
    """The path of smtp-sink; skips the test where there is none, and fails it under CI."""
    return str(need("smtp-sink"))


@dataclass(frozen=True)
class SunkMail:
    """One mail as smtp-sink wrote it: the arguments of MAIL and RCPT, and the mail with LF line ends."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True)
class SmtpSink:
    """A running smtp-sink."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def mails(self) -> list[SunkMail]:
        """Every whole mail taken so far, oldest file first."""
        paths = sorted(self.folder.glob("mail.*"), key=lambda path: path.stat().st_mtime_ns)
        # It writes a dump while the mail comes in, and ends it with an empty line of its own.
        return [_read_dump(dump) for path in paths if (dump := path.read_bytes()).endswith(b"\n\n")]

    def stop(self) -> None:
        """End the process, and remove what it took."""
        self.process.kill()
        self.process.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_smtp_sink(*options: str) -> SmtpSink:
    """Start one with options of its own (`-r .`, `-f RCPT`, `-q .`, `-Q DATA`).

    It dumps into a folder of its own and not the test's: pytest shuts its folders to other users whenever another run
    begins, and smtp-sink is another user.
    """
    program = require_smtp_sink()
    folder = Path(tempfile.mkdtemp(prefix="smtp-sink-", dir="/tmp"))
    unprivileged = _become_nobody(folder) if os.geteuid() == 0 else []
    for _ in range(5):
        port = free_port()
        command = [program, *unprivileged, "-d", str(folder / "mail."), *options, f"127.0.0.1:{port}", "100"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if _listens(process, port):
            assert process.stderr is not None
            process.stderr.close()
            return SmtpSink(port, folder, process)
        _, said = process.communicate(timeout=10)
    pytest.fail(f"smtp-sink did not start: {said.decode(errors='replace')}")


@pytest.fixture
def smtp_sink() -> Iterator[Callable[..., SmtpSink]]:
    """Starts smtp-sinks with the options given, and ends them with the test."""
    running: list[SmtpSink] = []

    def start(*options: str) -> SmtpSink:
        running.append(start_smtp_sink(*options))
        return running[-1]

    yield start
    for sink in running:
        sink.stop()


def _become_nobody(folder: Path) -> list[str]:
    # smtp-sink refuses to serve as root; its dump folder must let the other user in.
    folder.chmod(0o777)
    return ["-u", "nobody"]


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(200):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    process.kill()
    return False


def _read_dump(dump: bytes) -> SunkMail:
    sender, recipients = "", []
    lines = dump.split(b"\n")
    while lines and lines[0].startswith(PSEUDO_HEADERS):
        name, _, value = lines.pop(0).decode().partition(": ")
        address = value[value.find("<") + 1 : value.find(">")]
        if name == "X-Mail-Args":
            sender = address
        elif name == "X-Rcpt-Args":
            recipients.append(address)
    # smtp-sink's own Received field: its first line and the folded ones.
    while lines and (lines[0].startswith((b"Received:", b"\t", b" "))):
        lines.pop(0)
    return SunkMail(sender, tuple(recipients), b"\n".join(lines).removesuffix(b"\n"))
