"""Looks whether the audit log is still what was written: every act of a tenant, link by link."""

from __future__ import annotations

from functools import partial

from postroom.ports.audit import AuditEntry, ChainEnds, ChainVerdict, chained
from postroom.ports.store import Store, Tx

AT_ONCE = 1_000

CHANGED = "it does not say any more what was written"
CUT = "it does not follow what stands before it: an act between them is gone or changed, or one was put in"
UNCHAINED = "it is in no chain, and acts before it are"
ENDS_EARLY = "the newest acts are gone: the chain ended with another one"


async def verify(store: Store, tenant: str) -> ChainVerdict:
    """Look at every act of the tenant, up to the first that is broken."""
    walk = _Walk("")
    while True:
        acts, ends = await store.read(partial(_some, tenant, walk.seq))
        if walk.removed != ends.removed:
            # Old acts were removed meanwhile: what follows them may follow none that was seen.
            walk = _Walk(ends.removed)
            continue
        why = next((why for act in acts if (why := walk.step(act))), "")
        if why or len(acts) < AT_ONCE:
            return walk.verdict(tenant, ends, why)


def _some(tenant: str, after: int, tx: Tx) -> tuple[list[AuditEntry], ChainEnds]:
    return list(tx.audit.after(tenant, after, AT_ONCE)), tx.audit.ends(tenant)


class _Walk:
    """How far it was looked at; lives for one look."""

    def __init__(self, removed: str) -> None:
        self.removed = removed
        self.seq = 0
        self._acts = 0
        self._unchained = 0
        self._last = removed
        self._act: AuditEntry | None = None

    def step(self, act: AuditEntry) -> str:
        """Look at the next act; gives what is wrong with it, or nothing."""
        self.seq, self._act = act.seq, act
        self._acts += 1
        if not act.hash and not self._last:
            self._unchained += 1
            return ""
        why = UNCHAINED if not act.hash else CHANGED if chained(act, act.before).hash != act.hash else ""
        if not why and act.before != self._last:
            why = CUT
        self._last = act.hash
        return why

    def verdict(self, tenant: str, ends: ChainEnds, why: str) -> ChainVerdict:
        """What was found; `why` is of the act that was looked at last."""
        ends_early = "" if why or self._last == ends.last else ENDS_EARLY
        return ChainVerdict(
            tenant=tenant,
            acts=self._acts,
            unchained=self._unchained,
            last=ends.last,
            broken=self._act if why else None,
            why=why or ends_early,
        )
