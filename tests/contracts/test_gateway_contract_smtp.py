"""The sending contract, for SMTP against aiosmtpd on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from postroom.engine.world import SystemClock, no_failpoint
from postroom.gateways.smtp import Auth, Security, SmtpGateway, SmtpOptions
from tests.contracts.gateway_contract import SendingGatewayContract
from tests.support.ports import free_port


def gateway_to(port: int) -> SmtpGateway:
    options = SmtpOptions(
        host="127.0.0.1", port=port, security=Security.NONE, allow_plaintext=True, auth=Auth.NONE, pool=4
    )
    return SmtpGateway(options, clock=SystemClock(), failpoint=no_failpoint)


class SmtpRelay:
    """A relay that takes what it is not told to refuse; the methods named handle_ are aiosmtpd's hooks."""

    def __init__(self) -> None:
        self.gateway: SmtpGateway
        self._refused: dict[str, int] = {}
        self._falls_silent = False
        self._received: list[tuple[tuple[str, ...], bytes]] = []

    def received(self) -> Sequence[tuple[tuple[str, ...], bytes]]:
        return self._received

    def refuse(self, recipient: str, code: int) -> None:
        self._refused[recipient] = code

    def fall_silent_after_the_dot(self) -> None:
        self._falls_silent = True

    def nowhere(self) -> SmtpGateway:
        return gateway_to(free_port())

    async def handle_RCPT(  # noqa: N802 the hook's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self._refused:
            return f"{self._refused[address]} not here"
        envelope.rcpt_tos.append(address)
        return "250 here"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 the hook's name
        if self._falls_silent:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            await asyncio.Event().wait()
        content = envelope.original_content
        assert content is not None
        self._received.append((tuple(envelope.rcpt_tos), content))
        return "250 taken"


@pytest.fixture
async def relay() -> AsyncIterator[SmtpRelay]:
    habits, sessions = SmtpRelay(), list[SMTP]()
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        sessions.append(SMTP(habits, loop=loop, hostname="relay.example"))
        return sessions[-1]

    server = await loop.create_server(session, "127.0.0.1", 0)
    habits.gateway = gateway_to(server.sockets[0].getsockname()[1])
    try:
        yield habits
    finally:
        await habits.gateway.close()
        server.close()
        for one in sessions:
            if isinstance(one.transport, asyncio.WriteTransport):
                one.transport.abort()


class TestSmtp(SendingGatewayContract):
    pass
