"""Finding conversations by customer, channel, time and the words of subjects, over SQL; each way is an index's."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.mail.address_key import address_key
from postroom.ports.records import Conversation
from postroom.ports.search import Before, words_of
from postroom.store.columns import to_micros, to_strings, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import Query, queries

_SQL = queries("search")


class SqlSearch:
    """ports.search.Search."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def newest(self, tenant: str, before: Before, limit: int) -> Sequence[Conversation]:
        """The tenant's conversations."""
        return self._found(_SQL["search_newest"], (tenant,), before, limit)

    def of_channel(self, tenant: str, channel: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those of a channel."""
        return self._found(_SQL["search_of_channel"], (tenant, channel), before, limit)

    def of_customer(self, tenant: str, customer: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those of a customer's address; letter case counts for nothing."""
        return self._found(_SQL["search_of_customer"], (tenant, address_key(customer)), before, limit)

    def with_word(self, tenant: str, word: str, before: Before, limit: int) -> Sequence[Conversation]:
        """Those whose subject has that word of `words_of`."""
        return self._found(_SQL["search_with_word"], (tenant, word), before, limit)

    def _found(self, query: Query, wanted: tuple[str, ...], before: Before, limit: int) -> list[Conversation]:
        place = (to_micros(before.since), to_micros(before.created_at), before.id, limit)
        return [conversation_of(row) for row in self._db.all(query, (*wanted, *place))]


def index(db: Connection, conversation: Conversation) -> None:
    """Let the words of its subject lead to a new conversation."""
    at = to_micros(conversation.created_at)
    rows = [(conversation.tenant, word, at, conversation.id) for word in words_of(conversation.subject)]
    db.many(_SQL["search_index"], rows)


def conversation_of(row: Row) -> Conversation:
    """A row of conversations as a value."""
    return Conversation(
        id=row[0],
        tenant=row[1],
        channel=row[2],
        customer=row[3],
        subject=row[4],
        created_at=to_time(row[5]),
        last_mail_at=to_time(row[6]),
        related=row[7],
        participants=to_strings(row[8]),
        merged_into=row[9],
    )
