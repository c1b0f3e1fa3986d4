"""What the settings say of a channel's way out: one value a generation."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from postroom.engine.letters import Canned, Hand
from postroom.mail.message import Address
from postroom.mail.recipients import Caps
from postroom.mail.tokens import KeyRing, plus_address
from postroom.routing.blocklist import Blocklist


class SendingRules(Struct, frozen=True, kw_only=True):
    """One generation's settings of a channel's way out."""

    gateway: str
    from_: Address
    envelope_from: str
    domain: str
    """The domain of our Message-IDs."""
    caps: Caps
    own_addresses: frozenset[str]
    max_size: int
    ring: KeyRing
    blocklist: Blocklist = Blocklist()
    """To whom no agent may write."""
    hand_of: Callable[[str], Hand] = lambda account: Hand(name=account)
    """An agent as he writes here, by his account."""
    canned: tuple[Canned, ...] = ()
    reply_to: str = ""
    """Where answers shall come; empty for where the mail comes from."""
    plus_address: bool = False
    """Whether the address that answers come to names the conversation."""
    subject_tag: bool = False

    def answers_to(self, tenant: str, conversation: str) -> str:
        """The address that answers to a mail of the conversation come to."""
        address = self.reply_to or self.from_.addr
        return plus_address(self.ring, tenant, conversation, address) if self.plus_address else address
