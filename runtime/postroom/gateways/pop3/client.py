"""The POP3 plug of the receiving side: opens sessions with one mailbox, and decides nothing about its mails."""

from __future__ import annotations

from functools import partial

from postroom.gateways.oauth2 import with_fresh_token
from postroom.gateways.pop3.mailbox import Pop3Mailbox
from postroom.gateways.pop3.options import Pop3Options
from postroom.gateways.pop3.signin import signed_in
from postroom.gateways.suspects import Suspects
from postroom.ports.world import Failpoint


class Pop3Gateway:
    """A POP3 mailbox as a ReceivingGateway. One session at a time: POP3 locks the mailbox."""

    def __init__(self, options: Pop3Options, failpoint: Failpoint | None = None) -> None:
        self._options = options
        self._failpoint: Failpoint = failpoint or _nowhere
        self._suspects = Suspects()

    async def open(self) -> Pop3Mailbox:
        """Connect, secure, sign in. Raises GatewayError, or ConfigurationError for certificates that cannot be read."""
        connection, capabilities = await with_fresh_token(self._options.token, partial(signed_in, self._options))
        mailbox = Pop3Mailbox(connection, capabilities, self._options, self._suspects, self._failpoint)
        self._failpoint("login_ok")
        return mailbox


def _nowhere(name: str) -> None:
    """A failpoint that does nothing."""
