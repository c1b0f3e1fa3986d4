"""The HTTP door under load: so many requests a second while mails come in by POP3, each side a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from tests.benchmarks.api_client import Answers
from tests.benchmarks.boxes import Box, Stock, filled, stocked
from tests.benchmarks.configuration import TOKEN, environment, write_configuration
from tests.benchmarks.mails import mails
from tests.benchmarks.peers import ROOT, child_environment
from tests.benchmarks.report import Row, recorded
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.ports import free_port

REQUESTS, MAILS = 200, 100
"""A second."""
POLL_EVERY = 1
STARTS_WITHIN = 60.0

Say = Callable[[str], None]


class Figures(Struct, frozen=True, kw_only=True):
    """What the asking process saw, and how many mails a second were taken in and deleted meanwhile."""

    answers: Answers
    mails: float


def run(seconds: float, say: Say) -> Figures:
    """Measure for so long."""
    with (
        running_dovecot(users=1) as server,
        tempfile.TemporaryDirectory(prefix="postroom-api-") as folder,
    ):
        stock = stocked(server, "plain", mails("plain", max(round(MAILS * seconds), 1)))
        box = filled(server, 0, Stock(files=(), octets=0))
        with _service(Path(folder), box) as url:
            seen = _loaded(server, stock, url, seconds)
    say(f"api: {seen.answers.requests:.0f} requests/s and {seen.mails:.0f} mails/s for {seconds:g} s")
    return seen


def rows(seen: Figures) -> Sequence[Row]:
    """As figures."""
    name = f"api: {REQUESTS} requests/s beside {MAILS} mails/s"
    return (
        recorded(f"{name}: p50", seen.answers.p50, "ms"),
        recorded(f"{name}: p99", seen.answers.p99, "ms"),
        recorded(f"{name}: requests served", seen.answers.requests, "requests/s"),
        recorded(f"{name}: mails taken in", seen.mails, "mails/s"),
    )


@contextmanager
def _service(folder: Path, box: Box) -> Iterator[str]:
    """The runtime as it runs in production, collecting that box; gives the URL of its tenant."""
    port = free_port()
    write_configuration(folder, port=box.port, users=(box.number,), poll_every=POLL_EVERY, http_port=port)
    command = [sys.executable, "-m", "postroom", "run", "--config", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=child_environment(environment({box.number: box.password})), stderr=subprocess.DEVNULL
    ) as service:
        try:
            url = f"http://127.0.0.1:{port}/api/v1/tenant0/"
            _wait_for(url)
            yield url
        finally:
            service.terminate()


def _wait_for(url: str) -> None:
    until = time.perf_counter() + STARTS_WITHIN
    while True:
        try:
            httpx.get(f"{url}me", headers={"Authorization": f"Bearer {TOKEN}"}).raise_for_status()
        except httpx.TransportError:
            if time.perf_counter() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _loaded(server: Dovecot, stock: Stock, url: str, seconds: float) -> Figures:
    """Let mails come at their pace while another process asks."""
    command = [sys.executable, "-m", "tests.benchmarks.api_client", url, TOKEN, str(REQUESTS), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, env=child_environment(), stdout=subprocess.PIPE) as client:
        begun = time.perf_counter()
        _deliver(server, stock, begun)
        said, _ = client.communicate()
        taken = stock.mails - server.maildir_count(0)
        whole = time.perf_counter() - begun
    return Figures(answers=msgspec.json.decode(said, type=Answers), mails=taken / whole)


def _deliver(server: Dovecot, stock: Stock, begun: float) -> None:
    """Put one mail after the other into the box, each when it is due."""
    new = server.folder / "mail" / "u0" / "Maildir" / "new"
    for number, file in enumerate(stock.files):
        time.sleep(max(begun + number / MAILS - time.perf_counter(), 0))
        os.link(file, new / file.name)
