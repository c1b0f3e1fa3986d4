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
from postroom.engine.reply_rows import failure
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
SURE_OF_LEASE = timedelta(minutes=1)
"""A lease with more time left than that is nobody else's, and the store is not asked."""
NAP = timedelta(seconds=1)
"""A turn no farther away is waited for with the mail in hand."""
ITS_TURN = "waits for its turn among the automatic mail of this minute"


class Begun(Struct, frozen=True, kw_only=True):
    """What became of the beginning: an attempt, or why there is none yet; neither where nobody wants the mail."""

    reply: Reply
    attempt: Attempt | None = None
    earlier: tuple[Attempt, ...] = ()
    """The attempts before this one."""
    held: HeldBack | None = None
    was_lost: bool = False
    """Whether an attempt before was lost with its process."""
    asks_first: bool = False
    """Whether nothing was begun, for something must be known of the reply before."""


class Tried(Struct, frozen=True, kw_only=True):
    """What there is to write down: the attempt, none where it did not come to one, and how it ended."""

    row: OutboxRow
    reply: Reply
    begun: Begun
    outcome: SendOutcome
    terms: Terms

    @property
    def attempt(self) -> Attempt | None:
        """This one."""
        return self.begun.attempt

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All so far, this one last."""
        return (*self.begun.earlier, self.begun.attempt) if self.begun.attempt is not None else ()


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
        if state is not ReplyState.SENT:
            unknown, words = tried.outcome.unknown, tried.outcome.words
            log.info("reply_attempted", reply=tried.reply.id, state=state.value, unknown=unknown, words=words)
        self._count(tried.reply, state, tried.terms)
        self._failpoint("reply_commit_post")

    async def _try(self, row: OutboxRow, reply_id: str) -> Tried | None:
        """One attempt; None where it is not the reply's turn yet, and where nobody wants the mail any more."""
        begun = await self._store.write(self._beginning_at_once(row, reply_id))
        reply = begun.reply
        sending = self._sending(reply.tenant, reply.gateway)
        terms = sending.terms if sending else Terms()
        if begun.asks_first and reply.automatic and not await self._has_its_turn(row, reply, terms):
            return None
        try:
            raw = await self._rendered.bytes_of(reply)
        except PermanentError as error:
            outcome = SendOutcome(results=(), words=f"the rendered reply is lost: {error}")
            return Tried(row=row, reply=reply, begun=begun, outcome=outcome, terms=replace(terms, give_up_after=0.0))
        begun = await self._carry_on(row, begun, terms)
        if begun.attempt is None:
            return None
        if sending is None:
            outcome = _no_gateway(reply)
        else:
            outcome = await self._hand_over(row, reply, begun.attempt, raw, sending)
        return Tried(row=row, reply=reply, begun=begun, outcome=outcome, terms=terms)

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

    def _beginning_at_once(self, row: OutboxRow, reply_id: str) -> Callable[[Tx], Begun]:
        """Begin with the reply as it is found, but for one that has to wait for its turn or its bytes first."""
        begins = self._beginning(row)

        def unit(tx: Tx) -> Begun:
            reply = _existing(tx, reply_id)
            if reply.automatic or reply.raw.small is None:
                return Begun(reply=reply, asks_first=True)
            sending = self._sending(reply.tenant, reply.gateway)
            return begins(tx, reply, sending.terms if sending else Terms())

        return unit

    async def _carry_on(self, row: OutboxRow, begun: Begun, terms: Terms) -> Begun:
        """Begin where that was not done yet, wait for a turn that is near, and tell of what is held back."""
        reply, now = begun.reply, self._clock.now()
        if begun.asks_first:
            return await self._carry_on(row, await self._begin(row, reply.id, terms), terms)
        if begun.held is not None and begun.held.turn_at is not None and _is_near(begun.held, now):
            await self._clock.sleep(max((begun.held.turn_at - now).total_seconds(), 0.0))
            row = replace(row, turn_at=begun.held.turn_at)
            return await self._carry_on(row, await self._begin(row, reply.id, terms), terms)
        if begun.held is not None:
            self._tell_held(reply, begun.held)
        if begun.was_lost and begun.attempt is None:
            self._count(reply, ReplyState.UNKNOWN, terms)
        return begun

    async def _begin(self, row: OutboxRow, reply_id: str, terms: Terms) -> Begun:
        begins = self._beginning(row)
        return await self._store.write(lambda tx: begins(tx, _existing(tx, reply_id), terms))

    def _beginning(self, row: OutboxRow) -> Callable[[Tx, Reply, Terms], Begun]:
        """Record that an attempt begins, or close the row where nobody wants the mail, or let it wait where it must."""
        attempt_id, now = self._ids.new(), self._clock.now()

        def unit(tx: Tx, reply: Reply, terms: Terms) -> Begun:
            holds = terms.holds(reply)
            earlier, was_lost = self._attempts_closed(tx, reply, now, holds=holds)
            standing = tx.replies.recipients(reply.id) if was_lost else reply.recipients
            wanted = tuple(one.address for one in standing if wants_it(one, hold_unknown=holds))
            if not wanted:
                close(tx, row)
                return Begun(reply=reply, was_lost=was_lost)
            if not tx.outbox.holds(row.id, row.lease or "", now):
                return Begun(reply=reply, was_lost=was_lost)
            held = may_leave(tx, row, reply, terms, now)
            if held is not None:
                self._wait(tx, row, reply, held, now)
                return Begun(reply=reply, held=held)
            attempt = Attempt(id=attempt_id, reply=reply.id, started_at=now, recipients=wanted)
            tx.replies.start_attempt(attempt)
            tx.replies.set_state(reply.id, ReplyState.SENDING)
            return Begun(reply=reply, attempt=attempt, earlier=earlier, was_lost=was_lost)

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

    def _attempts_closed(self, tx: Tx, reply: Reply, now: datetime, *, holds: bool) -> tuple[tuple[Attempt, ...], bool]:
        """The attempts so far, and whether one was lost: it began in a process that died, and may have arrived."""
        attempts = tx.replies.attempts(reply.id)
        lost = [attempt for attempt in attempts if attempt.ended_at is None]
        for attempt in lost:
            tx.replies.end_attempt(attempt.id, now, DIED, unknown=True)
            if holds:
                after = unknown_to(reply.recipients, attempt.recipients, DIED)
                self._stand(tx, reply, after, SendOutcome(results=(), unknown=True, words=DIED), (), now)
        return tuple(replace(one, unknown=True) if one in lost else one for one in attempts), bool(lost)

    async def _hand_over(
        self, row: OutboxRow, reply: Reply, attempt: Attempt, raw: bytes, sending: Sending
    ) -> SendOutcome:
        async def lease_holds() -> bool:
            # The attempt began under the lease: it can only have been lost since by running out.
            if row.leased_until is not None and self._clock.now() < row.leased_until - SURE_OF_LEASE:
                return True
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
        reply, outcome, holds = _as_it_stands(tx, tried.reply), tried.outcome, tried.terms.holds(tried.reply)
        attempts = tried.attempts
        # What was held back has its time before it all the same.
        begun = min((one.started_at for one in attempts), default=reply.accepted_at)
        fate_of = partial(fate, accepted_at=begun, now=now, give_up_after=tried.terms.give_up_after)
        after = recipients_after(reply, _asked_for(tried, reply), outcome, fate_of)
        if tried.attempt is not None:
            tx.replies.end_attempt(tried.attempt.id, now, outcome.words, unknown=outcome.unknown)
            if not outcome.unknown and not any(one.accepted for one in outcome.results):
                did_not_leave(tx, reply, tried.terms, tried.attempt.started_at)
        self._stand(tx, reply, after, outcome, attempts if is_told else None, now)
        if any(wants_it(one, hold_unknown=holds) for one in after):
            due = next_try(tried.row.attempts + 1, now, is_gateway_fault=outcome.gateway_fault is not None)
            tx.outbox.again(tried.row.id, due, outcome.words)
            tx.wake(Topic.OUTBOX)
        else:
            close(tx, tried.row)
        return state_of(after)

    def _stand(  # noqa: PLR0917 what is written, and what the session hears of it
        self,
        tx: Tx,
        reply: Reply,
        after: Recipients,
        outcome: SendOutcome,
        attempts: tuple[Attempt, ...] | None,
        now: datetime,
    ) -> None:
        """Write how it stands with every recipient, and let the session hear of it, unless `attempts` is None."""
        tx.replies.set_recipients(reply.id, after)
        tx.replies.set_state(reply.id, state_of(after))
        if attempts is None:
            return
        is_unknown = outcome.unknown or any(one.unknown for one in attempts)
        event = _event(reply, after, outcome, now, is_unknown=is_unknown)
        if event is not None:
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


