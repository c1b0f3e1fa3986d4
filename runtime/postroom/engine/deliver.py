"""Hands a stored reply to its sending gateway, and writes down what became of it for each recipient.

An attempt is recorded before the server hears of the mail; one that was never closed (the process died, or no reply
came to the final dot) is an unknown outcome: recorded, shown, and for an agent's reply tried again. The bytes are those
rendered once; nothing here can change them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from msgspec import Struct

from postroom.engine.attempt_outcome import (
    OPEN_STATES,
    Recipients,
    failed_for_all,
    reached_somebody,
    recipients_after,
    state_of,
)
from postroom.engine.relay import Impossible
from postroom.engine.retry import fate, next_try
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.gateways import GatewayStatus, SendingGateway, SendOutcome
from postroom.ports.records import Attempt, OutboxRow, Reply, ReplyState
from postroom.ports.step import Step
from postroom.ports.store import Blobs, Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload
from postroom.session.effects import SendReply
from postroom.session.events import ReplyFailed, ReplySent

log = structlog.get_logger(__name__)

RECORD_AGAIN_AFTER = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between tries to write an outcome down. What cannot be written is unknown, and the mail is sent twice."""
WITHOUT_GATEWAY = 24 * 3600.0
"""Seconds a reply is tried whose gateway is not in the configuration any more: it may come back."""


class Sending(Struct, frozen=True, kw_only=True):
    """A sending gateway in force, with how long a reply may be tried there (seconds)."""

    gateway: SendingGateway
    give_up_after: float


class Tried(Struct, frozen=True, kw_only=True):
    """What there is to write down: the attempt, none where it did not come to one, and how it ended."""

    row: OutboxRow
    reply: Reply
    attempt: Attempt | None
    outcome: SendOutcome
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
        """Try the reply once. Raises TemporaryError where it could not be tried, PermanentError where it never can."""
        if not isinstance(row.effect, SendReply):
            raise TypeError(f"{type(row.effect).__name__} is not for delivery")
        self._failpoint("reply_accept_commit_post")
        tried = await self._try(row, row.effect.reply)
        if tried is None:
            return
        state = await self._record(tried)
        unknown, words = tried.outcome.unknown, tried.outcome.words
        log.info("reply_attempted", reply=tried.reply.id, state=state.value, unknown=unknown, words=words)
        self._failpoint("reply_commit_post")

    async def _try(self, row: OutboxRow, reply_id: str) -> Tried | None:
        """One attempt; None where nobody wants the mail any more."""
        reply = await self._store.read(lambda tx: _existing(tx, reply_id))
        sending = self._sending(reply.tenant, reply.gateway)
        give_up_after = sending.give_up_after if sending else WITHOUT_GATEWAY
        try:
            raw = await self._offload.run("blobs", self._blobs.read, reply.raw)
        except PermanentError as error:
            outcome = SendOutcome(results=(), words=f"the rendered reply is lost: {error}")
            return Tried(row=row, reply=reply, attempt=None, outcome=outcome, give_up_after=0.0)
        attempt = await self._begin(row, reply_id)
        if attempt is None:
            return None
        if sending is None:
            outcome = _no_gateway(reply)
        else:
            outcome = await self._hand_over(row, reply, attempt, raw, sending.gateway)
        return Tried(row=row, reply=reply, attempt=attempt, outcome=outcome, give_up_after=give_up_after)

    async def _begin(self, row: OutboxRow, reply_id: str) -> Attempt | None:
        """Record that an attempt begins; where nobody wants the mail any more the row is closed instead."""
        attempt_id, now = self._ids.new(), self._clock.now()

        def unit(tx: Tx) -> Attempt | None:
            reply = _existing(tx, reply_id)
            _close_unknown_attempts(tx, reply, now)
            wanted = tuple(one.address for one in reply.recipients if one.state in OPEN_STATES)
            if not wanted:
                _close(tx, row)
                return None
            attempt = Attempt(id=attempt_id, reply=reply.id, started_at=now, recipients=wanted)
            tx.replies.start_attempt(attempt)
            tx.replies.set_state(reply.id, ReplyState.SENDING)
            return attempt

        return await self._store.write(unit)

    async def _hand_over(
        self, row: OutboxRow, reply: Reply, attempt: Attempt, raw: bytes, gateway: SendingGateway
    ) -> SendOutcome:
        async def lease_holds() -> bool:
            token = row.lease or ""
            return await self._store.read(lambda tx: tx.outbox.holds(row.id, token, self._clock.now()))

        return await gateway.send(reply.envelope_from, attempt.recipients, raw, lease_holds)

    async def _record(self, tried: Tried) -> ReplyState:
        """Write the outcome down, patiently: it happened, and only we know of it."""
        for pause in RECORD_AGAIN_AFTER:
            try:
                return await self._write(tried)
            except TemporaryError as error:
                log.warning("outcome_not_written", reply=tried.reply.id, why=str(error), again_in=pause)
                await self._clock.sleep(pause)
        return await self._write(tried)

    async def _write(self, tried: Tried) -> ReplyState:
        now = self._clock.now()
        try:
            return await self._store.write(lambda tx: self._conclude(tx, tried, now, is_told=True))
        except TemporaryError:
            raise
        except Exception:
            # A session that cannot be told must not make us forget that the mail was handed over.
            log.exception("session_not_told", reply=tried.reply.id, session=tried.reply.session)
            return await self._store.write(lambda tx: self._conclude(tx, tried, now, is_told=False))

    def _conclude(self, tx: Tx, tried: Tried, now: datetime, *, is_told: bool) -> ReplyState:
        reply, outcome = _existing(tx, tried.reply.id), tried.outcome
        fate_of = partial(fate, accepted_at=reply.accepted_at, now=now, give_up_after=tried.give_up_after)
        after = recipients_after(reply, _asked_for(tried, reply), outcome, fate_of)
        if tried.attempt is not None:
            tx.replies.end_attempt(tried.attempt.id, now, outcome.words, unknown=outcome.unknown)
        tx.replies.set_recipients(reply.id, after)
        tx.replies.set_state(reply.id, state_of(after))
        event = _event(tx, reply, after, outcome, now)
        if event is not None and is_told:
            self._step(tx, reply.session, event)
        if any(one.state in OPEN_STATES for one in after):
            due = next_try(tried.row.attempts + 1, now, is_gateway_fault=outcome.gateway_fault is not None)
            tx.outbox.again(tried.row.id, due, outcome.words)
            tx.wake(Topic.OUTBOX)
        else:
            _close(tx, tried.row)
        return state_of(after)


