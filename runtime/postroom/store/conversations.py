"""Conversations over SQL, and the Message-IDs that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.errors import PermanentError
from postroom.mail.address_key import address_key
from postroom.ports.records import Conversation, StoredMail, ThreadHit
from postroom.session.state import ConversationId
from postroom.store.columns import to_json, to_micros, to_strings, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries
from postroom.store.search import conversation_of, index

_SQL = queries("conversations")


class SqlConversations:
    """ports.store.Conversations."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        self._db.run(
            _SQL["conversations_add"],
            (
                conversation.id,
                conversation.tenant,
                conversation.channel,
                conversation.customer,
                address_key(conversation.customer),
                conversation.subject,
                to_micros(conversation.created_at),
                to_micros(conversation.last_mail_at),
                conversation.related,
                to_json(conversation.participants),
            ),
        )
        index(self._db, conversation)

    def get(self, conversation: ConversationId) -> Conversation | None:
        """One conversation."""
        row = self._db.one(_SQL["conversations_get"], (conversation,))
        return conversation_of(row) if row else None

    def current(self, conversation: ConversationId) -> Conversation | None:
        """Where that conversation goes on: itself, or the one it was laid into."""
        found = self.get(conversation)
        return found if found is None or found.merged_into is None else self.get(found.merged_into)

    def merge(self, conversation: ConversationId, into: ConversationId) -> None:
        """Lay it into another, with all that was said in it."""
        self._db.run(_SQL["conversations_merge"], (into, conversation))
        self._db.run(_SQL["conversations_move_mails"], (into, conversation))
        self._db.run(_SQL["conversations_move_replies"], (into, conversation))
        self._db.run(_SQL["conversations_move_automatic"], (into, conversation))
        self._db.run(_SQL["conversations_move_drafts"], (into, conversation))

    def move_mail(self, mail: StoredMail, into: ConversationId) -> None:
        """Put one mail into another conversation, and let its Message-ID lead there."""
        self._db.run(_SQL["conversations_move_mail"], (into, mail.id))
        if mail.message_id is not None and mail.conversation is not None:
            self._db.run(_SQL["conversations_unname"], (mail.message_id, mail.tenant, mail.conversation))
            self.name(mail.tenant, mail.message_id, into, mail.gateway, mail.received_at)

    def touch(self, conversation: ConversationId, at: datetime, participants: Sequence[str]) -> None:
        """Note a mail of that time, never moving back, and add participants. Raises PermanentError on an unknown."""
        row = self._db.one(_SQL["conversations_touch"], (to_micros(at), conversation))
        if row is None:
            raise PermanentError(f"there is no conversation {conversation}")
        before = to_strings(row[0])
        after = tuple(dict.fromkeys((*before, *participants)))
        if after != before:
            self._db.run(_SQL["conversations_set_participants"], (to_json(after), conversation))

    def name(self, tenant: str, message_id: str, conversation: ConversationId, gateway: str, at: datetime) -> None:
        """Let this Message-ID lead to the conversation; named again, the first time stays."""
        self._db.run(_SQL["conversations_name"], (tenant, message_id, conversation, gateway, to_micros(at)))

    def expect(
        self, tenant: str, message_ids: Sequence[str], conversation: ConversationId, gateway: str, at: datetime
    ) -> None:
        """Let the ids of mails that may yet come lead to the conversation that refers to them."""
        rows = [(tenant, message_id, conversation, gateway, to_micros(at)) for message_id in message_ids]
        self._db.many(_SQL["conversations_expect"], rows)

    def named(self, tenant: str, message_ids: Sequence[str]) -> set[str]:
        """Those of these Message-IDs that lead to any conversation."""
        return {row[0] for row in self._db.all_in(_SQL["conversations_named"], (tenant,), message_ids)}

    def find(self, tenant: str, message_ids: Sequence[str]) -> Sequence[ThreadHit]:
        """The conversations these Message-IDs lead to, in the order of the ids, then newest sighting first."""
        hits = [_hit(row) for row in self._db.all_in(_SQL["conversations_find"], (tenant,), message_ids)]
        place = {message_id: place for place, message_id in reversed(list(enumerate(message_ids)))}
        return sorted(hits, key=lambda hit: place[hit.message_id])


def _hit(row: Row) -> ThreadHit:
    return ThreadHit(
        message_id=row[0],
        by_token=False,
        gateway=row[1],
        seen_at=to_time(row[2]),
        is_expected=bool(row[3]),
        conversation=conversation_of(row[4:]),
    )
