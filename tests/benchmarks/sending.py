"""Replies handed to one relay: Postroom with all its durable states, beside three that keep nothing.

What is raced begins with rows that wait in the outbox and ends when every reply's outcome is committed: lease, attempt,
MAIL to the final dot, outcome, session told. The peers send the same octets to the same smtp-sink, in turns.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import aiosmtplib
import uvloop
from msgspec.structs import replace

from postroom.engine.automatic_delivery import AutomaticDelivery
from postroom.engine.deliver import Delivery
from postroom.engine.relay import Relay
from postroom.engine.rendered import Rendered
from postroom.engine.sending_terms import Sending
from postroom.gateways.smtp import Auth, SmtpGateway, SmtpOptions
from postroom.gateways.smtp.options import Security
from postroom.observability.logs import configure
from postroom.ports.records import Reply, ReplyState
from postroom.session.effects import SendReply
from tests.benchmarks.mails import WORDS
from tests.benchmarks.report import Row, compared
from tests.engine.outgoing import Office, open_office
from tests.engine.room import mail
from tests.support.ports import free_port

SENDER, RECIPIENT = "bounces@acme.example", "carla@example.com"
TEXT = " ".join(WORDS * 4)
BAR = "smtplib, new connections"
LEAST = 2.0
POOL = 4

Peer = Callable[[int, int, bytes], Coroutine[Any, Any, float]]
"""Sends so many mails of these octets to that port, and gives the seconds it took."""


def _state(reply: Reply | None) -> ReplyState | None:
    return reply.state if reply is not None else None


async def postroom(port: int, mails: int, _raw: bytes) -> float:
    """The relay, the delivery and the gateway's pool as they run in production, on a store of their own."""
    with tempfile.TemporaryDirectory(prefix="postroom-sending-") as folder:
        async with open_office(Path(folder)) as office:
            replies = [await _waiting(office, number) for number in range(mails)]
            seconds = await _relayed(office, port)
            states = await office.room.house.read(lambda tx: {_state(tx.replies.get(one)) for one in replies})
    if states != {ReplyState.SENT}:
        raise RuntimeError(f"replies ended as {states}")
    return seconds


async def _waiting(office: Office, number: int) -> str:
    """A reply to a customer of its own, put into the outbox."""
    session = await office.assigned(mail(Message_ID=f"<{number}@example.com>", body=f"Question {number}."))
    return (await office.submit(replace(office.request(session), text=f"{number}\n{TEXT}"))).id


async def _relayed(office: Office, port: int) -> float:
    house, room = office.room.house, office.room
    options = SmtpOptions(
        host="127.0.0.1", port=port, security=Security.NONE, allow_plaintext=True, auth=Auth.NONE, pool=POOL
    )
    gateway = SmtpGateway(options, clock=house.clock, failpoint=room.failpoint)
    delivery = Delivery(
        house.store,
        house.step,
        house.clock,
        house.ids,
        Rendered(room.blobs, house.offload),
        lambda _, __: Sending(gateway=gateway),
        AutomaticDelivery(house.clock, lambda _, __, ___: None),
        room.failpoint,
    )
    relay = Relay(house.store, house.clock, house.ids, {SendReply: delivery.perform})
    stopping, began = asyncio.Event(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run(stopping))
        while (await house.read(lambda tx: tx.counts())).outbox_pending:
            await house.clock.sleep(0.05)
        seconds = time.perf_counter() - began
        stopping.set()
    await gateway.close()
    return seconds


async def new_connections(port: int, mails: int, raw: bytes) -> float:
    """Python's own client, a connection a mail, as helpdesks send."""
    began = time.perf_counter()
    for _ in range(mails):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
            client.sendmail(SENDER, [RECIPIENT], raw)
    return time.perf_counter() - began


async def kept_connection(port: int, mails: int, raw: bytes) -> float:
    """Aiosmtplib over one connection that is kept."""
    began = time.perf_counter()
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1", port=port, use_tls=False, start_tls=False, local_hostname="localhost"
    )
    async with client:
        for _ in range(mails):
            await client.sendmail(SENDER, [RECIPIENT], raw)
    return time.perf_counter() - began


def source(sessions: int) -> Peer:
    """Postfix's own generator, in C; it makes up its mails, of the same length."""

    async def run(port: int, mails: int, raw: bytes) -> float:
        options = ["-s", str(sessions), "-m", str(mails), "-l", str(len(raw)), "-f", SENDER, "-t", RECIPIENT]
        began = time.perf_counter()
        # -d: not a connection a mail.
        process = await asyncio.create_subprocess_exec(_program("smtp-source"), "-d", *options, f"127.0.0.1:{port}")
        if await process.wait():
            raise RuntimeError("smtp-source failed")
        return time.perf_counter() - began

    return run


PEERS: Mapping[str, Peer] = {
    "postroom": postroom,
    BAR: new_connections,
    "aiosmtplib, one kept": kept_connection,
    "smtp-source, 1 session": source(1),
    "smtp-source, 8 sessions": source(8),
}


def run(rounds: int, mails: int, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Every peer once a round, another one first each time; gives its mails a second, round by round."""
    configure("warning", "json")
    speeds: dict[str, list[float]] = {name: [] for name in PEERS}
    raw = f"From: <{SENDER}>\r\nTo: <{RECIPIENT}>\r\nSubject: Re: Help\r\n\r\n{TEXT}\r\n".encode()
    with sink() as port:
        for turn in range(rounds):
            names = [*PEERS][turn % len(PEERS) :] + [*PEERS][: turn % len(PEERS)]
            for name in names:
                speeds[name].append(mails / uvloop.run(PEERS[name](port, mails, raw)))
                say(f"sending, round {turn + 1} of {rounds}: {name} {speeds[name][-1]:,.0f} mails/s")
    return speeds


def rows(speeds: Mapping[str, list[float]]) -> list[Row]:
    """The race as figures; the spread stands in a row's name."""
    ours = median(speeds["postroom"])
    return [
        compared(f"sending: beside {name}", ours, "mails/s", name, median(theirs), LEAST if name == BAR else None)
        for name, theirs in speeds.items()
        if name != "postroom"
    ]


def missing() -> str:
    """What has to be installed first, in words; empty where all is there."""
    is_here = all(map(_found, ("smtp-sink", "smtp-source")))
    return "" if is_here else "apt-get install postfix"


@contextmanager
def sink() -> Iterator[int]:
    """An smtp-sink that throws everything away; gives its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([_program("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"])
    try:
        _await(port)
        yield port
    finally:
        process.kill()
        process.wait(timeout=10)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("smtp-sink did not start")


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def _program(name: str) -> str:
    return _found(name) or name
