"""Reads difficult mails one at a time in the child process: those the first reader could not or may not read.

They wait here and nowhere else, so that no other mail waits for them; their bytes and ledger rows are committed before
they come, and what a stopped process left is found in the ledger. A mail that was read three times in vain is set aside
in quarantine with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from postroom.engine.readers import Readers, Unreadable
from postroom.engine.retry import Backoff
from postroom.engine.second_commit import Resists, SecondCommit
from postroom.engine.verdict import IntakeRules
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.records import Receipt
from postroom.ports.store import Store
from postroom.ports.world import Clock
from postroom.routing.outcome import Outcome

log = structlog.get_logger(__name__)

MOST_READINGS = 3
MOST_ATTEMPTS = 9
"""Readings counted, by however many processes, after which a mail is not read again: something dies of it each time."""
AT_ONCE = 2
MOST_WAITING = 1_000
"""Mails that wait before intake waits with them."""
MOST_LEFT = 10_000

T = TypeVar("T")
RulesOf = Callable[[Receipt], IntakeRules | None]


class DifficultMails:
    """The mails that are read alone."""

    def __init__(self, store: Store, readers: Readers, second_commit: SecondCommit, clock: Clock) -> None:
        self._store = store
        self._readers = readers
        self._second_commit = second_commit
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[IntakeRules, str]] = asyncio.Queue(MOST_WAITING)
        self._in_hand: set[str] = set()

    async def add(self, rules: IntakeRules, receipt: Receipt) -> None:
        """Let it be read here; waits where too many are waiting already."""
        if receipt.id not in self._in_hand:
            self._in_hand.add(receipt.id)
            try:
                await self._waiting.put((rules, receipt.id))
            except BaseException:
                self._in_hand.discard(receipt.id)
                raise

    async def run(self, rules_of: RulesOf) -> None:
        """Take up what was left and read what comes, until cancelled; the next start takes up what is left then."""
        async with asyncio.TaskGroup() as workers:
            workers.create_task(self.resume(rules_of))
            for _ in range(AT_ONCE):
                workers.create_task(self._work())

    async def resume(self, rules_of: RulesOf) -> int:
        """Take up the mails a stopped process left between the two commits; gives how many they were."""
        began = self._clock.now()
        unsettled = await self._store.read(lambda tx: tx.ledger.unsettled(MOST_LEFT))
        # What came since then is in its intake's hands.
        left = [receipt for receipt in unsettled if receipt.first_seen_at <= began]
        for receipt in left:
            rules = rules_of(receipt)
            if rules is None:
                log.error(
                    "mail_left_unsettled", receipt=receipt.id, why=f"{receipt.gateway} is not configured any more"
                )
            else:
                await self.add(rules, receipt)
        return len(left)

    async def finish(self) -> None:
        """Read everything that waits, here and now."""
        while not self._waiting.empty():
            await self._next()

    async def _work(self) -> None:
        while True:
            await self._next()

    async def _next(self) -> None:
        rules, receipt = await self._waiting.get()
        try:
            await self._settle(rules, receipt)
        except Exception:
            log.exception("mail_left_unsettled", receipt=receipt, gateway=rules.gateway_key)
        finally:
            self._in_hand.discard(receipt)

    async def _settle(self, rules: IntakeRules, receipt_id: str) -> None:
        """Read it as often as it may be, at least once, and bring it to an outcome or to quarantine."""
        receipt = await self._patiently(lambda: self._store.read(lambda tx: tx.ledger.get(receipt_id)))
        if receipt is None or receipt.outcome is not None:
            return
        reason = "its reading never finished: each time the process ended first"
        attempts = receipt.attempts
        while attempts < MOST_ATTEMPTS:
            await self._patiently(lambda: self._store.write(lambda tx: tx.ledger.count_attempt(receipt_id)))
            attempts += 1
            found = await self._patiently(lambda: self._try(rules, receipt))
            if isinstance(found, Outcome):
                return
            reason = found
            if attempts >= MOST_READINGS:
                break
        await self._patiently(lambda: self._second_commit.quarantine(rules, receipt, reason))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """A store or machine that cannot just now is no fault of the mail: it waits, and nothing is counted for it."""
        backoff = Backoff()
        while True:
            try:
                return await work()
            except TemporaryError as error:
                backoff = backoff.failed()
                log.warning("difficult_mail_waits", why=str(error))
                await self._clock.sleep(backoff.seconds(0.0))

    async def _try(self, rules: IntakeRules, receipt: Receipt) -> Outcome | str:
        """Read it once: its outcome, or why there is none."""
        try:
            message = await self._readers.read_alone(receipt.raw)
            return await self._second_commit.settle(rules, receipt, message)
        except (Unreadable, Resists, PermanentError) as error:
            return str(error)
