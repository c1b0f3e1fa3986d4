"""Reads a response line as a value: whose it is, its status, its response code, its words (RFC 9051 §7)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.values import Part, Value, read_values
from postroom.gateways.printable import printable

_LITERAL = re.compile(rb"~?\{(\d+)\+?\}\Z")
_MAIL = re.compile(rb"\* \d{1,10} FETCH \(.*BODY\[(?:HEADER)?\] \Z", re.DOTALL | re.IGNORECASE)
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: (?:\[([^\]]{0,4096})\])? ?(.*))?\Z", re.DOTALL | re.IGNORECASE)
_DIGITS = 19
_STRANGERS = (
    (b"+OK", "speaks POP3, not IMAP: use its IMAP port, or a gateway of kind pop3"),
    (b"-ERR", "speaks POP3, not IMAP: use its IMAP port, or a gateway of kind pop3"),
    (b"220", "speaks SMTP or FTP, not IMAP: check the port"),
    (b"HTTP/", "is a web server, not an IMAP server: check the host and the port"),
    (b"SSH-", "is an SSH server, not an IMAP server: check the port"),
    (b"\x15\x03", "speaks TLS on this port: set security to tls"),
    (b"\x16\x03", "speaks TLS on this port: set security to tls"),
)


class Status(Struct, frozen=True):
    """A status response: its name and response code in capitals (the code "" for none), and its words."""

    name: str
    code: str = ""
    arguments: str = ""
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command was done."""
        return self.name == "OK"


class Response(Struct, frozen=True):
    """One response: its tag (`*` for an untagged one, `+` for a continuation), and what follows it in parts."""

    tag: bytes
    parts: Sequence[Part]

    @property
    def head(self) -> bytes:
        """The line up to the first literal."""
        first = self.parts[0]
        return first if isinstance(first, bytes) else b""

    def status(self) -> Status | None:
        """The status response that this is, or None."""
        found = _STATUS.match(self.head)
        if found is None:
            return None
        code, _, arguments = printable(found[2] or b"").partition(" ")
        return Status(found[1].decode("ascii").upper(), code.upper(), arguments, printable(found[3] or b""))

    def data(self) -> tuple[int | None, bytes, list[Value]]:
        """An untagged response as its number (or None), its name in capitals, and its values. Raises ProtocolFault."""
        values = read_values(self.parts)
        words = [value for value in values[:2] if isinstance(value, bytes)]
        if words and words[0].isdigit() and len(words[0]) <= _DIGITS and len(words) > 1:
            return int(words[0]), words[1].upper(), values[2:]
        return None, words[0].upper() if words else b"", values[1:]


def literal_size(line: bytes) -> int | None:
    """How many octets of a literal follow this line; None where none do. Raises ProtocolFault for an absurd number."""
    found = _LITERAL.search(line)
    if found is None:
        return None
    if len(found[1]) > _DIGITS:
        raise ProtocolFault("announced a literal of a size that nothing can have")
    return int(found[1])


def without_size(line: bytes) -> bytes:
    """The line without the announcement of its literal."""
    found = _LITERAL.search(line)
    return line[: found.start()] if found else line


def is_mail(line: bytes) -> bool:
    """Whether the literal after this (its announcement taken away) is a mail, or a mail's header."""
    return _MAIL.match(line) is not None


def begun(line: bytes) -> tuple[bytes, bytes]:
    """The tag of a response and the rest of its first line. Raises ProtocolFault."""
    tag, space, rest = line.partition(b" ")
    if tag == b"+":
        return tag, rest
    if not space or not (tag == b"*" or tag.isalnum()):
        raise ProtocolFault(stranger(line) or f"answered {printable(line)!r}, which is no IMAP response")
    return tag, rest


def stranger(start: bytes) -> str:
    """Say who speaks like this, when it is a well-known protocol other than IMAP; else nothing."""
    return next((words for prefix, words in _STRANGERS if start.startswith(prefix)), "")
