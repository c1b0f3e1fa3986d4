"""The world a sending gateway is tested in: the real clock, no failpoints, and short waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from postroom.gateways.smtp import Auth, Deadlines, Security, SmtpGateway, SmtpOptions
from postroom.ports.gateways import SendOutcome
from postroom.ports.world import Failpoint

CUSTOMER = "customer@example.org"
DESK = "desk@example.com"
MAIL = b"From: desk@example.com\r\nTo: customer@example.org\r\nSubject: Your question\r\n\r\nAn answer.\r\n"
PASSWORD = "pa55-canary"
IMPATIENT = Deadlines(connect=1, tls=1, login=0.15, command=0.15, data=0.15, block=0.15, final_dot=0.15, quit=0.15)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        async with asyncio.timeout(seconds):
            return await event.wait()


def nowhere(name: str) -> None:
    """A failpoint that is never armed."""


async def go_on() -> bool:
    return True


async def lease_lost() -> bool:
    return False


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until the other side of a socket has come so far; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 the other side is a server without an event to wait for
            await asyncio.sleep(0.005)


def plain_options(port: int, **more: object) -> SmtpOptions:
    """Options for a server without TLS or sign-in on this machine."""
    chosen: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "security": Security.NONE,
        "allow_plaintext": True,
        "auth": Auth.NONE,
        **more,
    }
    return SmtpOptions(**chosen)  # type: ignore[arg-type] # the fields are named by each test


@asynccontextmanager
async def gateway(options: SmtpOptions, failpoint: Failpoint = nowhere) -> AsyncIterator[SmtpGateway]:
    relay = SmtpGateway(options, clock=WallClock(), failpoint=failpoint)
    try:
        yield relay
    finally:
        await relay.close()


async def send(options: SmtpOptions, *recipients: str, raw: bytes = MAIL, sender: str = DESK) -> SendOutcome:
    """One mail through a gateway that is closed after it."""
    async with gateway(options) as relay:
        return await relay.send(sender, recipients or (CUSTOMER,), raw, go_on)


def codes(outcome: SendOutcome) -> dict[str, int]:
    return {result.address: result.code for result in outcome.results}
