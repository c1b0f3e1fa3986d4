"""Many gateways and nothing to fetch: what that costs, whether the loop stays prompt, and that nothing is written."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.benchmarks.configuration import environment, write_configuration
from tests.benchmarks.descriptors import raise_limit
from tests.benchmarks.measure import MEGABYTE, Idling
from tests.benchmarks.peers import ROOT, child_environment
from tests.benchmarks.report import Row, limited, recorded
from tests.support.dovecot import running_dovecot

REAL, SCRIPTED = 1_000, 10_000
"""Gateways at a Dovecot, and at a server of a few lines."""
PATIENCE = 1_800.0
POLL_EVERY = 60

Say = Callable[[str], None]


def run(scale: float, seconds: float, say: Say) -> dict[str, Idling]:
    """Idle at either server, that share of the gateways each; by the server's name."""
    raise_limit()
    return {
        "dovecot": _at_dovecot(max(int(REAL * scale), 1), seconds, say),
        "scripted": _at_quiet_server(max(int(SCRIPTED * scale), 1), seconds, say),
    }


def _at_dovecot(gateways: int, seconds: float, say: Say) -> Idling:
    with running_dovecot(users=gateways) as server:
        say(f"idle: {gateways:,} gateways at a Dovecot, watched for {seconds:g} s after their first poll")
        return _idle(server.pop3, [server.login(number)[1] for number in range(gateways)], seconds)


def _at_quiet_server(gateways: int, seconds: float, say: Say) -> Idling:
    with quiet_server() as port:
        say(f"idle: {gateways:,} gateways at a scripted server, watched for {seconds:g} s after their first poll")
        return _idle(port, ["secret"] * gateways, seconds)


@contextmanager
def quiet_server() -> Iterator[int]:
    """The scripted server in a process of its own; gives its port."""
    command = [sys.executable, "-m", "tests.benchmarks.quiet_server"]
    with subprocess.Popen(command, cwd=ROOT, env=child_environment(), stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def _idle(port: int, passwords: Sequence[str], seconds: float) -> Idling:
    gateways = len(passwords)
    with tempfile.TemporaryDirectory(prefix="postroom-idle-") as folder:
        write_configuration(Path(folder), port=port, users=range(gateways), poll_every=POLL_EVERY)
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.idle_child", folder, str(gateways), str(seconds)],
            cwd=ROOT,
            env=child_environment(environment(dict(enumerate(passwords)))),
            stdout=subprocess.PIPE,
            timeout=PATIENCE + seconds,
            check=True,
        )
    seen = msgspec.json.decode(done.stdout, type=Idling)
    if not seen.polls and seconds >= 2 * POLL_EVERY:
        raise RuntimeError(f"{gateways} gateways did not poll once in {seconds:g} s")
    return seen


def rows(server: str, seen: Idling) -> list[Row]:
    """One spell as figures; what an empty poll writes has to be nothing."""
    name = f"idle {seen.gateways:,} gateways at {server}"
    return [
        recorded(f"{name}: polls", seen.polls / seen.seconds, "polls/s"),
        recorded(f"{name}: processor", 100 * seen.cpu_seconds / seen.seconds, "% of one core"),
        recorded(f"{name}: memory", seen.memory / MEGABYTE, "MB"),
        recorded(f"{name}: event loop lag p99", 1_000 * seen.lag_p99, "ms"),
        limited(f"{name}: changes of the store", float(seen.store_changed), "changes", 1),
    ]
