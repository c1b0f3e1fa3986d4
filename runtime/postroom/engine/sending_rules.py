"""What the settings say of a channel's way out: one value a generation."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from postroom.engine.letters import Canned, Hand
from postroom.mail.message import Address
from postroom.mail.recipients import Caps
from postroom.mail.tokens import KeyRing


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
    hand_of: Callable[[str], Hand] = lambda account: Hand(name=account)
    """An agent as he writes here, by his account."""
    canned: tuple[Canned, ...] = ()
    reply_to: str = ""
    """Where answers shall come; empty for where the mail comes from."""
    subject_tag: bool = False
