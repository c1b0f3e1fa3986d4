"""The second commit of intake: a mail that was read is brought to its one outcome, or set aside with the reason.

It opens the transaction and counts; what the outcome is, is settle.py's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from postroom.engine.settle import Reading, Settler
from postroom.engine.together import together
from postroom.engine.verdict import IntakeRules, judge
from postroom.errors import PostroomError, TemporaryError
from postroom.mail.message import Message
from postroom.ports.records import Receipt
from postroom.ports.store import Store
from postroom.ports.world import Clock
from postroom.routing.outcome import Outcome

log = structlog.get_logger(__name__)

Read = tuple[Receipt, Message]
Counted = Callable[[IntakeRules, Outcome, int, float], None]
"""Told of every settled mail: its gateway, outcome, octets, and seconds since it was first seen."""


class Resists(PostroomError):
    """The mail was read and cannot be brought to an outcome; the text says why, the log has the error."""


class SecondCommit:
    """Gives mails their outcomes."""

    def __init__(self, store: Store, settler: Settler, clock: Clock, counted: Counted) -> None:
        self._store = store
        self._settler = settler
        self._clock = clock
        self._counted = counted

    async def settle_together(self, rules: IntakeRules, read: Sequence[Read]) -> list[Outcome | None]:
        """Bring read mails to their outcomes in one unit of work; None for each that resists.

        Raises TemporaryError where the store is at fault. Where one mail undoes the unit, each gets one of its own.
        """
        try:
            readings = [self._judged(rules, receipt, message) for receipt, message in read]
            outcomes = await self._store.write(lambda tx: self._settler.settle_all(tx, readings))
        except TemporaryError:
            raise
        except Exception:  # noqa: BLE001 the mail it came from meets it again, alone, and has it logged
            return await together(self._settle_or_none(rules, receipt, message) for receipt, message in read)
        for (receipt, _), outcome in zip(read, outcomes, strict=True):
            self._count(rules, receipt, outcome)
        return [*outcomes]

    async def _settle_or_none(self, rules: IntakeRules, receipt: Receipt, message: Message) -> Outcome | None:
        try:
            return await self.settle(rules, receipt, message)
        except Resists:
            return None

    async def settle(self, rules: IntakeRules, receipt: Receipt, message: Message) -> Outcome:
        """Bring one read mail to its outcome. Raises Resists, or TemporaryError where the store is at fault."""
        try:
            reading = self._judged(rules, receipt, message)
            outcome = await self._store.write(lambda tx: self._settler.settle(tx, reading))
        except TemporaryError:
            raise
        except Exception as error:
            log.exception("mail_resists", receipt=receipt.id, gateway=rules.gateway_key, attempts=receipt.attempts)
            words = (
                f"it was read and could not be brought to an outcome ({type(error).__name__}); the log has the error"
            )
            raise Resists(words) from error
        self._count(rules, receipt, outcome)
        return outcome

    async def quarantine(self, rules: IntakeRules, receipt: Receipt, reason: str) -> None:
        """Set the mail aside for a person to look at; its bytes stay."""
        is_new = await self._store.write(lambda tx: tx.ledger.settle(receipt.id, Outcome.QUARANTINED, reason, None))
        if is_new:
            log.error("mail_quarantined", receipt=receipt.id, gateway=rules.gateway_key, reason=reason)
            self._count(rules, receipt, Outcome.QUARANTINED)

    def _judged(self, rules: IntakeRules, receipt: Receipt, message: Message) -> Reading:
        verdict = judge(message, rules, receipt.first_seen_at, self._clock.now(), receipt.arrived_at)
        return Reading(rules=rules, receipt=receipt, message=message, verdict=verdict)

    def _count(self, rules: IntakeRules, receipt: Receipt, outcome: Outcome) -> None:
        waited = (self._clock.now() - receipt.first_seen_at).total_seconds()
        self._counted(rules, outcome, receipt.raw.size, waited)
