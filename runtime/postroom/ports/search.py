"""How conversations are found: by customer, channel, time and the words of their subjects, the newest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from postroom.ports.records import Conversation

_WORD = re.compile(r"\w+")
LOOKED_AT = 200
"""Characters of a subject whose words are found."""
LONGEST_WORD = 64
MOST_WORDS = 40


def words_of(text: str) -> tuple[str, ...]:
    """The words by which a subject is found: case-folded, each once, in their order."""
    found = (word.casefold()[:LONGEST_WORD] for word in _WORD.findall(text[:LOOKED_AT]))
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


class Before(Struct, frozen=True, kw_only=True):
    """Which of them: begun at `since` or later, and before that place (a time, and an id at that time)."""

    since: datetime
    created_at: datetime
    id: str = ""


class Search(Protocol):
    """Gives the newest conversations before a place, none of them laid into another."""

    def newest(self, tenant: str, before: Before, limit: int) -> Sequence[Conversation]:
        """The tenant's conversations."""
        ...

    def of_channel(self, tenant: str, channel: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those of a channel."""
        ...

    def of_customer(self, tenant: str, customer: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those of a customer's address; letter case counts for nothing."""
        ...

    def with_word(self, tenant: str, word: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those whose subject has that word of `words_of`."""
        ...
