"""What goes wrong around the real process: each is said in words a person can act on, and loses nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.config import Written, write_configuration
from tests.journeys.process import Process, log_of, wait_for
from tests.journeys.world import BOX, World, world
from tests.support.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.journey]


def edit(here: World, old: str, new: str) -> None:
    """Change the tenant's file as an administrator would."""
    path = here.config / "tenants" / "acme.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def said(here: World) -> str:
    """What the process said so far."""
    return log_of(here.config).read_text()


def is_status(process: Process, status: str) -> Callable[[], bool]:
    """Whether the metrics say that the receiving gateway has this status."""
    line = f'postroom_gateway_status{{gateway="inbox",status="{status}",tenant="acme"}} 1.0'
    return lambda: line in process.metrics()


@pytest.mark.parametrize(
    ("old", "new", "status", "words"),
    [
        (
            "password: env:JOURNEY_POP3_PASSWORD",
            "password: env:USER",
            "auth_failed",
            "refused the user name or the pass",
        ),
        ("host: 127.0.0.1", "host: no-such-host.invalid", "connection_failed", "no-such-host.invalid"),
        ("port: {pop3}", "port: 1", "connection_failed", "check host and port"),
        ("security: none", "security: tls", "connection_failed", "TLS"),
    ],
    ids=["wrong password", "unknown host", "refused port", "no TLS there"],
)
def test_a_gateway_that_cannot_be_used_says_why_and_the_mail_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, status: str, words: str
) -> None:
    monkeypatch.setenv("USER", "not-the-password")
    with world(tmp_path) as here:
        here.deliver(1)
        edit(here, old.format(pop3=here.box.pop3), new)
        with here.process() as process:
            wait_for(is_status(process, status), f"the status {status}")
            wait_for(lambda: words in said(here), f"the words {words!r}")
        here.oracle.check_mails(here.box.mails(BOX))
        assert here.box.maildir_count(BOX) == 1


def test_a_large_mail_becomes_a_stub_and_stays_on_the_server(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.box.deliver(BOX, b"Subject: large\r\nFrom: a@customer.example\r\n\r\n" + b"x" * 76 + b"\r\n" * 1)
        large = b"Subject: sixty megabytes\r\nFrom: big@customer.example\r\n\r\n" + (b"y" * 76 + b"\r\n") * 800_000
        here.box.deliver(BOX, large)
        with here.process() as process:
            wait_for(lambda: 'outcome="oversize"' in process.metrics(), "the stub")
            wait_for(lambda: here.box.maildir_count(BOX) == 1, "the small mail to be deleted, the large one to stay")
            time.sleep(3)  # three more polls, which must not read it again
            counted = re.search(r'mails_received_total\{.*outcome="oversize".*\} (\d+)', process.metrics())
            assert counted is not None
            assert counted[1] == "1"
            assert peak_of(process) < 300_000_000
        assert here.box.mails(BOX) == [large]


def test_twenty_thousand_nested_parts_stop_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        nested = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(20_000)
        )
        here.box.deliver(BOX, b"From: a@customer.example\r\nSubject: bomb\r\nMIME-Version: 1.0\r\n" + nested)
        here.deliver(3)
        with here.process():
            wait_for(lambda: here.oracle.settled() >= 4, "every mail to have its outcome")
        here.oracle.check_quiet()


def test_a_server_killed_in_the_middle_of_a_mail_gives_it_whole_later(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.deliver(1, ("z" * 76 + "\r\n") * 400_000)
        with here.process() as process:
            wait_for(lambda: any((here.config / "var" / "spool").glob("*")), "the mail to be half read")
            here.box.kill()
            wait_for(is_status(process, "connection_failed"), "the gateway to be down")
            here.oracle.check_mails(here.box.mails(BOX))
            here.box.start()
            here.wait_until_collected()
        here.oracle.check_mails()
        here.oracle.check_quiet()


@contextmanager
def mute_server() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        done = threading.Event()

        def accept() -> None:
            held = []
            while not done.is_set():
                try:
                    held.append(listening.accept())
                except TimeoutError:
                    continue
            for one, _ in held:
                one.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield int(listening.getsockname()[1])
        done.set()
        thread.join()


def test_a_stop_is_orderly_also_while_a_server_hangs(tmp_path: Path) -> None:
    config, ops = tmp_path / "config", free_port()
    with mute_server() as pop3:
        write_configuration(config, Written(), pop3=pop3, smtp=free_port(), http=free_port(), ops=ops)
        process = Process(config, ops)
        try:
            process.wait_ready()
            began = time.monotonic()
            assert process.stop() == 0
            assert time.monotonic() - began < 35
        finally:
            if process.child.poll() is None:
                os.killpg(process.child.pid, signal.SIGKILL)


def test_a_second_process_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    with world(tmp_path) as here, here.process():
        second = postroom("run", "--config", str(here.config))
        assert second.returncode == 1
        assert "another process" in second.stderr


def test_a_broken_configuration_is_told_whole_and_ends_with_78(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        edit(here, "    skill_queue: first_line\n", "    skill_queue: nowhere\n    max_cc: 300\n    colour: red\n")
        for verb in ("check", "run"):
            said = postroom(verb, "--config", str(here.config))
            assert said.returncode == 78
            told = said.stdout + said.stderr
            assert all(key in told for key in ("skill_queue", "max_cc", "colour")), told


def postroom(*words: str) -> subprocess.CompletedProcess[str]:
    """One run of the command that ends by itself."""
    environment = {**os.environ, "JOURNEY_POP3_PASSWORD": "pw0"}
    command = [sys.executable, "-m", "postroom", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def peak_of(process: Process) -> int:
    """The largest resident set of the process so far, in octets."""
    status = Path(f"/proc/{process.child.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
