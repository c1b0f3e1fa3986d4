"""Fifty gateways in one runtime, half of them broken in four ways: the healthy half does not notice.

What is asserted of time is coarse: a healthy gateway polls a few times where it should poll many times, and a broken
one is tried no more often than its back-off allows.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import accumulate
from pathlib import Path

import httpx
import pytest
import structlog

from postroom.settings.load import load
from postroom.wiring import Runtime
from tests.journeys.oracle import Oracle
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.pop3_script import Act, Drip, ScriptedServer, Turns, on_the_wire
from tests.support.ports import free_ports

pytestmark = [pytest.mark.server, pytest.mark.journey]

HEALTHY, REFUSED, BLACK, SLOW, FLAPPING = 25, 10, 5, 5, 5
MAILS = 3
SECONDS = 13.5
SOONEST = (2.5, 5.0, 10.0)
"""The least seconds between the tries of a broken gateway: half of the back-off's steps."""

WORDS = {"refused": "refused the connection", "black": "did not answer in 10 s", "flapping": "closed the connection"}
"""What is said of each kind of broken gateway."""

PROCESS = """\
store:
  folder: var
http:
  listen: 127.0.0.1:0
ops:
  listen: 127.0.0.1:0
drain_within: 2s
"""
GATEWAY = """\
  - kind: pop3
    name: {name}
    host: 127.0.0.1
    port: {port}
    security: none
    allow_plaintext: true
    user: {user}
    password: file:{password}
    poll_every: 1s
    own_addresses: [support@cc.example]
"""
CHANNEL = """\
  - name: {name}
    receiving_gateway: {name}
    sending_gateway: outbox
    skill_queue: first_line
"""
REST = """\
queues:
  - name: first_line
    members: [anna]
agents:
  - account: anna
    name: Anna
    token_sha256: ["{zeros}"]
"""
OUTBOX = """\
  - kind: smtp
    name: outbox
    host: 127.0.0.1
    port: {port}
    security: none
    allow_plaintext: true
    auth: none
    from_address: service@cc.example
"""


