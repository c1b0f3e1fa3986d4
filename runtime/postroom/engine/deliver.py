"""Hands a stored reply to its sending gateway, and writes down what became of it for each recipient.

An attempt is recorded before the server hears of the mail; one that was never closed (the process died, or no reply
came to the final dot) is an unknown outcome: recorded, shown, and tried again or held as the gateway's settings say.
The bytes are those rendered once; nothing here can change them. Of an automatic reply no session hears: it is nobody's
work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.attempt_outcome import (
    Recipients,
    failed_for_all,
    reached_somebody,
    recipients_after,
    state_of,
    unknown_to,
    wants_it,
)
from postroom.engine.automatic_delivery import AutomaticDelivery
from postroom.engine.ceilings import HeldBack, did_not_leave, may_leave
from postroom.engine.held_back import close, comes_too_late, put_off, suppress
from postroom.engine.null_sender import hand_over
from postroom.engine.relay import Impossible
from postroom.engine.rendered import Rendered
from postroom.engine.reply_rows import failure, is_forward
from postroom.engine.retry import fate, next_try
from postroom.engine.sending_terms import Sending, Terms
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.gateways import GatewayStatus, SendOutcome
from postroom.ports.records import Attempt, OutboxRow, Reply, ReplyState
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint, Ids
from postroom.session.automatic import Reason
from postroom.session.effects import SendReply
from postroom.session.events import ForwardFailed, ReplyFailed, ReplySent

log = structlog.get_logger(__name__)

RECORD_AGAIN_AFTER = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between tries to write an outcome down. What cannot be written is unknown, and the mail is sent twice."""
DIED = "the outcome of an attempt is unknown: the process stopped during it"
TOO_MANY = "suppressed: the gateway had more automatic mail than it may send"
NAP = timedelta(seconds=1)
"""A turn no farther away is waited for with the mail in hand."""
ITS_TURN = "waits for its turn among the automatic mail of this minute"


class Tried(Struct, frozen=True, kw_only=True):
    """What there is to write down: the attempt, none where it did not come to one, and how it ended."""

    row: OutboxRow
    reply: Reply
    attempt: Attempt | None
    outcome: SendOutcome
    terms: Terms


class Begun(Struct, frozen=True, kw_only=True):
    """What became of the beginning: an attempt, or why there is none yet; neither where nobody wants the mail."""

    attempt: Attempt | None = None
    held: HeldBack | None = None
    was_lost: bool = False
    """Whether an attempt before was lost with its process."""


