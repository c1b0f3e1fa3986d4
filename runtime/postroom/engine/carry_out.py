"""What each effect does, inside the transaction that decided it: places, timers and the outbox.

Nothing here reaches out of the house; what must leave it is put in the outbox for engine/relay.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from postroom.ports.records import AgentState, OutboxRow, TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Topic, Tx
from postroom.routing.agents import Availability, Standing, let_offer_run_out
from postroom.session.effects import (
    AnyEffect,
    ArmTimer,
    AssignToAgent,
    CancelTimer,
    CountMissedOffer,
    EnterQueue,
    ForgetMissedOffers,
    Ignore,
    NotifyAgent,
    OfferToAgent,
    OpenSession,
    ReleasePlace,
    SendReply,
    TakePlace,
    WithdrawOffer,
)
from postroom.session.events import AgentLeft
from postroom.session.state import Phase, Session


def carry_out(tx: Tx, step: Step, session: Session, effects: tuple[AnyEffect, ...], now: datetime) -> None:
    """Carry out a decision's effects in their order."""
    for effect in effects:
        _one(tx, step, session, effect, now)


def _one(tx: Tx, step: Step, session: Session, effect: AnyEffect, now: datetime) -> None:  # noqa: C901 one row an effect
    match effect:
        case EnterQueue():
            tx.wake(Topic.QUEUES)
        case ReleasePlace():
            tx.agents.release(session.tenant, effect.agent)
            tx.wake(Topic.QUEUES)
        case TakePlace():
            tx.agents.take(session.tenant, effect.agent)
        case CountMissedOffer():
            _count_missed_offer(tx, step, session, effect, now)
        case ForgetMissedOffers():
            tx.agents.forget_misses(session.tenant, effect.agent)
        case ArmTimer():
            _arm(tx, session, effect, now)
        case CancelTimer():
            tx.timers.cancel(session.id, effect.kind)
        case SendReply():
            _put_in_outbox(tx, session, effect, effect.reply, now)
        case OfferToAgent() | WithdrawOffer() | AssignToAgent() | NotifyAgent() | OpenSession() | Ignore():
            pass  # the journal entry itself is what agents' screens follow, and the step opens sessions
        case _:
            assert_never(effect)


def _arm(tx: Tx, session: Session, effect: ArmTimer, now: datetime) -> None:
    timer = TimerRow(
        session=session.id,
        tenant=session.tenant,
        kind=effect.kind,
        due_at=effect.due_at,
        started_at=now,
        token=effect.token,
    )
    tx.timers.arm(timer)
    tx.wake(Topic.TIMERS)


def _put_in_outbox(tx: Tx, session: Session, effect: AnyEffect, row_id: str, now: datetime) -> None:
    # The row has the id of what it sends: the same reply can never be in the outbox twice.
    row = OutboxRow(
        id=row_id,
        tenant=session.tenant,
        conversation=session.conversation,
        session=session.id,
        effect=effect,
        created_at=now,
        due_at=now,
    )
    tx.outbox.add(row)
    tx.wake(Topic.OUTBOX)


def _count_missed_offer(tx: Tx, step: Step, session: Session, effect: CountMissedOffer, now: datetime) -> None:
    """Count it; who let too many run out is not ready any more, and what else is offered to him goes to others."""
    agent = tx.agents.get(session.tenant, effect.agent)
    if agent is None:
        return
    tx.agents.miss(agent.tenant, agent.name)
    before = Standing(state=Availability(agent.state.value), reason=agent.reason, missed_offers=agent.missed_offers)
    after = let_offer_run_out(before, effect.limit)
    if after.state is before.state:
        return
    tx.agents.set_state(agent.tenant, agent.name, AgentState(after.state.value), after.reason, now)
    for held in tx.sessions.held_by(session.tenant, effect.agent):
        if held.phase is Phase.OFFERED:
            step(tx, held.id, AgentLeft(agent=effect.agent))
