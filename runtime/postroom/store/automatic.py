"""The automatic replies that were put in, over SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from postroom.ports.records import AutomaticReply, StoredMail
from postroom.session.state import ConversationId, SessionId
from postroom.store.columns import to_micros, to_time_or_none
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("automatic")


class SqlAutomaticReplies:
    """ports.automatic.AutomaticReplies."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, one: AutomaticReply) -> None:
        """Remember one. Raises Conflict where it is remembered already."""
        self._db.run(
            _SQL["automatic_add"],
            (
                one.reply,
                one.tenant,
                one.channel,
                one.conversation,
                one.session,
                one.mail,
                one.sender,
                one.kind,
                to_micros(one.at),
            ),
        )

    def in_session(self, session: SessionId) -> Mapping[str, int]:
        """How many of each kind the session had."""
        return {row[0]: row[1] for row in self._db.all(_SQL["automatic_in_session"], (session,))}

    def last_in_conversation(self, conversation: ConversationId) -> datetime | None:
        """When the conversation had its last one that was no reminder."""
        row = self._db.one(_SQL["automatic_last_in_conversation"], (conversation,))
        return to_time_or_none(row[0]) if row else None

    def to_sender(self, tenant: str, channel: str, sender: str, after: datetime) -> int:
        """How many were put in for him on the channel after that time."""
        row = self._db.one(_SQL["automatic_to_sender"], (tenant, sender, channel, to_micros(after)))
        return int(row[0]) if row else 0

    def of_robots(self, tenant: str, channel: str, sender: str, after: datetime) -> int:
        """How many answers of robots were put in for him on the channel after that time."""
        row = self._db.one(_SQL["automatic_of_robots"], (tenant, sender, channel, to_micros(after)))
        return int(row[0]) if row else 0

    def has_mail(self, mail: str) -> bool:
        """Whether one that was no reminder was put in for that mail."""
        return self._db.one(_SQL["automatic_of_mail"], (mail,)) is not None

    def has_copy(self, mail: StoredMail, sender: str, after: datetime) -> bool:
        """Whether one was put in after that time for the same mail, come another way."""
        if mail.message_id is None or not mail.body_hash:
            return False
        key = (mail.tenant, sender, to_micros(after), mail.id, mail.message_id, mail.body_hash)
        return self._db.one(_SQL["automatic_of_copy"], key) is not None

    def waiting(self, tenant: str, gateway: str) -> int:
        """How many of the gateway's are still to be sent."""
        row = self._db.one(_SQL["automatic_waiting"], (tenant, gateway))
        return int(row[0]) if row else 0

    def forget_before(self, when: datetime, limit: int) -> int:
        """Forget at most so many put in before that time whose session has ended; gives how many."""
        return self._db.run(_SQL["automatic_forget"], (to_micros(when), limit))
