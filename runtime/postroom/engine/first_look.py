"""One look at the store for a whole group of mails: which of them may be there already. It decides nothing.

Most mails are new, and for them a group's four questions stand for several questions each. Only of what this look
found, or what came earlier in the group, is the store asked mail by mail. It lives within one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from postroom.mail.message import Message
from postroom.mail.threads import ThreadKeys
from postroom.ports.records import Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome


class FirstLook:
    """What the store knows of the mails of one gateway, before and while they are brought to their outcomes."""

    def __init__(self, tx: Tx, tenant: str, read: Sequence[tuple[Receipt, Message, ThreadKeys]]) -> None:
        self._outcomes: Mapping[str, Outcome] = tx.ledger.outcomes([receipt.id for receipt, _, _ in read])
        self._settled = tx.ledger.settled_bytes([receipt.raw.sha256 for receipt, _, _ in read])
        own = [message.message_id for _, message, _ in read if message.message_id is not None]
        self._arrived = tx.mails.arrived(own)
        self._named = tx.conversations.named(tenant, [name for _, _, keys in read for name in keys.names])

    def outcome(self, receipt: Receipt) -> Outcome | None:
        """The outcome it had before."""
        return self._outcomes.get(receipt.id)

    def may_be_seen_again(self, receipt: Receipt) -> bool:
        """Whether any receipt of these bytes has an outcome."""
        return receipt.raw.sha256 in self._settled

    def may_be_copy(self, message: Message) -> bool:
        """Whether any incoming mail has its Message-ID."""
        return message.message_id in self._arrived

    def named(self, names: Iterable[str]) -> list[str]:
        """Those of these thread names that may lead to a conversation."""
        return [name for name in names if name in self._named]

    def settled(self, receipt: Receipt, message: Message, keys: ThreadKeys) -> None:
        """This one has its outcome from now on; what it is called and refers to may lead to its conversation."""
        self._settled.add(receipt.raw.sha256)
        if message.message_id is not None:
            self._arrived.add(message.message_id)
        self._named.update(keys.names)
