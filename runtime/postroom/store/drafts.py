"""Drafts over SQL: what it says is JSON, beside it whose it is and where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from postroom.ports.records import Draft, DraftContent
from postroom.session.state import ConversationId, SessionId
from postroom.store.columns import to_json, to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("drafts")
_CONTENT = msgspec.json.Decoder(DraftContent)


class SqlDrafts:
    """ports.repositories.Drafts."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def save(self, draft: Draft) -> None:
        """Keep the draft, instead of the agent's one before. Raises Conflict on an unknown conversation."""
        at, content = to_micros(draft.saved_at), to_json(draft.content)
        row = (draft.session, draft.agent, draft.tenant, draft.conversation, at, content)
        self._db.run(_SQL["drafts_save"], row)
        self._db.run(_SQL["drafts_unname_uploads"], (draft.session, draft.agent))
        named = [(file.upload, draft.session, draft.agent) for file in draft.content.attachments]
        self._db.many(_SQL["drafts_name_upload"], named)

    def get(self, session: SessionId, agent: str) -> Draft | None:
        """The agent's draft of that session, or None."""
        row = self._db.one(_SQL["drafts_get"], (session, agent))
        return _draft(row) if row else None

    def of_conversation(self, conversation: ConversationId) -> Sequence[Draft]:
        """Every draft of the conversation, the oldest first."""
        return [_draft(row) for row in self._db.all(_SQL["drafts_of_conversation"], (conversation,))]

    def drop(self, session: SessionId, agent: str) -> None:
        """Forget the agent's draft of that session."""
        self._db.run(_SQL["drafts_drop"], (session, agent))
        self._db.run(_SQL["drafts_unname_uploads"], (session, agent))

    def forget_before(self, when: datetime, limit: int) -> int:
        """Forget at most so many saved before that time whose session has ended; gives how many."""
        return self._db.run(_SQL["drafts_forget"], (to_micros(when), limit))


def _draft(row: Row) -> Draft:
    return Draft(
        session=row[0],
        agent=row[1],
        tenant=row[2],
        conversation=row[3],
        saved_at=to_time(row[4]),
        content=_CONTENT.decode(row[5]),
    )
