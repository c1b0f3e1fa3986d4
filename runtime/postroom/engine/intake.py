"""Takes a batch of mails in, with two commits: first their bytes and ledger rows, then what each of them means.

The order is the promise. A mail is on disk and in the ledger before the parser sees a byte of it, and its reading is
counted before it begins: a mail that kills the parser is known by its count, and is read alone from then on, where no
other mail waits for it. The server may forget a mail once its bytes are committed; one too large to be kept it may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.engine.difficult import DifficultMails, RulesOf
from postroom.engine.readers import Readers
from postroom.engine.second_commit import Counted, SecondCommit
from postroom.engine.settle import Settler
from postroom.engine.verdict import IntakeRules
from postroom.ports.gateways import Fetched, Listed, TooLarge
from postroom.ports.records import RawRef, Receipt
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload

Arrival = Fetched | TooLarge
Received = list[tuple[Listed, Receipt]]
"""Mails whose bytes and ledger rows are committed, as listed and as in the ledger."""


class Intake:
    """Brings mails from spools to their outcomes; `difficult` are those it leaves to be read alone."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        blobs: Blobs,
        offload: Offload,
        readers: Readers,
        settler: Settler,
        clock: Clock,
        ids: Ids,
        failpoint: Failpoint,
        counted: Counted,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._offload = offload
        self._readers = readers
        self._clock = clock
        self._ids = ids
        self._failpoint = failpoint
        self._second_commit = SecondCommit(store, settler, clock, counted)
        self.difficult = DifficultMails(store, readers, self._second_commit, clock)

    async def take(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> list[Listed]:
        """Take these mails in; gives those the server may forget. Raises TemporaryError, nothing lost."""
        return await self.settle(rules, await self.receive(rules, arrivals))

    async def settle(self, rules: IntakeRules, received: Received) -> list[Listed]:
        """Bring these mails to their outcomes or set them aside to be read alone; gives those the server may forget.

        Mails of one box are settled in the order of their arrival: an answer after what it answers.
        """
        fresh: dict[str, Receipt] = {}
        for _, receipt in received:
            if receipt.outcome is None:
                # Of a mail that is listed twice the first row counts: the second reading is the same one.
                fresh.setdefault(receipt.id, receipt)
        settled = await self._settle_together(rules, [one for one in fresh.values() if one.attempts <= 1])
        for receipt in fresh.values():
            if receipt.id not in settled:
                await self.difficult.add(rules, receipt)
        return [listed for listed, receipt in received if not receipt.oversize]

    async def resume(self, rules_of: RulesOf) -> int:
        """Take up what a stopped process left between the two commits; gives how many mails that were."""
        return await self.difficult.resume(rules_of)

    async def receive(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> Received:
        """The first commit: bytes and ledger rows. Raises TemporaryError, nothing lost."""
        now = self._clock.now()
        raws = await self._keep(arrivals)
        rows = [self._receipt(rules, arrival, raw, now) for arrival, raw in zip(arrivals, raws, strict=True)]
        self._failpoint("ledger_commit_pre")
        receipts = await self._store.write(lambda tx: [_record(tx, row) for row in rows])
        self._failpoint("ledger_commit_post")
        return [(arrival.listed, receipt) for arrival, receipt in zip(arrivals, receipts, strict=True)]

    async def _keep(self, arrivals: Sequence[Arrival]) -> list[RawRef]:
        """Make the bytes durable, of a mail too large those of its header."""
        spools = [arrival.spool for arrival in arrivals if isinstance(arrival, Fetched)]
        whole = iter([self._blobs.finish(spool) for spool in spools])
        await self._offload.run("blobs", self._blobs.settle, spools)
        return [
            next(whole) if isinstance(arrival, Fetched) else await self._put(arrival.header) for arrival in arrivals
        ]

    async def _put(self, header: bytes) -> RawRef:
        return await self._offload.run("blobs", self._blobs.put, header)

    def _receipt(self, rules: IntakeRules, arrival: Arrival, raw: RawRef, now: datetime) -> Receipt:
        return Receipt(
            id=self._ids.new(),
            tenant=rules.tenant,
            gateway=rules.gateway_key,
            uid=arrival.listed.uid,
            raw=raw,
            listed_size=arrival.listed.size,
            first_seen_at=now,
            arrived_at=arrival.listed.received_at,
            oversize=isinstance(arrival, TooLarge),
        )

    async def _settle_together(self, rules: IntakeRules, receipts: Sequence[Receipt]) -> set[str]:
        """The second commit: read these mails and bring each to its outcome; gives the ids of those that have one."""
        self._failpoint("parse_start")
        messages = await self._readers.read_together([receipt.raw for receipt in receipts], fresh=True)
        self._failpoint("parse_mid")
        read = [(receipt, message) for receipt, message in zip(receipts, messages, strict=True) if message is not None]
        outcomes = await self._second_commit.settle_together(rules, read)
        self._failpoint("route_commit_post")
        return {receipt.id for (receipt, _), outcome in zip(read, outcomes, strict=True) if outcome is not None}


def _record(tx: Tx, row: Receipt) -> Receipt:
    tx.mails.keep_raw(row.raw)
    receipt, _ = tx.ledger.receive(row)
    return receipt
