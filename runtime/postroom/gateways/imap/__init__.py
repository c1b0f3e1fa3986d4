"""Receiving over IMAP (RFC 9051, and RFC 3501 where servers are older): a core without I/O, and an asyncio shell.

Core: inbound, values, responses, capabilities, commands, names, snapshot, verdicts.
Shell: connection, signin, folder, fetching, filing, mailbox, idling, client.
"""

from postroom.gateways.imap.client import ImapGateway
from postroom.gateways.imap.options import After, ImapOptions

__all__ = ["After", "ImapGateway", "ImapOptions"]