def _as_it_stands(tx: Tx, reply: Reply) -> Reply:
    """The reply with its recipients as they are now: a report may have come back while it was handed over."""
    recipients = tx.replies.recipients(reply.id)
    return replace(reply, recipients=recipients) if recipients else _existing(tx, reply.id)


def _asked_for(tried: Tried, reply: Reply) -> tuple[str, ...]:
    """Whom the attempt was for: where it did not come to one, everybody who still wants the mail."""
    if tried.attempt is not None:
        return tried.attempt.recipients
    holds = tried.terms.holds(reply)
    return tuple(one.address for one in reply.recipients if wants_it(one, hold_unknown=holds))


def _event(
    reply: Reply, after: Recipients, outcome: SendOutcome, now: datetime, *, is_unknown: bool
) -> ReplySent | ReplyFailed | ForwardFailed | None:
    """What the session has to hear, once: that somebody has the reply, or that nobody will; nothing of a machine's."""
    if reply.automatic:
        return None
    if reached_somebody(reply.recipients, after):
        return None if reply.is_forward else ReplySent(reply=reply.id, sent_at=now, unknown=is_unknown)
    if failed_for_all(reply.recipients, after):
        return failure(reply, outcome.words)
    return None


def _is_near(held: HeldBack, now: datetime) -> bool:
    return held.turn_at is not None and held.turn_at - now <= NAP


def _no_gateway(reply: Reply) -> SendOutcome:
    words = f"the sending gateway {reply.gateway} of {reply.tenant} is not configured any more"
    return SendOutcome(results=(), gateway_fault=GatewayStatus.DISCONNECTED, words=words)
