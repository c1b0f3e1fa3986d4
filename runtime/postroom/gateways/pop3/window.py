"""Which commands may be on the wire at once: bounded by count and by the octets their replies were announced to have.

Commands are few and short, and replies are always read, so neither side can end up waiting for the other to read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from postroom.gateways.pop3 import commands
from postroom.ports.gateways import Listed

_HEADER_OCTETS = 16 * 1024
"""What the header of a mail too large to read whole is counted as."""


class What(Enum):
    """What was asked of the server."""

    MAIL = "mail"
    HEADER = "header"
    CHECK = "check"
    """A NOOP: its reply proves that the mail before it ended where it seemed to end."""


class Asked(Struct, frozen=True):
    """A command on the wire whose reply was not read to its end."""

    what: What
    listed: Listed

    @property
    def command(self) -> bytes:
        """The bytes that ask for it."""
        if self.what is What.CHECK:
            return commands.NOOP
        return commands.retr(self.listed.number) if self.what is What.MAIL else commands.top(self.listed.number)

    @property
    def octets(self) -> int:
        """What its reply is expected to hold."""
        return self.listed.size if self.what is What.MAIL else _HEADER_OCTETS


class Window:
    """Commands waiting for their turn, and those on the wire in the order of their replies."""

    def __init__(self, asked: Iterable[Asked], count: int, octets: int) -> None:
        self._waiting = deque(asked)
        self._count = count
        self._octets = octets
        self._announced = 0
        self.on_wire: deque[Asked] = deque()

    def refill(self) -> bytes:
        """The commands to send now, in one piece; none while the window is more than half full."""
        if len(self.on_wire) > self._count // 2:
            return b""
        sent = []
        while self._waiting and self._fits(self._waiting[0]):
            asked = self._waiting.popleft()
            self.on_wire.append(asked)
            self._announced += asked.octets
            sent.append(asked.command)
        return b"".join(sent)

    def answered(self) -> Asked:
        """Take off the command whose reply was read."""
        asked = self.on_wire.popleft()
        self._announced -= asked.octets
        return asked

    def forget_waiting(self) -> None:
        """Ask for nothing more; what is on the wire still has to be read."""
        self._waiting.clear()

    def _fits(self, asked: Asked) -> bool:
        if not self.on_wire:
            return True
        return len(self.on_wire) < self._count and self._announced + asked.octets <= self._octets
