"""Machines that answer each other, as real processes: two of us stop at once, a rude one at the caps (P17)."""

from __future__ import annotations

import asyncio
import email
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest

from postroom.sandbox import Sandbox
from tests.journeys.config import PROCESS
from tests.journeys.process import Process, log_of, wait_for
from tests.support.ports import free_port

pytestmark = [
    pytest.mark.server,
    pytest.mark.journey,
]

PASSWORD = "pw0"
ONE, OTHER, ROBOT = "support@one.example", "support@other.example", "robot@rude.example"
TENANT = """\
gateways:
  - kind: pop3
    name: inbox
    host: 127.0.0.1
    port: {pop3}
    security: none
    allow_plaintext: true
    user: {address}
    password: env:JOURNEY_POP3_PASSWORD
    poll_every: 200ms
  - kind: smtp
    name: outbox
    host: 127.0.0.1
    port: {smtp}
    security: none
    allow_plaintext: true
    auth: none
    from_address: {address}
channels:
  - name: support
    receiving_gateway: inbox
    sending_gateway: outbox
    skill_queue: first_line
    auto_reply:
      working: Thank you. Your reference is {{reference}}.
queues:
  - name: first_line
    members: [anna]
agents:
  - account: anna
    name: Anna
    token_sha256: ["{zeros}"]
"""


@asynccontextmanager
async def one_of_us(folder: Path, address: str, sandbox: Sandbox) -> AsyncIterator[Process]:
    """A runtime of its own with one mailbox, which answers every first mail automatically."""
    http, ops = free_port(), free_port()
    (folder / "tenants").mkdir(parents=True)
    (folder / "postroom.yaml").write_text(PROCESS.format(http=http, ops=ops))
    ports = {"pop3": sandbox.pop3_port, "smtp": sandbox.smtp_port}
    (folder / "tenants" / "acme.yaml").write_text(TENANT.format(address=address, zeros="0" * 64, **ports))
    process = Process(folder, ops)
    try:
        await asyncio.to_thread(process.wait_ready)
        yield process
    except AssertionError as error:
        error.add_note(log_of(folder).read_text()[-6000:])
        raise
    finally:
        await asyncio.to_thread(process.kill)


def counted(process: Process, metric: str) -> dict[str, int]:
    """The values of a counter by the label that says how it ended."""
    lines = re.findall(rf"^postroom_{metric}\{{.*?outcome=\"(\w+)\".*?\}} ([0-9.]+)$", process.metrics(), re.MULTILINE)
    found: dict[str, int] = {}
    for outcome, value in lines:
        found[outcome] = found.get(outcome, 0) + int(float(value))
    return found


async def sent(process: Process) -> int:
    """How many automatic replies a server took."""
    return (await asyncio.to_thread(counted, process, "auto_replies_total")).get("sent", 0)


async def received(process: Process, mails: int) -> dict[str, int]:
    """Wait until the process has brought so many mails to their outcomes, and give those."""

    def outcomes() -> dict[str, int] | None:
        found = counted(process, "mails_received_total")
        return found if sum(found.values()) >= mails else None

    found: dict[str, int] = await asyncio.to_thread(wait_for, outcomes, f"{mails} mails to have their outcome")
    return found


async def in_box(sandbox: Sandbox, address: str, mails: int) -> Message:
    """Wait until so many mails are in the box, and give the newest."""
    await asyncio.to_thread(wait_for, lambda: len(sandbox.mails(address)) >= mails, f"{mails} mails for {address}")
    return email.message_from_bytes(sandbox.mails(address)[-1], policy=default)


def letter(number: int, sender: str, to: str, text: str = "Hello.", subject: str = "A question") -> bytes:
    """A mail with nothing in it that says a machine wrote it."""
    lines = (f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: <{number}@{sender}>", "", text, "")
    return "\r\n".join(lines).encode()


async def test_two_of_us_that_face_each_other_send_one_automatic_reply_each(tmp_path: Path) -> None:
    async with (
        Sandbox(users={ONE: PASSWORD, OTHER: PASSWORD}) as sandbox,
        one_of_us(tmp_path / "1", ONE, sandbox) as one,
    ):
        sandbox.deliver(ONE, letter(1, OTHER, ONE))
        assert (await in_box(sandbox, OTHER, 1))["Auto-Submitted"] == "auto-replied"
        async with one_of_us(tmp_path / "2", OTHER, sandbox) as other:
            assert await received(other, 1) == {"automatic_filed": 1}
            sandbox.deliver(OTHER, letter(2, ONE, OTHER))
            assert await received(other, 2) == {"automatic_filed": 1, "conversation": 1}
            assert await received(one, 2) == {"automatic_filed": 1, "conversation": 1}
            assert (await sent(one), await sent(other)) == (1, 1)


async def test_a_robot_that_strips_every_mark_gets_three_and_no_more(tmp_path: Path) -> None:
    async with (
        Sandbox(users={ONE: PASSWORD, ROBOT: PASSWORD}) as sandbox,
        one_of_us(tmp_path / "1", ONE, sandbox) as one,
    ):
        subject = "A question"
        for number in range(12):
            sandbox.deliver(ONE, letter(number, ROBOT, ONE, f"You said: {number}", subject))
            assert await received(one, number + 1) == {"conversation": number + 1}
            subject = (await in_box(sandbox, ROBOT, min(number + 1, 3)))["Subject"]
        assert len(sandbox.mails(ROBOT)) == 3
        assert await sent(one) == 3
