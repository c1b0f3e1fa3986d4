"""What an operator does with a mail in quarantine: have it read again, or let it go on unread.

The mail stays in quarantine until the one transaction that gives it its new outcome; whatever goes wrong before, and a
process that dies at any line, leaves it where it was. It is read in the limited child process only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from msgspec.structs import replace

from postroom.engine.readers import Readers, Unreadable
from postroom.engine.released import as_malformed, fields_of, wrapped
from postroom.engine.settle import Reading, Settler
from postroom.engine.verdict import IntakeRules, judge
from postroom.errors import PermanentError, PostroomError, TemporaryError
from postroom.mail.message import Message
from postroom.ports.desk import Stale
from postroom.ports.records import RawRef, Receipt
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Offload
from postroom.routing.outcome import Outcome

log = structlog.get_logger(__name__)

LANE = "operator"
"""Its own thread: what an operator looks at never stands in the way of intake."""
TURN_WITHIN = 60.0
"""Seconds to wait for the mails other operators are having read; a child may take a gigabyte, so there is one."""


class Quarantine:
    """Acts on quarantined mails, one at a time; each act gives the receipt as it is then."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        blobs: Blobs,
        offload: Offload,
        readers: Readers,
        settler: Settler,
        clock: Clock,
        rules_of: Callable[[str], IntakeRules | None],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._offload = offload
        self._readers = readers
        self._settler = settler
        self._clock = clock
        self._rules_of = rules_of
        self._turn = asyncio.Lock()

    async def retry(self, receipt_id: str) -> Receipt:
        """Read the mail once more and settle it, or leave it in quarantine with the new reason.

        Raises Stale where it is not in quarantine, PermanentError where its gateway or its bytes are gone.
        """
        async with self._its_turn():
            receipt, rules = await self._find(receipt_id)
            try:
                message = await self._readers.read_alone(receipt.raw)
            except Unreadable as error:
                return await self._stay(receipt, str(error))
            return await self._bring_to_outcome(receipt, rules, message)

    async def release(self, receipt_id: str) -> Receipt:
        """Settle the mail with what its header says, its bytes attached as they came, as a malformed mail is settled.

        Raises as `retry` does.
        """
        async with self._its_turn():
            receipt, rules = await self._find(receipt_id)
            made, message = await self._remake(receipt)
            message = as_malformed(message, receipt.raw.sha256, receipt.reason)
            return await self._bring_to_outcome(replace(receipt, raw=made), rules, message)

    @asynccontextmanager
    async def _its_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_WITHIN):
                await self._turn.acquire()
        except TimeoutError as error:
            raise TemporaryError("other mails of the quarantine are being read: try again in a moment") from error
        try:
            yield
        finally:
            self._turn.release()

    async def _find(self, receipt_id: str) -> tuple[Receipt, IntakeRules]:
        receipt = await self._store.read(lambda tx: tx.ledger.get(receipt_id))
        if receipt is None or receipt.outcome is not Outcome.QUARANTINED:
            raise _not_there(receipt)
        rules = self._rules_of(receipt.gateway)
        if rules is None:
            raise PermanentError(f"the gateway {receipt.gateway} is not configured any more: nothing says where to")
        return receipt, rules

    async def _remake(self, receipt: Receipt) -> tuple[RawRef, Message]:
        """The mail with its bytes attached, and as its later readers will read it."""
        raw = await self._offload.run("blobs", self._blobs.read, receipt.raw)
        fields = await self._offload.run(LANE, fields_of, raw)
        # Where the header itself is what no reader survives, the attachment alone goes on.
        for kept in dict.fromkeys((fields, ())):
            content = await self._offload.run(LANE, wrapped, raw, kept)
            made = await self._offload.run("blobs", self._blobs.put, content)
            try:
                return made, await self._readers.read_alone(made)
            except Unreadable as error:
                log.warning("released_mail_resists", receipt=receipt.id, reason=str(error))
        raise PermanentError("it cannot be released: even as an attached file no reader takes it; save its bytes")

    async def _bring_to_outcome(self, receipt: Receipt, rules: IntakeRules, message: Message) -> Receipt:
        """Take it out of quarantine and settle it, in one transaction; what resists stays."""
        try:
            verdict = judge(message, rules, receipt.first_seen_at, self._clock.now())
            reading = Reading(rules=rules, receipt=receipt, message=message, verdict=verdict)
            settled = await self._store.write(lambda tx: self._settle(tx, reading))
        except PostroomError:
            raise
        except Exception:
            log.exception("mail_resists", receipt=receipt.id, gateway=receipt.gateway)
            return await self._stay(receipt, "it could not be brought to an outcome; the log has the error")
        log.info("mail_left_quarantine", receipt=settled.id, gateway=settled.gateway, outcome=_word(settled))
        return settled

    def _settle(self, tx: Tx, reading: Reading) -> Receipt:
        stored = _taken_out(tx, reading.receipt.id)
        twin = tx.ledger.settled_with(stored.gateway, stored.raw.sha256, stored.id)
        if twin is not None:
            tx.ledger.settle(stored.id, Outcome.SEEN_AGAIN, f"the same bytes as {twin.id}", None)
        else:
            tx.mails.keep_raw(reading.receipt.raw)
            self._settler.settle(tx, reading)
        return tx.ledger.get(stored.id) or stored

    async def _stay(self, receipt: Receipt, reason: str) -> Receipt:
        def unit(tx: Tx) -> Receipt:
            _taken_out(tx, receipt.id)
            for _ in range(receipt.attempts + 1):
                tx.ledger.count_attempt(receipt.id)
            tx.ledger.settle(receipt.id, Outcome.QUARANTINED, reason, None)
            return tx.ledger.get(receipt.id) or receipt

        log.warning("mail_stays_in_quarantine", receipt=receipt.id, gateway=receipt.gateway, reason=reason)
        return await self._store.write(unit)


def _taken_out(tx: Tx, receipt_id: str) -> Receipt:
    """The receipt, without its outcome from here on. Raises Stale where somebody else was first."""
    found = tx.ledger.get(receipt_id)
    if found is None or not tx.ledger.reopen(receipt_id):
        raise _not_there(found)
    return found


def _not_there(found: Receipt | None) -> Stale:
    return Stale(f"this mail is not in quarantine{f': its outcome is {_word(found)}' if found else ''}")


def _word(receipt: Receipt) -> str:
    return receipt.outcome.value if receipt.outcome else "not there yet"
