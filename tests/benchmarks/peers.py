"""Those who receive the same box: Postroom as it runs in production, and three that only download and delete.

Each runs in a process of its own and is asked afterwards whether it did its work; one that did not ends the benchmark.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template

import msgspec

from tests.benchmarks.boxes import Box, Stock, emptied
from tests.benchmarks.configuration import environment, write_configuration
from tests.benchmarks.measure import Measure, memory
from tests.benchmarks.proof import check_store

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 900.0
"""Seconds after which a peer is given up."""
GLANCE = 0.005
"""Seconds between two looks at a foreign process's memory."""

Peer = Callable[[Box, Stock, Path], Measure]

_MPOPRC = Template("""\
account default
host $host
port $port
tls off
auth user
user $user
password $password
keep off
delivery maildir $maildir
uidls_file $folder/uidls
""")


def postroom(box: Box, stock: Stock, folder: Path) -> Measure:
    """The whole runtime: fetched, committed, classified, routed, queued, and only then deleted."""
    return _postroom(box, stock, folder, "pop3")


def postroom_over_imap(box: Box, stock: Stock, folder: Path) -> Measure:
    """The same over IMAP."""
    return _postroom(box, stock, folder, "imap")


def _postroom(box: Box, stock: Stock, folder: Path, kind: str) -> Measure:
    write_configuration(emptied(folder), port=box.port, users=(box.number,), kind=kind)
    measure = _child("postroom_child", [str(folder), str(stock.mails)], environment({box.number: box.password}))
    check_store(folder / "var" / "postroom.db", stock.mails)
    return measure


def bare(box: Box, stock: Stock, folder: Path) -> Measure:
    """Our own few lines, pipelined, keeping nothing."""
    return _child("bare_reader", _arguments(box))


def poplib(box: Box, stock: Stock, folder: Path) -> Measure:
    """Python's own client, keeping nothing."""
    return _child("poplib_reader", _arguments(box))


def mpop(box: Box, stock: Stock, folder: Path) -> Measure:
    """Debian's mpop into a Maildir, each mail synced to the disk; measured from its start to its end."""
    maildir = emptied(folder) / "Maildir"
    for name in ("tmp", "new", "cur"):
        (maildir / name).mkdir(parents=True)
    settings = folder / "mpoprc"
    values = {"host": box.host, "port": box.port, "user": box.user, "password": box.password}
    settings.write_text(_MPOPRC.substitute(values, maildir=maildir, folder=folder))
    settings.chmod(0o600)
    measure = _watched([_mpop(), f"--file={settings}", "--quiet"], stock)
    received = sum(1 for _ in (maildir / "new").iterdir())
    if received != stock.mails:
        raise RuntimeError(f"mpop received {received} of {stock.mails} mails")
    return measure


def child_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, these variables, and the way to this checkout."""
    return {**os.environ, **(variables or {}), "PYTHONPATH": f"{ROOT / 'runtime'}{os.pathsep}{ROOT}"}


PEERS: Mapping[str, Peer] = {"postroom": postroom, "bare": bare, "mpop": mpop, "poplib": poplib}


def missing() -> str:
    """What has to be installed first, in words; empty where all is there."""
    wanted = {"mpop": "mpop", "dovecot": "dovecot-core dovecot-pop3d"}
    absent = [packages for program, packages in wanted.items() if not shutil.which(program, path=_places())]
    return f"apt-get install {' '.join(absent)}" if absent else ""


def _places() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


def _mpop() -> str:
    return shutil.which("mpop", path=_places()) or "mpop"


def _arguments(box: Box) -> list[str]:
    return [box.host, str(box.port), box.user, box.password]


def _child(module: str, arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> Measure:
    """Run a module of this package to its end and read the measure it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        env=child_environment(variables),
        stdout=subprocess.PIPE,
        timeout=WITHIN,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Measure)


def _watched(command: Sequence[str], stock: Stock) -> Measure:
    """Run a foreign program and measure it from outside."""
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    while True:
        peak = max(peak, memory("VmHWM", process.pid))
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        if time.perf_counter() - began > WITHIN:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(GLANCE)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with exit code {process.returncode}")
    return Measure(
        mails=stock.mails,
        octets=stock.octets,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_memory=peak,
    )
