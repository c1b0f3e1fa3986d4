"""Reads mails off a signed-in connection, pipelined: each to its final dot and to the reply line after it.

A mail is given only when both were read; one that broke off, or whose end was not an end, is never given.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

from postroom.gateways.arrival import Arrival
from postroom.gateways.faults import ProtocolFault
from postroom.gateways.pop3.body import Body
from postroom.gateways.pop3.connection import Connection, Deadline
from postroom.gateways.pop3.options import Pop3Options
from postroom.gateways.pop3.replies import Reply, parse_reply
from postroom.gateways.pop3.sizes import agrees
from postroom.gateways.pop3.window import Asked, What, Window
from postroom.ports.gateways import Declined, Fetched, GatewayError, GatewayStatus, Listed, Spooler, TooLarge
from postroom.ports.world import Failpoint

CHECK = Asked(What.CHECK, Listed(0, "", 0))


class _Endless(Exception):
    """A mail goes on past everything we are ready to read, so this session cannot go on."""


class Fetching:
    """The reading side of one session."""

    def __init__(self, connection: Connection, options: Pop3Options, failpoint: Failpoint) -> None:
        self.declined: list[Declined] = []
        self.differing: list[Listed] = []
        """Mails whose octets differed from LIST at the first reading."""
        self.at: list[Listed] = []
        """The mails that are begun and not confirmed: the ones to blame when the session breaks."""
        self._connection = connection
        self._options = options
        self._failpoint = failpoint
        self._window = Window((), 1, 1)
        self._opened = False
        """The status line of the foremost reply was read, and the rest of it was not."""
        self._body: Body | None = None

    async def mails(
        self, asked: Iterable[Asked], count: int, spooler: Spooler, *, again: bool = False
    ) -> AsyncGenerator[Fetched | TooLarge]:
        """Ask for all of these, at most `count` at once, and give each as it is confirmed; `asked` ends with a CHECK.

        At the second reading (`again`) a size other than LIST's is accepted. Raises GatewayError and ProtocolFault.
        """
        self._window = window = Window(asked, count, self._options.window_octets)
        held: Fetched | TooLarge | None = None
        try:
            while await self._open_next():
                if held is not None:
                    confirmed, held = held, None
                    yield confirmed
                held = await self._finish(spooler, again=again)
                self._close()
        except _Endless as endless:
            self._connection.abort()
            yield TooLarge(window.on_wire[0].listed, endless.args[0])
            self.at = []
            raise self._endless(window.on_wire[0].listed) from None
        finally:
            if isinstance(held, Fetched):
                held.spool.discard()

    async def drain(self) -> None:
        """Read what is still owed by the server for mails nobody wants any more, so that other commands can follow."""
        self._window.forget_waiting()
        while self._opened or await self._open_next():
            if self._body is not None:
                await self._skip(self._body)
            self._close()

    # -- one reply ----------------------------------------------------------------------------------------------

    async def _open_next(self) -> bool:
        """Ask for more where there is room, and read the next status line; False when nothing is left to read."""
        self._connection.send(self._window.refill())
        if not self._window.on_wire:
            return False
        asked = self._window.on_wire[0]
        if asked.what is not What.CHECK:
            self.at.append(asked.listed)
        line = self._connection.inbound.line()
        if line is None:
            deadline = self._connection.within(self._options.deadlines.command)
            line = await self._connection.line(deadline, _waiting_for(asked))
        reply = self._reply(line, asked)
        self.at = self.at[-1:] if asked.what is not What.CHECK else []
        self._body = Body() if reply.ok and asked.what is not What.CHECK else None
        self._opened = True
        return True

    def _close(self) -> None:
        """The foremost reply was read to its end."""
        self._window.answered()
        self._opened = False

    def _reply(self, line: bytes, asked: Asked) -> Reply:
        try:
            reply = parse_reply(line)
        except ProtocolFault as fault:
            before = f" (mail {self.at[0].number} did not end where it seemed to)" if len(self.at) > 1 else ""
            raise ProtocolFault(f"{fault.words}, {_waiting_for(asked)}{before}") from fault
        if not reply.ok and asked.what is What.MAIL:
            self.declined.append(Declined(asked.listed, f"the server would not give it: {reply.text}"))
        return reply

    async def _finish(self, spooler: Spooler, *, again: bool) -> Fetched | TooLarge | None:
        """Read the body of the reply at hand and say what became of the mail; None for nothing to give (yet)."""
        asked, body = self._window.on_wire[0], self._body
        if asked.what is What.CHECK:
            return None
        if asked.what is What.HEADER:
            return await self._header(asked.listed, body)
        return None if body is None else await self._mail(asked.listed, body, spooler, again=again)

    async def _header(self, listed: Listed, body: Body | None) -> TooLarge:
        arrival = Arrival(None, 0)
        if body is not None:
            await self._read(listed, body, arrival, self._options.drain)
        return TooLarge(listed, arrival.header)

    async def _mail(self, listed: Listed, body: Body, spooler: Spooler, *, again: bool) -> Fetched | TooLarge | None:
        self._failpoint("retr_start")
        arrival = Arrival(spooler.open(listed.size), self._options.max_message_size)
        try:
            await self._read(listed, body, arrival, self._options.most_octets)
        except BaseException:
            arrival.discard()
            raise
        self._failpoint("retr_end")
        if arrival.spool is None:
            return TooLarge(listed, arrival.header)
        if again or agrees(listed.size, arrival.size, body):
            return Fetched(listed, arrival.spool, arrival.size)
        arrival.discard()
        self.differing.append(listed)
        return None

    async def _read(self, listed: Listed, body: Body, arrival: Arrival, most: int) -> None:
        """Move the body's octets to the arrival until its final dot. Raises _Endless past `most` octets."""
        connection, begun = self._connection, 0.0
        inbound = connection.inbound
        arrival.take(inbound.body(body))
        self._failpoint("retr_mid")
        while not body.done:
            if arrival.size > most:
                raise _Endless(arrival.header)
            begun = begun or connection.now()
            await connection.more(self._deadline(begun, listed, arrival.size), _in_the_middle(listed, arrival.size))
            arrival.take(inbound.body(body))
        self._body = None

    async def _skip(self, body: Body) -> None:
        """Read a body for nobody."""
        listed = self._window.on_wire[0].listed
        arrival = Arrival(None, 0)
        try:
            await self._read(listed, body, arrival, self._options.most_octets)
        except _Endless:
            raise self._endless(listed) from None

    def _deadline(self, begun: float, listed: Listed, size: int) -> Deadline:
        deadlines = self._options.deadlines
        seconds = deadlines.command + max(listed.size, size) / deadlines.slowest
        return Deadline(begun + seconds, seconds)

    def _endless(self, listed: Listed) -> GatewayError:
        words = (
            f"mail {listed.number} goes on past {self._options.most_octets:,} octets, though {self._connection.peer}"
            f" lists {listed.size:,}; the session was ended there"
        )
        return GatewayError(GatewayStatus.CONNECTION_FAILED, words)


def _waiting_for(asked: Asked) -> str:
    if asked.what is What.CHECK:
        return "we waited for the reply after the last mail"
    return f"we waited for mail {asked.listed.number}"


def _in_the_middle(listed: Listed, size: int) -> str:
    return f"in the middle of mail {listed.number} ({size:,} of {listed.size:,} octets)"
