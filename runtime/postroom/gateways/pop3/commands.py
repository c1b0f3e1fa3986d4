"""Builds every command Postroom sends to a POP3 server; an argument that could smuggle a command is refused here."""

from __future__ import annotations

from postroom.gateways.argument import argument

CAPA = b"CAPA\r\n"
STLS = b"STLS\r\n"
STAT = b"STAT\r\n"
LIST = b"LIST\r\n"
UIDL = b"UIDL\r\n"
NOOP = b"NOOP\r\n"
QUIT = b"QUIT\r\n"


def user(name: str) -> bytes:
    """USER (RFC 1939 §7)."""
    return b"USER " + argument(name) + b"\r\n"


def password(secret: str) -> bytes:
    """PASS (RFC 1939 §7); spaces are part of the password."""
    return b"PASS " + argument(secret) + b"\r\n"


def auth(mechanism: str, initial: bytes | None) -> bytes:
    """AUTH, with the initial response on the same line where one is given (RFC 5034 §4)."""
    return b"AUTH " + argument(mechanism) + (b" " + initial if initial is not None else b"") + b"\r\n"


def retr(number: int) -> bytes:
    """RETR (RFC 1939 §5)."""
    return b"RETR %d\r\n" % number


def top(number: int) -> bytes:
    """TOP with no line of the body: the header alone (RFC 1939 §7)."""
    return b"TOP %d 0\r\n" % number


def dele(number: int) -> bytes:
    """DELE (RFC 1939 §5)."""
    return b"DELE %d\r\n" % number
