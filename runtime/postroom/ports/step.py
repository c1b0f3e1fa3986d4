"""The one door every event goes through, whoever brings it."""

from __future__ import annotations

from typing import Protocol

from postroom.ports.records import Conversation
from postroom.ports.store import Decided, Tx
from postroom.session.events import AnyEvent
from postroom.session.policy import Policy
from postroom.session.state import ConversationId, Session, SessionId


class Step(Protocol):
    """Decides one event and writes state, journal, outbox and timers in the caller's transaction."""

    def __call__(self, tx: Tx, session: SessionId, event: AnyEvent) -> Decided:
        """Decide on that session; an event that comes too late is answered by an Ignore effect, never raised.

        Raises PermanentError where there is no such session.
        """
        ...

    def at(self, tx: Tx, session: Session, event: AnyEvent) -> Decided:
        """The same where the session was read in this transaction, and nothing has changed it since."""
        ...

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules in force for that channel."""
        ...

    def in_new_conversation(self, tx: Tx, conversation: Conversation, event: AnyEvent) -> Decided:
        """Decide on the first session of a conversation that was stored just now."""
        ...

    def in_conversation(self, tx: Tx, conversation: ConversationId, event: AnyEvent) -> Decided:
        """Decide on the conversation's newest session, or on a new one where it has none."""
        ...
