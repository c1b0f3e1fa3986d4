"""Hands a stored reply to its sending gateway, and writes down what became of it for each recipient.

An attempt is recorded before the server hears of the mail; one that was never closed (the process died, or no reply
came to the final dot) is an unknown outcome: recorded, shown, and for an agent's reply tried again (PROMISES P15).
The bytes are those rendered once; nothing here can change them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from msgspec import Struct

from postroom.engine.retry import Fate, fate, next_try
from postroom.errors import TemporaryError
from postroom.ports.gateways import RecipientResult, SendingGateway, SendOutcome
from postroom.ports.records import Attempt, OutboxRow, Reply, ReplyRecipient, ReplyState
from postroom.ports.step import Step
from postroom.ports.store import Blobs, Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload
from postroom.session.effects import SendReply
from postroom.session.events import ReplyFailed, ReplySent

log = structlog.get_logger(__name__)

OPEN_STATES = frozenset({ReplyState.ACCEPTED, ReplyState.SENDING, ReplyState.DELAYED, ReplyState.UNKNOWN})
"""Recipients in these states still want the mail."""

_STATE_OF = {Fate.SENT: ReplyState.SENT, Fate.FAILED: ReplyState.FAILED, Fate.AGAIN: ReplyState.DELAYED}


class Sending(Struct, frozen=True, kw_only=True):
    """A sending gateway in force, with how long a reply may be tried there (seconds)."""

    gateway: SendingGateway
    give_up_after: float


class Delivery:
    """The performer of SendReply."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        step: Step,
        clock: Clock,
        ids: Ids,
        blobs: Blobs,
        offload: Offload,
        sending: Callable[[str, str], Sending | None],
        failpoint: Failpoint,
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._ids = ids
        self._blobs = blobs
        self._offload = offload
        self._sending = sending
        self._failpoint = failpoint

    async def perform(self, row: OutboxRow) -> None:
        """Try the reply once. Raises TemporaryError where it could not even be tried."""
        if not isinstance(row.effect, SendReply):
            raise TypeError(f"{type(row.effect).__name__} is not for delivery")
        self._failpoint("reply_accept_commit_post")
        reply, attempt = await self._begin(row.effect.reply)
        if attempt is None:
            await self._store.write(lambda tx: _close(tx, row))
            return
        sending = self._sending(reply.tenant, reply.gateway)
        if sending is None:
            raise TemporaryError(f"the sending gateway {reply.gateway} is not configured any more")
        outcome = await self._hand_over(row, reply, attempt, sending)
        state = await self._store.write(lambda tx: self._conclude(tx, row, attempt, outcome, sending.give_up_after))
        log.info("reply_attempted", reply=reply.id, state=state.value, unknown=outcome.unknown, words=outcome.words)
        self._failpoint("reply_commit_post")

    async def _begin(self, reply_id: str) -> tuple[Reply, Attempt | None]:
        attempt_id, now = self._ids.new(), self._clock.now()

        def unit(tx: Tx) -> tuple[Reply, Attempt | None]:
            reply = tx.replies.get(reply_id)
            if reply is None:
                raise TemporaryError(f"reply {reply_id} is not in the store")
            self._close_unknown_attempts(tx, reply, now)
            wanted = tuple(one.address for one in reply.recipients if one.state in OPEN_STATES)
            if not wanted:
                return reply, None
            attempt = Attempt(id=attempt_id, reply=reply.id, started_at=now, recipients=wanted)
            tx.replies.start_attempt(attempt)
            tx.replies.set_state(reply.id, ReplyState.SENDING)
            return reply, attempt

        return await self._store.write(unit)

    def _close_unknown_attempts(self, tx: Tx, reply: Reply, now: datetime) -> None:
        """An attempt begun by a process that died may or may not have reached the server."""
        for attempt in tx.replies.attempts(reply.id):
            if attempt.ended_at is None:
                words = "the outcome of an attempt is unknown: the process stopped during it"
                tx.replies.end_attempt(attempt.id, now, words, unknown=True)

    async def _hand_over(self, row: OutboxRow, reply: Reply, attempt: Attempt, sending: Sending) -> SendOutcome:
        raw = await self._offload.run("blobs", self._blobs.read, reply.raw)

        async def lease_holds() -> bool:
            token = row.lease or ""
            return await self._store.read(lambda tx: tx.outbox.holds(row.id, token, self._clock.now()))

        return await sending.gateway.send(reply.envelope_from, attempt.recipients, raw, lease_holds)

    def _conclude(
        self, tx: Tx, row: OutboxRow, attempt: Attempt, outcome: SendOutcome, give_up_after: float
    ) -> ReplyState:
        now = self._clock.now()
        reply = tx.replies.get(attempt.reply)
        if reply is None:
            raise TemporaryError(f"reply {attempt.reply} is not in the store")
        tx.replies.end_attempt(attempt.id, now, outcome.words, unknown=outcome.unknown)
        changed = _judge(
            reply, attempt, outcome, partial(fate, accepted_at=reply.accepted_at, now=now, give_up_after=give_up_after)
        )
        tx.replies.set_recipients(reply.id, changed)
        whole = _merge(reply, changed)
        tx.replies.set_state(reply.id, _state_of(whole))
        self._tell_session(tx, reply, whole, outcome, now)
        if any(one.state in OPEN_STATES for one in whole):
            due = next_try(row.attempts + 1, now, is_gateway_fault=outcome.gateway_fault is not None)
            tx.outbox.again(row.id, due, outcome.words)
        else:
            tx.outbox.done(row.id)
        tx.wake(Topic.OUTBOX)
        return _state_of(whole)

    def _tell_session(
        self, tx: Tx, reply: Reply, whole: tuple[ReplyRecipient, ...], outcome: SendOutcome, now: datetime
    ) -> None:
        before = {one.state for one in _to(reply.recipients)}
        after = {one.state for one in _to(whole)}
        reached = {ReplyState.SENT, ReplyState.UNKNOWN}
        if after & reached and not before & reached:
            self._step(tx, reply.session, ReplySent(reply=reply.id, sent_at=now, unknown=outcome.unknown))
        elif after == {ReplyState.FAILED} != before:
            self._step(tx, reply.session, ReplyFailed(reply=reply.id, words=outcome.words))