class Gateways:
    """The receiving gateways of the configuration, by kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._text: list[str] = []
        self.names: list[str] = []

    def add(self, kind: str, port: int, login: tuple[str, str] | None = None) -> None:
        """One more of that kind."""
        name = f"{kind}_{len(self.names)}"
        login = login or (name, "pw")
        (self._folder / f"{name}.password").write_text(login[1])
        self._text.append(GATEWAY.format(name=name, port=port, user=login[0], password=f"{name}.password"))
        self.names.append(name)

    def write(self) -> None:
        """Write the configuration."""
        (self._folder / "postroom.yaml").write_text(PROCESS)
        (self._folder / "tenants").mkdir()
        channels = "".join(CHANNEL.format(name=name) for name in self.names)
        gateways = "".join(self._text) + OUTBOX.format(port=free_ports(1)[0])
        rest = REST.format(zeros="0" * 64)
        (self._folder / "tenants" / "acme.yaml").write_text(f"gateways:\n{gateways}channels:\n{channels}{rest}")


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that answers nobody: its queue of connections is full, and nobody ever takes one out of it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()


def slow(mail: bytes) -> ScriptedServer:
    """A server that gives its mail an octet at a time."""
    return ScriptedServer([mail], {"RETR": (Drip(on_the_wire(mail), 0.05),)})


def flapping(mail: bytes) -> ScriptedServer:
    """A server that drops every other connection at once, and the rest in the middle of a mail."""
    cut = (on_the_wire(mail)[:100], Act.RESET)
    return ScriptedServer([mail], {"greeting": Turns([(Act.CLOSE,), (Act.USUAL,)] * 50), "RETR": cut})


@asynccontextmanager
async def fifty(folder: Path, dovecot: Dovecot, oracle: Oracle) -> AsyncIterator[Gateways]:
    """The configuration, with the servers behind it."""
    gateways = Gateways(folder)
    async with AsyncExitStack() as stack:
        for user in range(HEALTHY):
            gateways.add("healthy", dovecot.pop3, login=dovecot.login(user))
        for port in free_ports(REFUSED):
            gateways.add("refused", port)
        for _ in range(BLACK):
            gateways.add("black", stack.enter_context(black_hole()))
        for number in range(SLOW):
            server = await stack.enter_async_context(slow(oracle.mail(f"slow{number}")).serving())
            gateways.add("slow", server.port)
        for number in range(FLAPPING):
            server = await stack.enter_async_context(flapping(oracle.mail(f"flapping{number}")).serving())
            gateways.add("flapping", server.port)
        gateways.write()
        yield gateways


async def test_the_healthy_do_not_notice_the_broken(tmp_path: Path) -> None:
    oracle, of_the_broken = Oracle(tmp_path / "var" / "postroom.db"), Oracle(tmp_path / "none")
    with running_dovecot(users=HEALTHY) as dovecot, structlog.testing.capture_logs() as logs:
        async with fifty(tmp_path, dovecot, of_the_broken) as gateways:
            metrics = await watched(tmp_path, dovecot, oracle)
        assert sum(map(dovecot.maildir_count, range(HEALTHY))) == 0
    assert len(oracle.tokens) == HEALTHY * MAILS
    oracle.check_mails()
    oracle.check_quiet()
    check_the_healthy(metrics, [name for name in gateways.names if name.startswith("healthy")])
    check_the_broken(metrics, gateways.names, logs)


async def watched(folder: Path, dovecot: Dovecot, oracle: Oracle) -> Shown:
    """Run for SECONDS while mails come, and give what the runtime showed at the end."""
    runtime, stopping = Runtime(load(folder).require()), asyncio.Event()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        group.create_task(runtime.run(stopping))
        await runtime.started.wait()
        for _ in range(MAILS):
            deliver(dovecot, oracle)
            await asyncio.sleep(SECONDS / MAILS)
        async with httpx.AsyncClient() as client:
            shown = Shown((await client.get(f"{runtime.ops_url}/metrics")).text)
        stopping.set()
    return shown


def deliver(dovecot: Dovecot, oracle: Oracle) -> None:
    """One mail more for each healthy gateway."""
    for user in range(HEALTHY):
        dovecot.deliver(user, oracle.mail(f"tok{len(oracle.tokens)}"))


class Shown:
    """The metrics as Prometheus reads them."""

    def __init__(self, text: str) -> None:
        self._lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("postroom_gateway")]

    def value(self, metric: str, gateway: str, **labels: str) -> float:
        """The one value of a metric of this gateway."""
        wanted = [f'gateway="{gateway}"', *(f'{key}="{value}"' for key, value in labels.items())]
        (found,) = (
            float(number)
            for name, number in self._lines
            if name.startswith(f"{metric}{{") and all(label in name for label in wanted)
        )
        return found


def check_the_healthy(metrics: Shown, names: Sequence[str]) -> None:
    """All are up, none has mail left, and each polled often enough to have kept its interval of a second, coarsely."""
    for name in names:
        assert metrics.value("postroom_gateway_up", name) == 1, name
        assert metrics.value("postroom_gateway_backlog_mails", name) == 0, name
        assert metrics.value("postroom_gateway_poll_seconds_count", name) >= SECONDS / 4, name


def check_the_broken(metrics: Shown, names: Sequence[str], logs: Sequence[Mapping[str, object]]) -> None:
    """Each says what is wrong with it, and was tried no more often than its back-off allows."""
    failures = Counter(str(entry["gateway"]) for entry in logs if entry["event"] == "gateway_failed")
    words = {str(entry["gateway"]): str(entry["why"]) for entry in logs if entry["event"] == "gateway_failed"}
    most = 1 + sum(at <= SECONDS for at in accumulate(SOONEST))
    for name in names:
        kind, tries = name.split("_")[0], failures[f"acme/{name}"]
        if kind == "healthy":
            assert tries == 0, words[f"acme/{name}"]
        elif kind != "slow":
            assert 1 <= tries <= most, name
            assert metrics.value("postroom_gateway_status", name, status="connection_failed") == 1, name
            assert WORDS[kind] in words[f"acme/{name}"]
