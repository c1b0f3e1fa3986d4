"""Reads mails off an open folder, several asked for at once: each to the last octet of its literal and its tagged OK.

A mail is given only when both were read; one that broke off is never given. Responses are matched by UID, in whatever
order the server sends them (RFC 9051 §5.5).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import partial
from itertools import islice

from msgspec import Struct

from postroom.gateways.arrival import Arrival
from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.connection import Connection, TooMuch, tagged
from postroom.gateways.imap.options import ImapOptions
from postroom.gateways.imap.responses import Response, Status
from postroom.gateways.imap.values import Value, number, pairs
from postroom.ports.gateways import Declined, Fetched, GatewayError, GatewayStatus, Listed, Spooler, TooLarge
from postroom.ports.world import Failpoint

_CHATTER = 64 * 1024
"""Octets a server may say between two mails that belong to neither."""


_UID = re.compile(rb"UID (\d{1,19})", re.IGNORECASE)


class Asked(Struct, frozen=True):
    """A mail that was asked for; whole, or its header alone."""

    uid: int
    listed: Listed
    is_whole: bool

    @property
    def command(self) -> bytes:
        """What follows the tag."""
        return b"UID FETCH %d (UID BODY.PEEK[%b])\r\n" % (self.uid, b"" if self.is_whole else b"HEADER")


class Fetching:
    """The reading side of one session."""

    def __init__(self, connection: Connection, options: ImapOptions, failpoint: Failpoint) -> None:
        self.declined: list[Declined] = []
        self._connection = connection
        self._options = options
        self._failpoint = failpoint
        self._waiting: deque[Asked] = deque()
        self._on_wire: dict[bytes, Asked] = {}
        self._octets = 0
        self._arrived: dict[int, Arrival | None] = {}
        self._begun: list[Arrival] = []
        """Every mail that was begun and not given."""

    @property
    def at(self) -> Sequence[Listed]:
        """The mail to blame when the session breaks: the first that was asked for and not confirmed, or none."""
        return [asked.listed for asked in islice(self._on_wire.values(), 1)]

    async def mails(
        self, wanted: Iterable[Asked], at_once: int, spooler: Spooler
    ) -> AsyncGenerator[Fetched | TooLarge]:
        """Ask for all of these, at most `at_once` at a time, and give each once it is confirmed.

        Raises GatewayError and ProtocolFault when the session is of no more use; what was given before is whole.
        """
        self._waiting = deque(wanted)
        try:
            while self._refill(at_once):
                ended = await self._next_ended(spooler)
                if (item := self._outcome(*ended)) is not None:
                    yield item
        except TooMuch as fault:
            self._connection.abort()
            if (listed := self._too_much(fault)) is not None:
                yield TooLarge(listed, fault.arrival.header)
            raise self._endless(fault) from None
        finally:
            self._forget()

    async def drain(self) -> None:
        """Read what is still owed for mails nobody wants any more, so that other commands can follow."""
        self._waiting.clear()
        try:
            while self._on_wire:
                asked, _ = await self._next_ended(None)
                self._arrived.pop(asked.uid, None)
        except TooMuch as fault:
            raise self._endless(fault) from None
        finally:
            self._forget()

    # -- one mail -----------------------------------------------------------------------------------------------

    def _refill(self, at_once: int) -> bool:
        """Ask for more where there is room; False when nothing is left to read."""
        sent = []
        while self._waiting and self._fits(self._waiting[0], at_once):
            asked = self._waiting.popleft()
            tag = self._connection.tag()
            self._on_wire[tag] = asked
            self._octets += asked.listed.size
            sent.append(tag + b" " + asked.command)
        self._connection.send(b"".join(sent))
        return bool(self._on_wire)

    def _fits(self, asked: Asked, at_once: int) -> bool:
        if not self._on_wire:
            return True
        is_room = self._octets + asked.listed.size <= self._options.window_octets
        return is_room and len(self._on_wire) < at_once

    async def _next_ended(self, spooler: Spooler | None) -> tuple[Asked, Status]:
        """Read on to the next tagged status; a mail before it is kept for its own."""
        options, connection = self._options, self._connection
        chatter = 0
        while True:
            doing = f"we waited for mail {self.at[0].number}" if self.at else "we waited"
            opens = partial(self._opened, spooler)
            deadline = connection.within(options.deadlines.command)
            response = await connection.response(deadline, doing, opens, options.most_octets)
            if response.tag != b"*":
                asked = self._on_wire.pop(response.tag, None)
                if asked is None:
                    raise ProtocolFault(f"answered with the tag {response.tag[:20]!r}, which we did not use")
                self._octets -= asked.listed.size
                return asked, tagged(response, doing)
            connection.untagged(response, doing)
            if not self._keep(response, spooler):
                chatter += max(len(response.head), 60)
            if chatter > _CHATTER:
                raise ProtocolFault(f"said more than {_CHATTER:,} octets that nobody asked for")

    def _opened(self, spooler: Spooler | None, size: int) -> Arrival:
        self._failpoint("retr_start")
        limit = self._options.max_message_size
        is_wanted = spooler is not None and size <= limit
        self._begun.append(Arrival(spooler.open(size) if spooler is not None and is_wanted else None, limit))
        return self._begun[-1]

    def _keep(self, response: Response, spooler: Spooler | None) -> bool:
        """Keep the mail of a FETCH for the status that confirms it; False for any other response."""
        if b" FETCH " not in response.head[:20].upper():
            return False
        _, _, values = response.data()
        found = pairs(values[0]) if values else {}
        body = next((value for name, value in found.items() if name in {b"BODY[]", b"BODY[HEADER]"}), None)
        uid = number(found.get(b"UID"))
        if body is None:
            return False
        arrival = self._arrival(body, spooler)
        if uid is None or uid not in {asked.uid for asked in self._on_wire.values()} or uid in self._arrived:
            raise ProtocolFault("sent a mail that nobody asked for")
        self._arrived[uid] = arrival
        self._failpoint("retr_end")
        return True

    def _arrival(self, body: Value, spooler: Spooler | None) -> Arrival | None:
        """What came of the mail; None where the server has nothing (NIL). A short one may come as a text."""
        if isinstance(body, bytes) and body.upper() != b"NIL":
            arrival = self._opened(spooler, len(body))
            arrival.take(body)
            return arrival
        return body if isinstance(body, Arrival) else None

    def _outcome(self, asked: Asked, status: Status) -> Fetched | TooLarge | None:
        arrival = self._arrived.pop(asked.uid, None)
        if arrival is not None:
            self._begun.remove(arrival)
        if not status.ok or arrival is None:
            if arrival is not None:
                arrival.discard()
            self.declined.append(Declined(asked.listed, _why_not(status)))
            return None
        if arrival.spool is None or not asked.is_whole:
            arrival.discard()
            return TooLarge(asked.listed, arrival.header)
        return Fetched(asked.listed, arrival.spool, arrival.size)

    def _forget(self) -> None:
        """What arrived and was not confirmed did not arrive."""
        for arrival in self._begun:
            arrival.discard()
        self._begun.clear()
        self._arrived.clear()

    def _too_much(self, fault: TooMuch) -> Listed | None:
        """Which mail it is that has no end; None where the server did not say."""
        found = _UID.search(fault.said)
        uid = int(found[1]) if found else 0
        return next((asked.listed for asked in self._on_wire.values() if asked.uid == uid), None)

    def _endless(self, fault: TooMuch) -> GatewayError:
        words = (
            f"{self._connection.peer} sends a mail of {fault.octets:,} octets, more than the"
            f" {self._options.most_octets:,} that are read; the session was ended there"
        )
        return GatewayError(GatewayStatus.CONNECTION_FAILED, words)


def _why_not(status: Status) -> str:
    if status.ok:
        return "the server no longer has it"
    return f"the server would not give it: {status.text}"
