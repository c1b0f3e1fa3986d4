"""Finds out what is in a signed-in box: STAT, UIDL and LIST, in one round trip where the server can."""

from __future__ import annotations

from postroom.gateways.pop3 import commands
from postroom.gateways.pop3.capabilities import Capabilities
from postroom.gateways.pop3.connection import Connection
from postroom.gateways.pop3.listing import Entry, combine, parse_sizes, parse_stat, parse_uids
from postroom.gateways.pop3.options import Pop3Options
from postroom.gateways.pop3.replies import Reply, parse_reply
from postroom.gateways.pop3.verdicts import refused

_LINE = 128
"""Octets of a listing's line, on average and at most; a listing longer than that for all allowed mails is endless."""


class Survey:
    """One look at the whole box."""

    def __init__(self, connection: Connection, capabilities: Capabilities, options: Pop3Options) -> None:
        self._connection = connection
        self._capabilities = capabilities
        self._options = options

    async def entries(self) -> tuple[Entry, ...]:
        """Every mail of the box. Raises GatewayError and ProtocolFault."""
        pipelined = self._capabilities.pipelining
        if pipelined:
            self._connection.send(commands.STAT + commands.UIDL + commands.LIST)
        stat = await self._ask(b"" if pipelined else commands.STAT, "counting the mails")
        if not stat.ok:
            raise refused("counting the mails", stat)
        if not pipelined and parse_stat(stat.text) == 0:
            return ()
        # Of a box with very many mails each of these takes a while.
        uids = await self._uids(b"" if pipelined else commands.UIDL)
        await self._connection.let_others()
        sizes = await self._sizes(b"" if pipelined else commands.LIST)
        await self._connection.let_others()
        entries = combine(sizes, uids)
        await self._connection.let_others()
        return entries

    async def _uids(self, command: bytes) -> dict[int, str]:
        """UIDL; nothing where the server has no UIDL, which RFC 1939 §7 allows."""
        reply = await self._ask(command, "asking for the lasting names of the mails (UIDL)")
        if reply.ok:
            return parse_uids(await self._body("reading the lasting names of the mails"), self._options.max_listing)
        if reply.code or "UIDL" in self._capabilities:
            raise refused("asking for the lasting names of the mails (UIDL)", reply)
        return {}

    async def _sizes(self, command: bytes) -> dict[int, int]:
        reply = await self._ask(command, "listing the mails")
        if not reply.ok:
            raise refused("listing the mails", reply)
        return parse_sizes(await self._body("reading the list of mails"), self._options.max_listing)

    async def _ask(self, command: bytes, doing: str) -> Reply:
        self._connection.send(command)
        deadline = self._connection.within(self._options.deadlines.command)
        return parse_reply(await self._connection.line(deadline, doing))

    async def _body(self, doing: str) -> bytes:
        deadline = self._connection.within(self._options.deadlines.listing)
        return await self._connection.multiline((self._options.max_listing + 1_000) * _LINE, deadline, doing)
