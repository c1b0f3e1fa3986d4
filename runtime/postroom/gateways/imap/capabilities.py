"""What a server says it can do (RFC 9051 §7.2.2)."""

from __future__ import annotations

from msgspec import Struct

from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.responses import Response, Status
from postroom.gateways.imap.verdicts import refused
from postroom.gateways.stream import Deadline

MOST = 1_000


class Capabilities(Struct, frozen=True):
    """The capabilities by name in capitals, such as `IDLE` or `AUTH=PLAIN`."""

    names: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.names


async def ask_capabilities(connection: Connection, deadline: Deadline) -> Capabilities:
    """Ask what it can do. Raises GatewayError where it does not say."""
    found: set[str] = set()

    def hears(response: Response) -> None:
        if response.head.upper().startswith(b"CAPABILITY "):
            found.update(word.decode("ascii", "replace").upper() for word in response.head.split()[1:MOST])

    doing = "asking what it can do"
    status = await connection.command(b"CAPABILITY", doing=doing, deadline=deadline, hears=hears)
    if not status.ok:
        raise refused(doing, status)
    return Capabilities(frozenset(found))


def announced(status: Status) -> Capabilities | None:
    """The capabilities that came along with a status, where they did."""
    if status.code != "CAPABILITY":
        return None
    return Capabilities(frozenset(status.arguments.upper().split()))
