"""The audit log over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.ports.audit import AuditEntry
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("audit")


class SqlAudit:
    """ports.audit.Audit."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, entry: AuditEntry) -> None:
        """Write one act."""
        at = to_micros(entry.at)
        row = (at, entry.tenant, entry.actor, entry.role, entry.act, entry.object, entry.result)
        self._db.run(_SQL["audit_add"], row)

    def before(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts before that number, the newest first."""
        return [_entry(row) for row in self._db.all(_SQL["audit_before"], (tenant, seq, limit))]

    def forget_before(self, when: datetime) -> int:
        """Remove what is older than that; gives how many."""
        return self._db.run(_SQL["audit_forget_before"], (to_micros(when),))


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        seq=row[0],
        at=to_time(row[1]),
        tenant=row[2],
        actor=row[3],
        role=row[4],
        act=row[5],
        object=row[6],
        result=row[7],
    )
