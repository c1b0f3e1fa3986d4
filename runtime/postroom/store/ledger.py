"""The ledger over SQL: one row for each mail that ever came from a gateway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from postroom.ports.records import Aged, RawRef, Receipt
from postroom.routing.outcome import Outcome
from postroom.store.columns import to_micros, to_time, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("ledger")


class SqlLedger:
    """ports.store.Ledger. Only `receive`, `get` and `unsettled` give the bytes of small mails: lists would be large."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def receive(self, receipt: Receipt) -> tuple[Receipt, bool]:
        """Record an arrival and count one reading attempt; gives the row in force and whether it is new."""
        added = self._db.run(
            _SQL["ledger_receive"],
            (
                receipt.id,
                receipt.tenant,
                receipt.gateway,
                receipt.uid,
                receipt.raw.sha256,
                receipt.raw.size,
                receipt.listed_size,
                to_micros(receipt.first_seen_at),
                receipt.outcome and receipt.outcome.value,
                receipt.reason,
                receipt.mail,
                int(receipt.oversize),
            ),
        )
        if added:
            return replace(receipt, attempts=1), True
        key = (receipt.gateway, receipt.uid, receipt.raw.sha256, receipt.tenant)
        (row,) = self._db.all(_SQL["ledger_receive_again"], key)
        return _in_force(receipt, row), False

    def settle(self, receipt: str, outcome: Outcome, reason: str, mail: str | None) -> bool:
        """Give the receipt its one outcome; False when it already has one."""
        return self._db.run(_SQL["ledger_settle"], (outcome.value, reason, mail, receipt)) == 1

    def known(self, gateway: str, uids: Sequence[str]) -> dict[str, tuple[Receipt, ...]]:
        """The rows of these UIDLs, any bytes; uids without rows are absent."""
        found: defaultdict[str, list[Receipt]] = defaultdict(list)
        for row in self._db.all_in(_SQL["ledger_known"], (gateway,), uids):
            found[row[3]].append(_receipt(row))
        return {uid: tuple(receipts) for uid, receipts in found.items()}

    def settled_with(self, gateway: str, sha256: str, but: str) -> Receipt | None:
        """Another settled receipt of the same bytes in this gateway, the oldest, or None."""
        row = self._db.one(_SQL["ledger_settled_with"], (sha256, gateway, but))
        return _receipt(row) if row else None

    def unsettled(self, limit: int) -> Sequence[Receipt]:
        """Receipts whose reading never finished, oldest first."""
        return [_receipt(row, row[13]) for row in self._db.all(_SQL["ledger_unsettled"], (limit,))]

    def count_attempt(self, receipt: str) -> None:
        """Count one more reading attempt of an unsettled receipt."""
        self._db.run(_SQL["ledger_count_attempt"], (receipt,))

    def get(self, receipt: str) -> Receipt | None:
        """One receipt."""
        row = self._db.one(_SQL["ledger_get"], (receipt,))
        return _receipt(row, row[13]) if row else None

    def outcome(self, receipt: str) -> Outcome | None:
        """The outcome it has by now; None where it has none, or there is no such receipt."""
        row = self._db.one(_SQL["ledger_outcome"], (receipt,))
        return Outcome(row[0]) if row and row[0] is not None else None

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes of those that have one."""
        return {row[0]: Outcome(row[1]) for row in self._db.all_in(_SQL["ledger_outcomes"], (), receipts)}

    def settled_bytes(self, hashes: Sequence[str]) -> set[str]:
        """Those of these bytes, by SHA-256, of which any receipt of any gateway has an outcome."""
        return {row[0] for row in self._db.all_in(_SQL["ledger_settled_bytes"], (), hashes)}

    def by_outcome(self, tenant: str, outcome: Outcome, limit: int) -> Sequence[Receipt]:
        """The newest receipts that ended so."""
        return [_receipt(row) for row in self._db.all(_SQL["ledger_by_outcome"], (outcome.value, tenant, limit))]

    def aged(self, gateway: str, after: Aged | None, seen_before: datetime, limit: int) -> Sequence[Aged]:
        """The gateway's settled receipts first seen by then, from behind one of them, but for what waits for people."""
        uid, sha256 = (after.uid, after.sha256) if after is not None else ("", "")
        rows = self._db.all(_SQL["ledger_aged"], (gateway, uid, sha256, to_micros(seen_before), limit))
        return [Aged(row[0], row[1], row[2], to_time_or_none(row[3])) for row in rows]

    def missed(self, receipts: Sequence[str], at: datetime) -> None:
        """These were not listed; since when is kept where it is known."""
        self._db.run_in(_SQL["ledger_missed"], (to_micros(at),), receipts)

    def listed_again(self, receipts: Sequence[str]) -> None:
        """These are listed."""
        self._db.run_in(_SQL["ledger_listed_again"], (), receipts)

    def forget(self, receipt: str, missed_before: datetime) -> bool:
        """Drop a receipt that is missing since then, unless one of the same bytes in its gateway is not; whether so."""
        return self._db.run(_SQL["ledger_forget"], (receipt, to_micros(missed_before))) == 1

    def reopen(self, receipt: str, ended: Outcome = Outcome.QUARANTINED) -> bool:
        """Take the outcome of a receipt that ended so back, and set its attempts to 0; False where it did not."""
        return self._db.run(_SQL["ledger_reopen"], (receipt, ended.value)) == 1


def _receipt(row: Row, small: bytes | None = None) -> Receipt:
    return Receipt(
        id=row[0],
        tenant=row[1],
        gateway=row[2],
        uid=row[3],
        raw=RawRef(sha256=row[4], size=row[5], small=small),
        listed_size=row[6],
        first_seen_at=to_time(row[7]),
        attempts=row[8],
        outcome=None if row[9] is None else Outcome(row[9]),
        reason=row[10],
        mail=row[11],
        oversize=bool(row[12]),
    )


def _in_force(receipt: Receipt, row: Row) -> Receipt:
    """The row found in place of this receipt: the same key, so the same bytes."""
    return replace(
        receipt,
        id=row[0],
        listed_size=row[1],
        first_seen_at=to_time(row[2]),
        attempts=row[3],
        outcome=None if row[4] is None else Outcome(row[4]),
        reason=row[5],
        mail=row[6],
        oversize=bool(row[7]),
    )
