"""Options of the POP3 client for servers on loopback."""

from __future__ import annotations

from dataclasses import replace

from postroom.gateways.pop3 import Deadlines, Pop3Options, Security

HASTY = Deadlines(connect=0.5, tls=0.5, login=0.5, command=0.5, idle=0.3, listing=0.5, slowest=1 << 20)
"""Deadlines for servers that never answer."""


def clear_text(port: int) -> Pop3Options:
    """Options for a scripted server without TLS."""
    return Pop3Options(
        host="127.0.0.1", port=port, user="u", password="secret-pw", security=Security.NONE, allow_plaintext=True
    )


def hasty(options: Pop3Options) -> Pop3Options:
    """The same options with deadlines of a fraction of a second."""
    return replace(options, deadlines=HASTY)
