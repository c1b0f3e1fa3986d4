"""Options of the IMAP client for servers on loopback."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postroom.gateways.imap import ImapOptions
from postroom.gateways.reading import Security
from tests.support.pop3_options import HASTY


def clear_text(port: int, **more: Any) -> ImapOptions:  # noqa: ANN401 the fields are named by each test
    """Options for a scripted server without TLS."""
    options = ImapOptions(
        host="127.0.0.1", port=port, user="u", password="secret-pw", security=Security.NONE, allow_plaintext=True
    )
    return replace(options, **more)


def hasty(options: ImapOptions) -> ImapOptions:
    """The same options with deadlines of a fraction of a second."""
    return replace(options, deadlines=HASTY)
