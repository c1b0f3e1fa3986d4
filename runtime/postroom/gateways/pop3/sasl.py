"""How POP3 carries a SASL response (RFC 5034)."""

from __future__ import annotations

INITIAL_MAX = 255
"""RFC 5034 §4: a command line with an initial response has at most 255 octets, CRLF included."""


def fits_initially(mechanism: str, response: bytes) -> bool:
    """Whether the response may ride on the AUTH line itself."""
    return len("AUTH  \r\n") + len(mechanism) + len(response) <= INITIAL_MAX
