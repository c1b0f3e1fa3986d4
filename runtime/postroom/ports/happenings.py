"""The journal as listeners hear it: each decision with its session and conversation, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from postroom.ports.records import Conversation, JournalEntry, QueueLength
from postroom.ports.store import Tx
from postroom.session.state import Phase, Session

PAGE = 200
"""Decisions read at once."""


class Happening(Struct, frozen=True, kw_only=True):
    """A decision, with its session and conversation as they are at the time of reading."""

    entry: JournalEntry
    session: Session | None
    conversation: Conversation | None


class Batch(Struct, frozen=True, kw_only=True):
    """Decisions in order; `lengths` are the queues' afterwards, where the decisions may have changed them."""

    happenings: tuple[Happening, ...]
    lengths: tuple[QueueLength, ...] | None = None


def read_batch(tx: Tx, tenant: str, after: int, limit: int = PAGE) -> Batch:
    """Read the tenant's decisions after that number."""
    entries = tx.journal.after(tenant, after, limit)
    lengths = tuple(tx.sessions.waiting_queues()) if any(map(_moves_queue, entries)) else None
    return Batch(happenings=tuple(_happenings(tx, entries)), lengths=lengths)


def _happenings(tx: Tx, entries: Sequence[JournalEntry]) -> Iterator[Happening]:
    for entry in entries:
        session = tx.sessions.get(entry.session)
        yield Happening(entry=entry, session=session, conversation=tx.conversations.get(entry.conversation))


def _moves_queue(entry: JournalEntry) -> bool:
    return (entry.before is Phase.QUEUED) is not (entry.after is Phase.QUEUED)
