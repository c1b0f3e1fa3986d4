"""The audit log: who did what, when, to what, and how it went. Rows are added and never changed.

The acts of a tenant are a chain: each carries the hash of the one before it, and its own over that and all it says. Who
changes, inserts or removes one breaks the chain there; only its beginning may go, with age.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
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
    before: str = ""
    """The hash of the act before; hex, empty in the first, and in those of a release that chained none."""
    hash: str = ""


class ChainEnds(Struct, frozen=True, kw_only=True):
    """The hash of the newest act that was removed for its age, and of the newest there is; empty where none is."""

    removed: str = ""
    last: str = ""


class ChainVerdict(Struct, frozen=True, kw_only=True):
    """What became of a tenant's chain: how many acts were looked at, and the first that is broken, if one is."""

    tenant: str
    acts: int
    unchained: int
    """How many of them are older than the chain: nobody can say of those whether they are what was written."""
    last: str
    """The hash it ends with: who noted it elsewhere sees whether all of it was written anew since."""
    broken: AuditEntry | None = None
    why: str = ""
    """Empty where it is whole; said without a broken act where the newest are gone."""


class Audit(Protocol):
    """Every act, append only."""

    def add(self, entry: AuditEntry) -> None:
        """Write one act, chained to its tenant's newest (its `seq`, `before` and `hash` are not looked at)."""
        ...

    def before(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts before that number, the newest first."""
        ...

    def after(self, tenant: str, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The tenant's acts after that number, the oldest first."""
        ...

    def ends(self, tenant: str) -> ChainEnds:
        """Where the tenant's chain begins and ends."""
        ...

    def tenants(self) -> Sequence[str]:
        """Every tenant with acts, also of those that are configured no more."""
        ...

    def forget_before(self, when: datetime) -> int:
        """Remove what is older than that, up to the first act that is not; gives how many."""
        ...


def chained(entry: AuditEntry, before: str) -> AuditEntry:
    """The act as the next link after that hash: SHA-256 over a JSON array of the hash before and all that it says."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = (before, at, entry.tenant, entry.actor, entry.role, entry.act, entry.object, entry.result)
    return msgspec.structs.replace(entry, before=before, hash=hashlib.sha256(msgspec.json.encode(said)).hexdigest())
