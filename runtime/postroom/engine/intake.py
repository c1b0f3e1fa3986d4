"""Takes a batch of mails in, with two commits: first their bytes and ledger rows, then what each of them means.

The order is the promise. A mail is on disk and in the ledger before the parser sees a byte of it, and its reading is
counted before it begins: a mail that kills the parser is known by its count, read alone in a limited child process,
and after three readings set aside in quarantine, so that the next mail goes on. The server is told to delete a mail
only after the second commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from postroom.engine.readers import Readers, Unreadable
from postroom.engine.settle import Reading, Settler
from postroom.engine.together import together
from postroom.engine.verdict import IntakeRules, judge
from postroom.errors import TemporaryError
from postroom.mail.message import Message
from postroom.ports.gateways import Fetched, Listed, TooLarge
from postroom.ports.records import Outcome, RawRef, Receipt
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload

log = structlog.get_logger(__name__)

MOST_READINGS = 3

Arrival = Fetched | TooLarge
Counted = Callable[[IntakeRules, Outcome, int, float], None]
"""Told of every settled mail: its gateway, outcome, octets, and seconds since it was first seen."""


class Intake:
    """Brings mails from spools to their outcomes."""

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
        self._settler = settler
        self._clock = clock
        self._ids = ids
        self._failpoint = failpoint
        self._counted = counted

    async def take(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> list[Listed]:
        """Take these mails in; gives those the server may forget. Raises TemporaryError, nothing lost."""
        receipts = await self._receive(rules, arrivals)
        settled = await self._settle_all(rules, receipts)
        return [
            arrival.listed
            for arrival, receipt in zip(arrivals, receipts, strict=True)
            if settled.get(receipt.id, receipt.outcome) not in {None, Outcome.OVERSIZE}
        ]

    async def resume(self, rules_of: Callable[[Receipt], IntakeRules | None]) -> int:
        """Settle what a stopped process left between the two commits; gives how many mails that were."""
        left = await self._store.read(lambda tx: list(tx.ledger.unsettled(10_000)))
        for receipt in left:
            rules = rules_of(receipt)
            if rules is not None:
                await self._store.write(lambda tx, row=receipt: tx.ledger.count_attempt(row.id))  # type: ignore[misc]
                again = await self._store.read(lambda tx, row=receipt: tx.ledger.get(row.id))  # type: ignore[misc]
                await self._settle_all(rules, [again or receipt])
        return len(left)

    async def _receive(self, rules: IntakeRules, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """The first commit: bytes and ledger rows."""
        now = self._clock.now()
        whole = [arrival for arrival in arrivals if isinstance(arrival, Fetched)]
        raws = {id(arrival): self._blobs.finish(arrival.spool) for arrival in whole}
        await self._offload.run("blobs", self._blobs.settle, [arrival.spool for arrival in whole])
        headers = [arrival for arrival in arrivals if isinstance(arrival, TooLarge)]
        for arrival in headers:
            raws[id(arrival)] = await self._offload.run("blobs", self._blobs.put, arrival.header)
        rows = [self._receipt(rules, arrival, raws[id(arrival)], now) for arrival in arrivals]
        self._failpoint("ledger_commit_pre")
        receipts = await self._store.write(lambda tx: [_record(tx, row) for row in rows])
        self._failpoint("ledger_commit_post")
        return receipts

    def _receipt(self, rules: IntakeRules, arrival: Arrival, raw: RawRef, now: datetime) -> Receipt:
        return Receipt(
            id=self._ids.new(),
            tenant=rules.tenant,
            gateway=rules.gateway_key,
            uid=arrival.listed.uid,
            raw=raw,
            listed_size=arrival.listed.size,
            first_seen_at=now,
            oversize=isinstance(arrival, TooLarge),
        )

    async def _settle_all(self, rules: IntakeRules, receipts: Sequence[Receipt]) -> dict[str, Outcome]:
        """The second commit: read each mail and bring it to its outcome; a mail that resists is read alone."""
        fresh = {receipt.id: receipt for receipt in receipts if receipt.outcome is None}
        first = [receipt for receipt in fresh.values() if receipt.attempts <= 1]
        self._failpoint("parse_start")
        messages = await self._readers.read_together([receipt.raw for receipt in first])
        self._failpoint("parse_mid")
        read = [(receipt, message) for receipt, message in zip(first, messages, strict=True) if message is not None]
        outcomes = await together(self._settle(rules, receipt, message) for receipt, message in read)
        self._failpoint("route_commit_post")
        settled = {receipt.id: outcome for (receipt, _), outcome in zip(read, outcomes, strict=True) if outcome}
        for receipt in fresh.values():
            if receipt.id not in settled:
                settled[receipt.id] = await self._settle_alone(rules, receipt)
        return settled

    async def _settle(self, rules: IntakeRules, receipt: Receipt, message: Message) -> Outcome | None:
        """Bring one read mail to its outcome; None where it goes wrong and the store is not at fault."""
        try:
            verdict = judge(message, rules, receipt.first_seen_at, self._clock.now())
            reading = Reading(rules=rules, receipt=receipt, message=message, verdict=verdict)
            outcome = await self._store.write(lambda tx: self._settler.settle(tx, reading))
        except TemporaryError:
            raise
        except Exception:
            log.exception("mail_resists", receipt=receipt.id, gateway=rules.gateway_key, attempts=receipt.attempts)
            return None
        self._count(rules, receipt, outcome)
        return outcome

    async def _settle_alone(self, rules: IntakeRules, receipt: Receipt) -> Outcome:
        """Read one difficult mail in the child, as often as it may be, then set it aside."""
        reason = "its reading never finished"
        for attempt in range(max(receipt.attempts, 1), MOST_READINGS + 1):
            if attempt > receipt.attempts:
                await self._store.write(lambda tx: tx.ledger.count_attempt(receipt.id))
            try:
                message = await self._readers.read_alone(receipt.raw)
            except Unreadable as error:
                reason = str(error)
                continue
            outcome = await self._settle(rules, receipt, message)
            if outcome is not None:
                return outcome
            reason = "it could not be brought to an outcome; the log has the error"
        await self._store.write(lambda tx: tx.ledger.settle(receipt.id, Outcome.QUARANTINED, reason, None))
        log.error("mail_quarantined", receipt=receipt.id, gateway=rules.gateway_key, reason=reason)
        self._count(rules, receipt, Outcome.QUARANTINED)
        return Outcome.QUARANTINED

    def _count(self, rules: IntakeRules, receipt: Receipt, outcome: Outcome) -> None:
        waited = (self._clock.now() - receipt.first_seen_at).total_seconds()
        self._counted(rules, outcome, receipt.raw.size, waited)


def _record(tx: Tx, row: Receipt) -> Receipt:
    tx.mails.keep_raw(row.raw)
    receipt, _ = tx.ledger.receive(row)
    return receipt