class Delivery:
    """The performer of SendReply."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        step: Step,
        clock: Clock,
        ids: Ids,
        rendered: Rendered,
        sending: Callable[[str, str], Sending | None],
        automatic: AutomaticDelivery,
        failpoint: Failpoint,
        held_back: Callable[[Reply, str], None] = lambda _, __: None,
    ) -> None:
        """`held_back` hears of every mail that may not leave now, and why."""
        self._store = store
        self._step = step
        self._clock = clock
        self._ids = ids
        self._rendered = rendered
        self._sending = sending
        self._automatic = automatic
        self._failpoint = failpoint
        self._held_back = held_back

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
        self._count(tried.reply, state, tried.terms)
        self._failpoint("reply_commit_post")

    async def _try(self, row: OutboxRow, reply_id: str) -> Tried | None:
        """One attempt; None where it is not the reply's turn yet, and where nobody wants the mail any more."""
        reply = await self._store.read(lambda tx: _existing(tx, reply_id))
        sending = self._sending(reply.tenant, reply.gateway)
        terms = sending.terms if sending else Terms()
        if reply.automatic and not await self._has_its_turn(row, reply, terms):
            return None
        try:
            raw = await self._rendered.bytes_of(reply)
        except PermanentError as error:
            outcome = SendOutcome(results=(), words=f"the rendered reply is lost: {error}")
            return Tried(row=row, reply=reply, attempt=None, outcome=outcome, terms=replace(terms, give_up_after=0.0))
        attempt = await self._begin(row, reply, terms)
        if attempt is None:
            return None
        if sending is None:
            outcome = _no_gateway(reply)
        else:
            outcome = await self._hand_over(row, reply, attempt, raw, sending)
        return Tried(row=row, reply=reply, attempt=attempt, outcome=outcome, terms=terms)

    async def _has_its_turn(self, row: OutboxRow, reply: Reply, terms: Terms) -> bool:
        """Whether an automatic reply may leave now; if not it waits for its turn, and is closed once it waited long."""
        attempts = await self._store.read(lambda tx: tx.replies.attempts(reply.id))
        has_waited = row.attempts > 0 and not attempts
        turn = self._automatic.turn(reply, terms.automatic_per_minute, has_waited=has_waited)
        if turn.is_suppressed:
            await self._store.write(lambda tx: suppress(tx, row, reply, TOO_MANY))
            log.warning("automatic_reply_suppressed", reply=reply.id, gateway=reply.gateway, why=TOO_MANY)
            self._automatic.suppressed(reply, Reason.BREAKER.value)
        elif turn.seconds:
            due = self._clock.now() + timedelta(seconds=turn.seconds)
            await self._store.write(lambda tx: tx.outbox.again(row.id, due, ITS_TURN))
        return not turn.is_suppressed and not turn.seconds

    async def _begin(self, row: OutboxRow, reply: Reply, terms: Terms) -> Attempt | None:
        """Record that an attempt begins, or close the row where nobody wants the mail, or let it wait where it must."""
        begun, now = await self._store.write(self._beginning(row, reply, terms)), self._clock.now()
        if begun.held is not None and begun.held.turn_at is not None and _is_near(begun.held, now):
            await self._clock.sleep(max((begun.held.turn_at - now).total_seconds(), 0.0))
            return await self._begin(replace(row, turn_at=begun.held.turn_at), reply, terms)
        if begun.held is not None:
            self._tell_held(reply, begun.held)
        if begun.was_lost and begun.attempt is None:
            self._count(reply, ReplyState.UNKNOWN, terms)
        return begun.attempt

    def _beginning(self, row: OutboxRow, reply: Reply, terms: Terms) -> Callable[[Tx], Begun]:
        attempt_id, now, holds = self._ids.new(), self._clock.now(), terms.holds(reply)

        def unit(tx: Tx) -> Begun:
            existing = _existing(tx, reply.id)
            was_lost = self._close_lost_attempts(tx, existing, now, holds=holds)
            standing = (_existing(tx, reply.id) if was_lost else existing).recipients
            wanted = tuple(one.address for one in standing if wants_it(one, hold_unknown=holds))
            if not wanted:
                close(tx, row)
                return Begun(was_lost=was_lost)
            held = may_leave(tx, row, reply, terms, now)
            if held is not None:
                self._wait(tx, row, reply, held, now)
                return Begun(held=held)
            attempt = Attempt(id=attempt_id, reply=reply.id, started_at=now, recipients=wanted)
            tx.replies.start_attempt(attempt)
            tx.replies.set_state(reply.id, ReplyState.SENDING)
            return Begun(attempt=attempt, was_lost=was_lost)

        return unit

    def _wait(self, tx: Tx, row: OutboxRow, reply: Reply, held: HeldBack, now: datetime) -> None:
        """Write down that it waits; not where its turn is so near that it is waited for."""
        standing = _existing(tx, reply.id)
        if comes_too_late(reply, held):
            suppress(tx, row, standing, held.words)
        elif not _is_near(held, now):
            put_off(tx, self._step, row, standing, held)

    def _tell_held(self, reply: Reply, held: HeldBack) -> None:
        log.info("held_back", reply=reply.id, gateway=reply.gateway, why=held.why, until=held.until.isoformat())
        self._held_back(reply, held.why)
        if comes_too_late(reply, held):
            self._automatic.suppressed(reply, held.why if held.for_the_day else Reason.BREAKER.value)

    def _close_lost_attempts(self, tx: Tx, reply: Reply, now: datetime, *, holds: bool) -> bool:
        """An attempt begun by a process that died may or may not have reached the server; whether there was one."""
        lost = [attempt for attempt in tx.replies.attempts(reply.id) if attempt.ended_at is None]
        for attempt in lost:
            tx.replies.end_attempt(attempt.id, now, DIED, unknown=True)
            if holds:
                after = unknown_to(reply.recipients, attempt.recipients, DIED)
                self._stand(tx, reply, after, SendOutcome(results=(), unknown=True, words=DIED), now)
        return bool(lost)

    async def _hand_over(
        self, row: OutboxRow, reply: Reply, attempt: Attempt, raw: bytes, sending: Sending
    ) -> SendOutcome:
        async def lease_holds() -> bool:
            token = row.lease or ""
            return await self._store.read(lambda tx: tx.outbox.holds(row.id, token, self._clock.now()))

        return await hand_over(sending, reply, attempt.recipients, raw, lease_holds)

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
            return await self._store.write(lambda tx: self._conclude(tx, tried, now))
        except TemporaryError:
            raise
        except Exception:
            # A session that cannot be told must not make us forget that the mail was handed over.
            log.exception("session_not_told", reply=tried.reply.id, session=tried.reply.session)
            return await self._store.write(lambda tx: self._conclude(tx, tried, now, is_told=False))

    def _conclude(self, tx: Tx, tried: Tried, now: datetime, *, is_told: bool = True) -> ReplyState:
        reply, outcome, holds = _existing(tx, tried.reply.id), tried.outcome, tried.terms.holds(tried.reply)
        # What was held back has its time before it all the same.
        begun = min((one.started_at for one in tx.replies.attempts(reply.id)), default=reply.accepted_at)
        fate_of = partial(fate, accepted_at=begun, now=now, give_up_after=tried.terms.give_up_after)
        after = recipients_after(reply, _asked_for(tried, reply), outcome, fate_of)
        if tried.attempt is not None:
            tx.replies.end_attempt(tried.attempt.id, now, outcome.words, unknown=outcome.unknown)
            if not outcome.unknown and not any(one.accepted for one in outcome.results):
                did_not_leave(tx, reply, tried.terms, tried.attempt.started_at)
        self._stand(tx, reply, after, outcome, now, is_told=is_told)
        if any(wants_it(one, hold_unknown=holds) for one in after):
            due = next_try(tried.row.attempts + 1, now, is_gateway_fault=outcome.gateway_fault is not None)
            tx.outbox.again(tried.row.id, due, outcome.words)
            tx.wake(Topic.OUTBOX)
        else:
            close(tx, tried.row)
        return state_of(after)

    def _stand(
        self, tx: Tx, reply: Reply, after: Recipients, outcome: SendOutcome, now: datetime, *, is_told: bool = True
    ) -> None:
        """Write how it stands with every recipient, and let the session hear of it."""
        tx.replies.set_recipients(reply.id, after)
        tx.replies.set_state(reply.id, state_of(after))
        event = _event(tx, reply, after, outcome, now)
        if event is not None and is_told:
            self._step(tx, reply.session, event)

    def _count(self, reply: Reply, state: ReplyState, terms: Terms) -> None:
        if reply.automatic:
            is_over = not wants_it(replace(reply.recipients[0], state=state), hold_unknown=terms.holds(reply))
            self._automatic.ended(reply, state, is_over=is_over)