def _judge(
    reply: Reply, attempt: Attempt, outcome: SendOutcome, fate_of: Callable[[RecipientResult], Fate]
) -> tuple[ReplyRecipient, ...]:
    """How it stands with each recipient this attempt was for."""
    said = {result.address: result for result in outcome.results}
    return tuple(
        _after(one, _heard(one.address, said, outcome), outcome, fate_of)
        for one in reply.recipients
        if one.address in attempt.recipients and one.state in OPEN_STATES
    )


def _heard(address: str, said: dict[str, RecipientResult], outcome: SendOutcome) -> RecipientResult:
    """What the server said of one recipient; a gateway that cannot sign in says nothing about anybody."""
    result = said.get(address)
    if result is None or outcome.gateway_fault is not None:
        return RecipientResult(address, 0, outcome.words)
    return result


def _after(
    one: ReplyRecipient, result: RecipientResult, outcome: SendOutcome, fate_of: Callable[[RecipientResult], Fate]
) -> ReplyRecipient:
    verdict = fate_of(result)
    state = _STATE_OF[verdict]
    if verdict is Fate.AGAIN and outcome.unknown and result.code == 0:
        state = ReplyState.UNKNOWN
    words = result.words or outcome.words
    return ReplyRecipient(address=one.address, field=one.field, state=state, code=result.code, words=words)


def _merge(reply: Reply, changed: tuple[ReplyRecipient, ...]) -> tuple[ReplyRecipient, ...]:
    new = {one.address: one for one in changed}
    return tuple(new.get(one.address, one) for one in reply.recipients)


def _state_of(recipients: tuple[ReplyRecipient, ...]) -> ReplyState:
    """The state of the whole: the one that most needs a look."""
    states = {one.state for one in recipients}
    order = (ReplyState.UNKNOWN, ReplyState.DELAYED, ReplyState.SENDING, ReplyState.ACCEPTED, ReplyState.FAILED)
    return next((state for state in order if state in states), ReplyState.SENT)


def _to(recipients: tuple[ReplyRecipient, ...]) -> tuple[ReplyRecipient, ...]:
    return tuple(one for one in recipients if one.field == "to")


def _close(tx: Tx, row: OutboxRow) -> None:
    tx.outbox.done(row.id)
    tx.wake(Topic.OUTBOX)
