"""The outbox over SQL: effects on their way out, leased one at a time a conversation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from postroom.ports.pauses import EVERYBODY
from postroom.ports.records import OutboxRow
from postroom.session.effects import AnyEffect, SendReply
from postroom.store.columns import to_json, to_micros, to_micros_or_none, to_time, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

PASS_AFTER = timedelta(minutes=10)
"""How long after its first attempt a row waiting for its retry holds back later ones of its conversation (P31)."""

Held = Collection[str]
"""The tenants whose replies stay where they are; EVERYBODY stands for all."""

_SQL = queries("outbox")
_EFFECT: msgspec.json.Decoder[AnyEffect] = msgspec.json.Decoder(AnyEffect)


class SqlOutbox:
    """ports.store.Outbox. Oldest is the one put in first: clocks have no say in it."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, row: OutboxRow) -> None:
        """Put an effect in. Raises Conflict where its id was ever in before."""
        self._db.run(
            _SQL["outbox_add"],
            (
                row.id,
                row.tenant,
                row.conversation,
                row.session,
                to_json(row.effect),
                to_micros(row.created_at),
                to_micros(row.due_at),
                row.attempts,
                int(isinstance(row.effect, SendReply)),
            ),
        )

    def lease(self, token: str, now: datetime, until: datetime, limit: int, held: Held = ()) -> Sequence[OutboxRow]:
        """Take due rows nobody works on, the longest due first; a conversation's rows come one at a time."""
        at = to_micros(now)
        rows = self._db.all(
            _SQL["outbox_lease"], (token, to_micros(until), to_micros(now + PASS_AFTER), at, _held(held), limit)
        )
        # RETURNING promises no order.
        return [_outbox_row(row, until) for row in sorted(rows, key=lambda row: (row[0], row[1]))]

    def holds(self, row: str, token: str, now: datetime) -> bool:
        """Whether that lease is still in force."""
        return self._db.one(_SQL["outbox_holds"], (row, token, to_micros(now))) is not None

    def withdraw(self, row: str) -> bool:
        """Close the row of a reply that was never tried and that nobody works on; False where it is neither."""
        return self._db.run(_SQL["outbox_withdraw"], (row,)) == 1

    def done(self, row: str) -> None:
        """Close a row that was carried out."""
        self._db.run(_SQL["outbox_done"], (row,))

    def fail(self, row: str, words: str) -> None:
        """Close a row that never will be."""
        self._db.run(_SQL["outbox_fail"], (words, row))

    def again(self, row: str, due_at: datetime, words: str) -> None:
        """Give a row back for later and count the attempt."""
        self._db.run(_SQL["outbox_again"], (to_micros(due_at), words, row))

    def postpone(self, row: str, due_at: datetime, words: str, turn_at: datetime | None = None) -> None:
        """Give a row back for later, untried."""
        self._db.run(_SQL["outbox_postpone"], (to_micros(due_at), words, to_micros_or_none(turn_at), row))

    def release(self, token: str) -> None:
        """Give back every row of that lease untouched."""
        self._db.run(_SQL["outbox_release"], (token,))

    def reclaim(self) -> int:
        """Give back every leased row and give how many."""
        return self._db.run(_SQL["outbox_reclaim"])

    def next_due(self, held: Held = ()) -> datetime | None:
        """When the earliest row without a lease is due, but for held replies."""
        row = self._db.one(_SQL["outbox_next_due"], (_held(held),))
        return to_time_or_none(row[0]) if row else None


def _outbox_row(row: Row, leased_until: datetime) -> OutboxRow:
    return OutboxRow(
        due_at=to_time(row[0]),
        id=row[2],
        tenant=row[3],
        conversation=row[4],
        session=row[5],
        effect=_EFFECT.decode(row[6]),
        created_at=to_time(row[7]),
        attempts=row[8],
        lease=row[9],
        leased_until=leased_until,
        turn_at=to_time_or_none(row[10]),
    )


def _held(tenants: Held) -> str:
    return "*" if EVERYBODY in tenants else "".join(f"/{tenant}/" for tenant in tenants)
