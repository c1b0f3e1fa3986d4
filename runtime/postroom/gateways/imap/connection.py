"""One connection to an IMAP server: responses in, with their literals; mails go to where they are kept as they come."""

from __future__ import annotations

from collections.abc import Callable

from postroom.gateways.arrival import HEADER_MAX, Arrival
from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.inbound import Inbound
from postroom.gateways.imap.responses import Response, Status, begun, is_mail, literal_size, stranger, without_size
from postroom.gateways.imap.values import Part
from postroom.gateways.imap.verdicts import said_bye
from postroom.gateways.stream import Deadline, Stream

SMALL_LITERAL = 64 * 1024
MAX_RESPONSE = 1024 * 1024
"""Octets of one response, or of all the server says to one command, a listing's and mails apart."""
ANNOUNCED = 60
"""Octets a response counts at least, so that many small ones are bounded too."""

Opens = Callable[[int], Arrival]
"""Gives where a mail of so many octets goes."""
Hears = Callable[[Response], None]


class TooMuch(Exception):
    """A mail's literal is larger than anything we read; `arrival` has its header, `said` what stood before it."""

    def __init__(self, arrival: Arrival, octets: int, said: bytes = b"") -> None:
        super().__init__(octets)
        self.arrival = arrival
        self.said = said
        self.octets = octets


class Connection(Stream):
    """A stream of responses. Used by one task."""

    def __init__(self, peer: str, idle: float, slowest: int) -> None:
        self.inbound = Inbound()
        super().__init__(peer, idle, self.inbound)
        self._slowest = slowest
        self._tag = 0

    def stranger(self, start: bytes) -> str:
        """Say who speaks like this, when it is not IMAP; else nothing."""
        return stranger(start)

    def tag(self) -> bytes:
        """A tag that was not used before on this connection."""
        self._tag += 1
        return b"a%d" % self._tag

    async def response(
        self, deadline: Deadline, doing: str, opens: Opens | None = None, largest: int = MAX_RESPONSE
    ) -> Response:
        """The next response. `opens` is asked where a mail goes, and mails past `largest` octets raise TooMuch."""
        tag, line = begun(await self.line(deadline, doing))
        parts: list[Part] = []
        said, octets = tag + b" ", 0
        while (size := literal_size(line)) is not None:
            parts.append(without_size(line))
            said += without_size(line)
            octets += len(line)
            if opens is not None and is_mail(said):
                parts.append(await self._mail(opens, size, largest, said, doing))
            else:
                octets += size
                if size > SMALL_LITERAL or octets > MAX_RESPONSE:
                    raise ProtocolFault(f"announced a literal of {size:,} octets while {doing}")
                parts.append(await self._literal(size, deadline, doing))
            line = await self.line(deadline, doing)
            if octets + len(line) > MAX_RESPONSE:
                raise ProtocolFault(f"sent more than {MAX_RESPONSE:,} octets while {doing}")
        parts.append(line)
        return Response(tag, parts)

    async def command(self, *words: bytes, doing: str, deadline: Deadline, hears: Hears | None = None) -> Status:
        """Send one command and give its tagged status; untagged responses go to `hears`. Raises GatewayError."""
        tag = self.tag()
        self.send(b" ".join((tag, *words)) + b"\r\n")
        return await self.finish(tag, doing, deadline, hears)

    async def finish(
        self, tag: bytes, doing: str, deadline: Deadline, hears: Hears | None = None, most: int = MAX_RESPONSE
    ) -> Status:
        """The tagged status of a command that was sent. Raises GatewayError, ProtocolFault."""
        octets = 0
        while True:
            response = await self.response(deadline, doing)
            if response.tag == tag:
                return tagged(response, doing)
            octets += max(sum(len(part) for part in response.parts if isinstance(part, bytes)), ANNOUNCED)
            if octets > most:
                raise ProtocolFault(f"sent more than {most:,} octets while {doing}")
            self.untagged(response, doing)
            if hears is not None:
                hears(response)

    def untagged(self, response: Response, doing: str) -> None:
        """See to it that this is an untagged response, and no good-bye. Raises GatewayError, ProtocolFault."""
        if response.tag != b"*":
            raise ProtocolFault(f"answered with the tag {response.tag[:20]!r} while {doing}, which we did not use")
        status = response.status()
        if status is not None and status.name == "BYE":
            self.abort()
            raise said_bye(self.peer, status, doing)

    async def _literal(self, size: int, deadline: Deadline, doing: str) -> bytearray:
        taken = bytearray()
        while len(taken) < size:
            chunk = self.inbound.octets(size - len(taken))
            taken += chunk
            if not chunk:
                await self.more(deadline, doing)
        return taken

    async def _mail(self, opens: Opens, size: int, largest: int, said: bytes, doing: str) -> Arrival:
        """Move a mail's octets to where they go. Raises TooMuch where nobody will read it to its end."""
        arrival = opens(size)
        wanted = size if size <= largest else min(size, HEADER_MAX)
        deadline = self.within(self.idle + size / self._slowest if size <= largest else self.idle)
        try:
            while arrival.size < wanted:
                chunk = self.inbound.octets(wanted - arrival.size)
                if chunk:
                    arrival.take(chunk)
                else:
                    await self.more(deadline, f"{doing} ({arrival.size:,} of {size:,} octets)")
        except BaseException:
            arrival.discard()
            raise
        if size > largest:
            arrival.discard()
            raise TooMuch(arrival, size, said)
        return arrival


def tagged(response: Response, doing: str) -> Status:
    """The status that ends a command. Raises ProtocolFault where it is none."""
    status = response.status()
    if status is None or status.name not in {"OK", "NO", "BAD"}:
        raise ProtocolFault(f"ended a command without OK, NO or BAD while {doing}")
    return status
