"""Answers to requests with an Idempotency-Key, over SQL."""

from __future__ import annotations

from datetime import datetime

from postroom.ports.records import StoredAnswer
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("idempotency")


class SqlIdempotency:
    """ports.store.Idempotency."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def get(self, tenant: str, actor: str, key: str) -> StoredAnswer | None:
        """The answer given before, if any."""
        row = self._db.one(_SQL["idempotency_get"], (tenant, actor, key))
        if row is None:
            return None
        return StoredAnswer(request_hash=row[0], status=row[1], body=row[2], created_at=to_time(row[3]))

    def put(self, tenant: str, actor: str, key: str, answer: StoredAnswer) -> None:
        """Keep an answer for that key. Raises Conflict where the key already has one."""
        created_at = to_micros(answer.created_at)
        row = (tenant, actor, key, answer.request_hash, answer.status, answer.body, created_at)
        self._db.run(_SQL["idempotency_put"], row)

    def forget_before(self, when: datetime) -> int:
        """Drop answers older than that; gives how many."""
        return self._db.run(_SQL["idempotency_forget_before"], (to_micros(when),))
