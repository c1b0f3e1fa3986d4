"""The automatic replies that were put in, as a transaction reads and writes them. Blocking, on a store thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from postroom.ports.records import AutomaticReply, StoredMail
from postroom.session.state import ConversationId, SessionId


class AutomaticReplies(Protocol):
    """The automatic replies put in, whether or not they were sent yet: what the caps are counted by."""

    def add(self, one: AutomaticReply) -> None:
        """Remember one, in the unit that puts it in."""
        ...

    def in_session(self, session: SessionId) -> Mapping[str, int]:
        """How many of each kind the session had; a kind it had none of is absent."""
        ...

    def last_in_conversation(self, conversation: ConversationId) -> datetime | None:
        """When the conversation had its last one that was no reminder."""
        ...

    def to_sender(self, tenant: str, channel: str, sender: str, after: datetime) -> int:
        """How many of every kind were put in for him on the channel after that time."""
        ...

    def of_robots(self, tenant: str, channel: str, sender: str, after: datetime) -> int:
        """How many answers of robots were put in for him on the channel after that time; `to_sender` counts none."""
        ...

    def has_mail(self, mail: str) -> bool:
        """Whether one that was no reminder was put in for that mail."""
        ...

    def has_copy(self, mail: StoredMail, sender: str, after: datetime) -> bool:
        """Whether one was put in after that time for the same mail (Message-ID and body), come another way."""
        ...

    def waiting(self, tenant: str, gateway: str) -> int:
        """How many of the sending gateway's are still to be sent."""
        ...

    def forget_before(self, when: datetime, limit: int) -> int:
        """Forget at most so many put in before that time whose session has ended; gives how many."""
        ...
