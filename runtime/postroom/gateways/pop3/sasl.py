"""The frames of AUTH PLAIN (RFC 4616) and XOAUTH2 as POP3 carries them (RFC 5034); APOP is not spoken."""

from __future__ import annotations

from base64 import b64encode

from postroom.gateways.pop3.commands import argument

INITIAL_MAX = 255
"""RFC 5034 §4: a command line with an initial response has at most 255 octets, CRLF included."""


def plain(login: str, secret: str, act_as: str = "") -> bytes:
    """The response of PLAIN, in base64; `act_as` is the identity to act for. Raises UnsafeArgument."""
    return b64encode(b"\0".join((argument(act_as), argument(login), argument(secret))))


def xoauth2(mailbox: str, token: str) -> bytes:
    """The response of XOAUTH2, in base64. Raises UnsafeArgument."""
    return b64encode(b"user=" + argument(mailbox) + b"\x01auth=Bearer " + argument(token) + b"\x01\x01")


def fits_initially(mechanism: str, response: bytes) -> bool:
    """Whether the response may ride on the AUTH line itself."""
    return len("AUTH  \r\n") + len(mechanism) + len(response) <= INITIAL_MAX
