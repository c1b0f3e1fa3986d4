"""Receiving over POP3 (RFC 1939, 2449, 2595, 5034): a protocol core without I/O, and a thin asyncio shell around it.

Core: body, inbound, replies, capabilities, commands, sasl, listing, uids, window, sizes, verdicts.
Shell: connection, signin, survey, naming, fetching, mailbox, client.
"""

from postroom.gateways.pop3.client import Pop3Gateway
from postroom.gateways.pop3.options import Auth, Deadlines, Pop3Options, Security

__all__ = ["Auth", "Deadlines", "Pop3Gateway", "Pop3Options", "Security"]
