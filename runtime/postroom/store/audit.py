"""The audit log over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.ports.audit import AuditEntry, ChainEnds, chained
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("audit")
_BEYOND = (1 << 63) - 1


class SqlAudit:
    """ports.audit.Audit."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, entry: AuditEntry) -> None:
        """Write one act, chained to its tenant's newest."""
        link = chained(entry, self.ends(entry.tenant).last)
        said = (link.tenant, link.actor, link.role, link.act, link.object, link.result)
        self._db.run(_SQL["audit_add"], (to_micros(link.at), *said, link.before, link.hash))
        self._db.run(_SQL["audit_ends_with"], (link.tenant, link.hash))

    def before(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts before that number, the newest first."""
        return [_entry(row) for row in self._db.all(_SQL["audit_before"], (tenant, seq, limit))]

    def after(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts after that number, the oldest first."""
        return [_entry(row) for row in self._db.all(_SQL["audit_after"], (tenant, seq, limit))]

    def ends(self, tenant: str) -> ChainEnds:
        """Where the tenant's chain begins and ends."""
        row = self._db.one(_SQL["audit_chain"], (tenant,))
        return ChainEnds(removed=row[0], last=row[1]) if row else ChainEnds()

    def tenants(self) -> Sequence[str]:
        """Every tenant with acts, also of those that are configured no more."""
        return [row[0] for row in self._db.all(_SQL["audit_chain_tenants"])]

    def forget_before(self, when: datetime) -> int:
        """Remove what is older than that, up to the first act that is not; gives how many."""
        return sum(self._forget(tenant, when) for tenant in self.tenants())

    def _forget(self, tenant: str, when: datetime) -> int:
        ((kept,),) = self._db.all(_SQL["audit_oldest_kept"], (tenant, to_micros(when)))
        first = _BEYOND if kept is None else kept
        newest = self._db.one(_SQL["audit_newest_removed"], (tenant, first))
        if newest is None:
            return 0
        self._db.run(_SQL["audit_begins_after"], (newest[0], tenant))
        return self._db.run(_SQL["audit_forget_before"], (tenant, first))


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
        before=row[8],
        hash=row[9],
    )
