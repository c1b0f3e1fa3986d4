"""The responses of PLAIN (RFC 4616) and XOAUTH2 in base64, as POP3 and IMAP carry them; APOP is not spoken."""

from __future__ import annotations

from base64 import b64decode, b64encode

from postroom.gateways.argument import argument
from postroom.gateways.printable import printable


def plain(login: str, secret: str, act_as: str = "") -> bytes:
    """The response of PLAIN, in base64; `act_as` is the identity to act for. Raises UnsafeArgument."""
    return b64encode(b"\0".join((argument(act_as), argument(login), argument(secret))))


def xoauth2(mailbox: str, token: str) -> bytes:
    """The response of XOAUTH2, in base64. Raises UnsafeArgument."""
    return b64encode(b"user=" + argument(mailbox) + b"\x01auth=Bearer " + argument(token) + b"\x01\x01")


def explanation(challenge: bytes) -> str:
    """The JSON of a refused XOAUTH2 exchange as the server wrote it; nothing where it is not base64."""
    try:
        return printable(b64decode(challenge, validate=True))
    except ValueError:
        return ""
