"""One look at the store for a whole group of mails: which of them may be there already. It decides nothing.

Most mails are new, and for them a group's three questions stand for several questions each. Only of what this look
found, or what came earlier in the group, is the store asked mail by mail. It lives within one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postroom.mail.message import Message
from postroom.ports.records import Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome


class FirstLook:
    """What the store knows of the mails of one gateway, before and while they are brought to their outcomes."""

    def __init__(self, tx: Tx, read: Sequence[tuple[Receipt, Message]]) -> None:
        self._outcomes: Mapping[str, Outcome] = tx.ledger.outcomes([receipt.id for receipt, _ in read])
        self._settled = tx.ledger.settled_bytes([receipt.raw.sha256 for receipt, _ in read])
        self._arrived = tx.mails.arrived([message.message_id for _, message in read if message.message_id is not None])

    def outcome(self, receipt: Receipt) -> Outcome | None:
        """The outcome it had before."""
        return self._outcomes.get(receipt.id)

    def may_be_seen_again(self, receipt: Receipt) -> bool:
        """Whether any receipt of these bytes has an outcome."""
        return receipt.raw.sha256 in self._settled

    def may_be_copy(self, message: Message) -> bool:
        """Whether any incoming mail has its Message-ID."""
        return message.message_id in self._arrived

    def settled(self, receipt: Receipt, message: Message) -> None:
        """This one has its outcome from now on."""
        self._settled.add(receipt.raw.sha256)
        if message.message_id is not None:
            self._arrived.add(message.message_id)
