"""The journal over SQL: every decision, append only."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.ports.records import JournalEntry
from postroom.session.effects import AnyEffect
from postroom.session.events import AnyEvent
from postroom.session.state import ConversationId, Phase
from postroom.store.columns import to_json, to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("journal")
_EVENT: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_EFFECTS = msgspec.json.Decoder(tuple[AnyEffect, ...])


class SqlJournal:
    """ports.store.Journal."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def append(self, entry: JournalEntry) -> None:
        """Write one decision under the next number; its `seq` is not looked at."""
        self._db.run(
            _SQL["journal_append"],
            (
                to_micros(entry.at),
                entry.tenant,
                entry.conversation,
                entry.session,
                to_json(entry.event),
                entry.facts,
                entry.generation,
                entry.before.value,
                entry.after.value,
                to_json(entry.effects),
            ),
        )

    def after(self, tenant: str, seq: int, limit: int) -> Sequence[JournalEntry]:
        """The tenant's decisions after that number."""
        return [_entry(row) for row in self._db.all(_SQL["journal_after"], (tenant, seq, limit))]

    def of_conversation(self, conversation: ConversationId) -> Sequence[JournalEntry]:
        """The decisions of the conversation, and of those laid into it, in order."""
        return [_entry(row) for row in self._db.all(_SQL["journal_of_conversation"], (conversation,))]

    def last(self, tenant: str) -> int:
        """The newest number, 0 where there is none."""
        row = self._db.one(_SQL["journal_last"], (tenant,))
        return row[0] if row else 0


def _entry(row: Row) -> JournalEntry:
    return JournalEntry(
        seq=row[0],
        at=to_time(row[1]),
        tenant=row[2],
        conversation=row[3],
        session=row[4],
        event=_EVENT.decode(row[5]),
        facts=row[6],
        generation=row[7],
        before=Phase(row[8]),
        after=Phase(row[9]),
        effects=_EFFECTS.decode(row[10]),
    )
