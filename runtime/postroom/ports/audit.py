"""The audit log: who did what, when, to what, and how it went. Rows are added and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One act; `object` is what it was done to, `result` is `done` or the words of the refusal."""

    at: datetime
    tenant: str
    actor: str
    role: str
    act: str
    object: str
    result: str
    seq: int = 0


class Audit(Protocol):
    """Every act, append only."""

    def add(self, entry: AuditEntry) -> None:
        """Write one act (its `seq` is not looked at)."""
        ...

    def before(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts before that number, the newest first."""
        ...

    def forget_before(self, when: datetime) -> int:
        """Remove what is older than that; gives how many."""
        ...