def _existing(tx: Tx, reply_id: str) -> Reply:
    reply = tx.replies.get(reply_id)
    if reply is None:
        raise Impossible(f"reply {reply_id} is not in the store: it cannot be sent")
    return reply


def _asked_for(tried: Tried, reply: Reply) -> tuple[str, ...]:
    """Whom the attempt was for: where it did not come to one, everybody who still wants the mail."""
    if tried.attempt is not None:
        return tried.attempt.recipients
    holds = tried.terms.holds(reply)
    return tuple(one.address for one in reply.recipients if wants_it(one, hold_unknown=holds))


def _event(
    tx: Tx, reply: Reply, after: Recipients, outcome: SendOutcome, now: datetime
) -> ReplySent | ReplyFailed | ForwardFailed | None:
    """What the session has to hear, once: that somebody has the reply, or that nobody will; nothing of a machine's."""
    if reply.automatic:
        return None
    if reached_somebody(reply.recipients, after):
        if is_forward(tx, reply):
            return None
        is_unknown = any(attempt.unknown for attempt in tx.replies.attempts(reply.id))
        return ReplySent(reply=reply.id, sent_at=now, unknown=is_unknown)
    if failed_for_all(reply.recipients, after):
        return failure(tx, reply, outcome.words)
    return None


def _is_near(held: HeldBack, now: datetime) -> bool:
    return held.turn_at is not None and held.turn_at - now <= NAP


def _no_gateway(reply: Reply) -> SendOutcome:
    words = f"the sending gateway {reply.gateway} of {reply.tenant} is not configured any more"
    return SendOutcome(results=(), gateway_fault=GatewayStatus.DISCONNECTED, words=words)
