"""A mail that no notification route matched, given to a channel by a person: from there on it is like one that matched.

The mail is read and judged first; then one transaction takes its outcome back, brings it to the new one and runs the
channel's rules. A process that dies before that commit leaves it where it was; after it there is nothing to do twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from postroom.engine.settle import Reading, Settler
from postroom.engine.verdict import IntakeRules, Verdict, judge
from postroom.errors import PermanentError
from postroom.ports.desk import MailReader, Stale
from postroom.ports.records import Receipt, StoredMail
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Route

ROUTE = "by hand"
"""Stands on the trace where a route's name would."""


class Unrouted:
    """Acts on unrouted mails."""

    def __init__(
        self,
        store: Store,
        reader: MailReader,
        settler: Settler,
        clock: Clock,
        rules_of: Callable[[str], IntakeRules | None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._settler = settler
        self._clock = clock
        self._rules_of = rules_of

    async def to_channel(self, receipt_id: str, channel: str, by: str) -> Callable[[Tx], Receipt]:
        """Read the mail, and give the unit that brings it to the channel and gives its receipt as it is then.

        Raises Stale where it is not unrouted, as the unit does; PermanentError where its gateway or bytes are gone.
        """
        receipt, mail = await self._store.read(partial(_unrouted, receipt_id))
        rules = self._rules_of(receipt.gateway)
        if rules is None:
            raise PermanentError(
                f"the gateway {receipt.gateway} is not configured any more: nothing says how to read it"
            )
        if channel in rules.retired:
            raise PermanentError(f"the channel {channel} is retired: it takes no new work")
        message = await self._reader.message(receipt.raw.sha256)
        only = replace(rules, routes=(Route(name=ROUTE, channel=channel),))
        verdict = judge(message, only, receipt.first_seen_at, self._clock.now(), mail.received_at)
        verdict = _said_by(verdict, by)
        reading = Reading(rules=rules, receipt=receipt, message=message, verdict=verdict, mail=mail.id)
        return partial(self._settle, reading)

    def _settle(self, reading: Reading, tx: Tx) -> Receipt:
        receipt, mail = _unrouted(reading.receipt.id, tx)
        tx.ledger.reopen(receipt.id, Outcome.UNROUTED)
        tx.mails.take_back(mail.id)
        self._settler.settle(tx, reading)
        return tx.ledger.get(receipt.id) or receipt


def _said_by(verdict: Verdict, by: str) -> Verdict:
    match = verdict.route
    return verdict if match is None else replace(verdict, route=replace(match, reason=f"{by} gave it to the channel"))


def _unrouted(receipt_id: str, tx: Tx) -> tuple[Receipt, StoredMail]:
    """The mail, if it is unrouted now. Raises Stale where somebody else was first."""
    receipt = tx.ledger.get(receipt_id)
    if receipt is None or receipt.outcome is not Outcome.UNROUTED:
        outcome = receipt.outcome.value if receipt is not None and receipt.outcome else "none"
        raise Stale(f"this mail is not unrouted: its outcome is {outcome}")
    mail = tx.mails.get(receipt.mail or "")
    if mail is None:
        raise PermanentError("what was read of this mail is not in the store")
    return receipt, mail
