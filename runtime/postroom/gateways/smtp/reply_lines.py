"""Reads the replies of an SMTP server out of its bytes, one after the other (RFC 5321 §4.2).

It does no I/O and believes nothing: a line without a code, and one longer than any server needs, end it.
"""

from __future__ import annotations

from msgspec import Struct

LONGEST_LINE = 8_192
LONGEST_REPLY = 65_536
CODE_DIGITS = 3


class Said(Struct, frozen=True):
    """One reply as it came: the code, whatever it is, and the text of its lines."""

    code: int
    text: str


class NotSmtp(Exception):
    """What came is no reply; no later byte can be understood either."""


class ReplyLines:
    """The bytes of one connection that no reply was made of yet."""

    __slots__ = ("_buffer", "_code", "_size", "_texts")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._texts: list[bytes] = []
        self._code = 0
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer += data

    def take(self) -> Said | None:
        """The next whole reply, or None until more came. Raises NotSmtp."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._is_last(line):
                said = Said(self._code, b"\n".join(self._texts).decode("utf-8", "surrogateescape"))
                self._texts.clear()
                self._size = 0
                return said
        if len(self._buffer) > LONGEST_LINE:
            raise NotSmtp
        return None

    def rest(self) -> bytes:
        """Take what is left and belongs to no reply that was asked for."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _is_last(self, line: bytes) -> bool:
        digits = line[:CODE_DIGITS]
        if len(line) > LONGEST_LINE or len(digits) < CODE_DIGITS or not digits.isdigit():
            raise NotSmtp
        self._code = int(digits)
        self._texts.append(line[CODE_DIGITS + 1 :].strip())
        self._size += len(line)
        if self._size > LONGEST_REPLY:
            raise NotSmtp
        # RFC 5321 §4.2.1: a hyphen after the code says that another line follows.
        return line[CODE_DIGITS : CODE_DIGITS + 1] != b"-"
