"""What each effect does, inside the transaction that decided it: places, timers and the outbox.

Nothing here reaches out of the house; what must leave it is put in the outbox for engine/relay.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol, assert_never

from postroom.engine.facts import AutomaticHistory
from postroom.ports.records import OutboxRow, TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Topic, Tx
from postroom.routing.agents import let_offer_run_out
from postroom.session.effects import (
    AnyEffect,
    ArmTimer,
    AskRobot,
    AssignToAgent,
    CancelTimer,
    CountMissedOffer,
    EnterQueue,
    ForgetMissedOffers,
    Ignore,
    KeepRobotNote,
    Noted,
    NotifyAgent,
    OfferToAgent,
    OpenSession,
    RaiseAlarm,
    ReleasePlace,
    SendAutomatic,
    SendReply,
    SendRobotAnswer,
    SuppressAutomatic,
    TakePlace,
    WithdrawOffer,
)
from postroom.session.events import AgentLeft
from postroom.session.state import ConversationId, Phase, Session


class AutomaticMail(AutomaticHistory, Protocol):
    """Puts mails into the store and its outbox that no person wrote."""

    def send(self, tx: Tx, session: Session, effect: SendAutomatic, now: datetime) -> None:
        """Render the channel's text and put it on its way; once for a session, kind and mail."""
        ...

    def send_robot_answer(self, tx: Tx, session: Session, effect: SendRobotAnswer, now: datetime) -> None:
        """Render the robot's answer and put it on its way; once for a session and turn."""
        ...


class Unit(NamedTuple):
    """The transaction a decision is carried out in, and whose decision it was."""

    tx: Tx
    step: Step
    automatic: AutomaticMail
    session: Session
    now: datetime


def carry_out(unit: Unit, effects: tuple[AnyEffect, ...]) -> None:
    """Carry out a decision's effects in their order."""
    for effect in effects:
        _one(unit, effect)


def _one(unit: Unit, effect: AnyEffect) -> None:  # noqa: C901, PLR0912, PLR0915 one row an effect
    tx, session = unit.tx, unit.session
    match effect:
        case EnterQueue():
            tx.wake(Topic.QUEUES)
        case ReleasePlace():
            tx.agents.release(session.tenant, effect.agent, effect.weight)
            tx.wake(Topic.QUEUES)
        case TakePlace():
            tx.agents.take(session.tenant, effect.agent, effect.weight)
        case CountMissedOffer():
            _count_missed_offer(unit, effect)
        case ForgetMissedOffers():
            tx.agents.forget_misses(session.tenant, effect.agent)
        case ArmTimer():
            _arm(unit, effect)
        case CancelTimer():
            tx.timers.cancel(session.id, effect.kind)
        case SendReply():
            _put_in_outbox(unit, effect, effect.reply)
        case AskRobot():
            # A question stands in a line of its own: no reply, and no later question, waits for a robot.
            row_id = f"{session.id}-robot-{effect.turn}"
            _put_in_outbox(unit, effect, row_id, line=ConversationId(row_id))
        case SendAutomatic():
            unit.automatic.send(tx, session, effect, unit.now)
        case SendRobotAnswer():
            unit.automatic.send_robot_answer(tx, session, effect, unit.now)
        case OfferToAgent() | WithdrawOffer() | AssignToAgent() | NotifyAgent() | KeepRobotNote() | RaiseAlarm():
            pass  # the journal entry itself is what agents' screens follow, and what is counted is counted from there
        case OpenSession() | Ignore() | Noted() | SuppressAutomatic():
            pass  # the step opens sessions; the rest is for who asked, and for the trace
        case _:
            assert_never(effect)


def _arm(unit: Unit, effect: ArmTimer) -> None:
    timer = TimerRow(
        session=unit.session.id,
        tenant=unit.session.tenant,
        kind=effect.kind,
        due_at=effect.due_at,
        started_at=effect.started_at,
        token=effect.token,
    )
    unit.tx.timers.arm(timer)
    unit.tx.wake(Topic.TIMERS)


def _put_in_outbox(unit: Unit, effect: AnyEffect, row_id: str, line: ConversationId | None = None) -> None:
    # The row has the id of what it sends: the same reply can never be in the outbox twice.
    row = OutboxRow(
        id=row_id,
        tenant=unit.session.tenant,
        conversation=line or unit.session.conversation,
        session=unit.session.id,
        effect=effect,
        created_at=unit.now,
        due_at=unit.now,
    )
    unit.tx.outbox.add(row)
    unit.tx.wake(Topic.OUTBOX)


def _count_missed_offer(unit: Unit, effect: CountMissedOffer) -> None:
    """Count it; who let too many run out is not ready any more, and what else is offered to him goes to others."""
    tx, session = unit.tx, unit.session
    agent = tx.agents.get(session.tenant, effect.agent)
    if agent is None:
        return
    tx.agents.miss(agent.tenant, agent.name)
    after = let_offer_run_out(agent.standing, effect.limit)
    if after.state is agent.state:
        return
    tx.agents.set_state(agent.tenant, agent.name, after.state, after.reason, unit.now)
    for held in tx.sessions.held_by(session.tenant, effect.agent):
        if held.phase is Phase.OFFERED:
            unit.step(tx, held.id, AgentLeft(agent=effect.agent))