def _existing(tx: Tx, reply_id: str) -> Reply:
    reply = tx.replies.get(reply_id)
    if reply is None:
        raise Impossible(f"reply {reply_id} is not in the store: it cannot be sent")
    return reply


def _asked_for(tried: Tried, reply: Reply) -> tuple[str, ...]:
    """Whom the attempt was for: where it did not come to one, everybody who still wants the mail."""
    if tried.attempt is not None:
        return tried.attempt.recipients
    return tuple(one.address for one in reply.recipients if one.state in OPEN_STATES)


def _event(
    tx: Tx, reply: Reply, after: Recipients, outcome: SendOutcome, now: datetime
) -> ReplySent | ReplyFailed | None:
    """What the session has to hear, once: that somebody has the reply, or that nobody will."""
    if reached_somebody(reply.recipients, after):
        is_unknown = any(attempt.unknown for attempt in tx.replies.attempts(reply.id))
        return ReplySent(reply=reply.id, sent_at=now, unknown=is_unknown)
    if failed_for_all(reply.recipients, after):
        return ReplyFailed(reply=reply.id, words=outcome.words)
    return None


def _close_unknown_attempts(tx: Tx, reply: Reply, now: datetime) -> None:
    """An attempt begun by a process that died may or may not have reached the server."""
    for attempt in tx.replies.attempts(reply.id):
        if attempt.ended_at is None:
            words = "the outcome of an attempt is unknown: the process stopped during it"
            tx.replies.end_attempt(attempt.id, now, words, unknown=True)


def _close(tx: Tx, row: OutboxRow) -> None:
    tx.outbox.done(row.id)
    tx.wake(Topic.OUTBOX)


def _no_gateway(reply: Reply) -> SendOutcome:
    words = f"the sending gateway {reply.gateway} of {reply.tenant} is not configured any more"
    return SendOutcome(results=(), gateway_fault=GatewayStatus.DISCONNECTED, words=words)
