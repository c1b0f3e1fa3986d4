"""The IMAP plug of the receiving side: opens sessions with one mailbox, and decides nothing about its mails."""

from __future__ import annotations

import asyncio

import structlog

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.capabilities import Capabilities
from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.idling import Idling
from postroom.gateways.imap.mailbox import ImapMailbox, Memory
from postroom.gateways.imap.options import ImapOptions
from postroom.gateways.imap.signin import signed_in
from postroom.gateways.oauth2 import with_fresh_token
from postroom.ports.gateways import GatewayError
from postroom.ports.world import Failpoint

log = structlog.get_logger(__name__)


class ImapGateway:
    """An IMAP mailbox as a ReceivingGateway; between sessions it may keep its connection to hear of new mail."""

    def __init__(self, options: ImapOptions, failpoint: Failpoint | None = None) -> None:
        self._options = options
        self._failpoint: Failpoint = failpoint or _nowhere
        self._memory = Memory()
        self._kept: tuple[Connection, Capabilities] | None = None
        self._idling: Idling | None = None

    async def open(self) -> ImapMailbox:
        """Go on with the connection kept, or connect, secure, sign in. Raises GatewayError."""
        signed = await self._again()
        if signed is None:
            signed = await with_fresh_token(self._options.token, self._sign_in)
        connection, capabilities = signed
        self._failpoint("login_ok")
        return ImapMailbox(connection, capabilities, self._options, self._memory, self._leave, self._failpoint)

    async def _sign_in(self) -> tuple[Connection, Capabilities]:
        return await signed_in(self._options)

    async def idle(self, news: asyncio.Event) -> None:
        """Set the event when there may be new mail; returns, or waits for ever, where the server does not tell."""
        if self._kept is None:
            return
        connection, _ = self._kept
        self._idling = Idling(connection, self._options, self._memory.snapshots.get(self._options.folders[0]))
        try:
            await self._idling.run(news)
        except (GatewayError, ProtocolFault) as error:
            log.debug("idle_broke_off", peer=connection.peer, why=str(error))
            connection.abort()

    async def leave(self) -> None:
        """Say good-bye on a connection that was kept."""
        if (kept := await self._again()) is not None:
            await self._log_out(*kept)

    async def _again(self) -> tuple[Connection, Capabilities] | None:
        """Take the connection that was kept, where it still is of use."""
        kept, idling = self._kept, self._idling
        self._kept = self._idling = None
        if kept is None:
            return None
        connection, _ = kept
        try:
            if idling is not None:
                await idling.finish()
        except (GatewayError, ProtocolFault):
            connection.abort()
        return kept if connection.is_open else None

    async def _leave(self, connection: Connection, capabilities: Capabilities) -> bool:
        if self._options.idle and "IDLE" in capabilities:
            self._kept = (connection, capabilities)
            return True
        return await self._log_out(connection, capabilities)

    async def _log_out(self, connection: Connection, _capabilities: Capabilities) -> bool:
        """LOGOUT; True when the server said OK. Its BYE before that is as it should be (RFC 9051 §6.1.3)."""
        tag, deadline = connection.tag(), connection.within(self._options.deadlines.command)
        connection.send(tag + b" LOGOUT\r\n")
        try:
            for _ in range(100):
                response = await connection.response(deadline, "ending the session")
                if response.tag == tag:
                    status = response.status()
                    return status is not None and status.ok
        except (GatewayError, ProtocolFault):
            return False
        finally:
            await connection.close()
        return False


def _nowhere(name: str) -> None:
    """A failpoint that does nothing."""
