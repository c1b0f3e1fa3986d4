"""Goes over every open session: after a change of settings for its timers, after a start for its agent's time.

It works in small units, so that nobody waits for it; a session that cannot be decided keeps no other from its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import structlog

from postroom.errors import TemporaryError
from postroom.ports.records import TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.session.deadlines import deadlines, due_at
from postroom.session.events import ServiceResumed
from postroom.session.policy import Policy
from postroom.session.state import Phase, Session, SessionId, TimerKind
from postroom.session.turn import turn_at

log = structlog.get_logger(__name__)

AT_ONCE = 200
OPEN = tuple(phase for phase in Phase if phase not in {Phase.NEW, Phase.ENDED})
OF_AGENTS = (Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED)
"""The phases in which an agent may be late."""

Unit = Callable[[Sequence[SessionId], Tx], None]
"""What is done to some sessions at once."""


class Anew:
    """Works through the open sessions of this store."""

    def __init__(self, store: Store, step: Step) -> None:
        self._store = store
        self._step = step

    async def timers(self) -> int:
        """Let every stored timer be as the settings in force say; gives how many sessions that were."""
        return await self._each(OPEN, self._set_timers)

    async def agents_time(self) -> int:
        """Let offers and agents' deadlines begin anew; gives how many sessions were looked at."""
        return await self._each(OF_AGENTS, self._resume)

    async def _each(self, phases: Iterable[Phase], unit: Unit) -> int:
        looked_at = 0
        for phase in phases:
            after = 0
            while found := await self._store.read(partial(_some, phase, after)):
                sessions = [session.id for _, session in found]
                try:
                    await self._store.write(partial(unit, sessions))
                except TemporaryError:
                    raise
                except Exception:  # noqa: BLE001 whatever one session breaks on, the others must not wait for it
                    await self._one_by_one(unit, sessions)
                looked_at += len(found)
                after = found[-1][0]
        return looked_at

    async def _one_by_one(self, unit: Unit, sessions: Sequence[SessionId]) -> None:
        for session in sessions:
            try:
                await self._store.write(partial(unit, [session]))
            except TemporaryError:
                raise
            except Exception:
                log.exception("session_passed_over", session=session)

    def _set_timers(self, ids: Sequence[SessionId], tx: Tx) -> None:
        stored = tx.timers.of_sessions(ids)
        for session in tx.sessions.several(ids).values():
            policy = self._step.policy(session.tenant, session.channel)
            _set_turn(tx, session, policy)
            _set_timers(tx, session, policy, {row.kind: row for row in stored.get(session.id, ())})

    def _resume(self, ids: Sequence[SessionId], tx: Tx) -> None:
        for session in tx.sessions.several(ids).values():
            if session.phase is Phase.QUEUED:
                _set_turn(tx, session, self._step.policy(session.tenant, session.channel))
            if session.phase in OF_AGENTS and (session.phase is not Phase.QUEUED or session.held_for):
                self._step.at(tx, session, ServiceResumed())


def wake_all(tx: Tx) -> None:
    """Let everybody look who waits for a time or for a change of the settings."""
    for topic in (Topic.QUEUES, Topic.HOURS, Topic.TIMERS, Topic.OUTBOX):
        tx.wake(topic)


def _set_turn(tx: Tx, session: Session, policy: Policy) -> None:
    """Let its turn go by the ageing that its queue has now."""
    turn = turn_at(session, policy)
    if session.phase is Phase.QUEUED and turn is not None:
        tx.sessions.set_turn(session.id, turn)


def _set_timers(tx: Tx, session: Session, policy: Policy, stored: Mapping[TimerKind, TimerRow]) -> None:
    """Let its timers be as the rules say; who waits for timers is woken where one moved."""
    wanted = _wanted(session, policy)
    for kind, timer in wanted.items():
        if kind not in stored or stored[kind].due_at != timer.due_at:
            tx.timers.arm(timer)
            tx.wake(Topic.TIMERS)
    for kind in stored.keys() - wanted.keys():
        tx.timers.cancel(session.id, kind)


def _wanted(session: Session, policy: Policy) -> dict[TimerKind, TimerRow]:
    """The timers of those of its deadlines that have an end."""
    wanted = {}
    for kind, deadline in deadlines(session).items():
        due = due_at(kind, deadline.started_at, session, policy)
        if due is not None:
            wanted[kind] = TimerRow(
                session=session.id,
                tenant=session.tenant,
                kind=kind,
                due_at=due,
                started_at=deadline.started_at,
                token=deadline.token,
            )
    return wanted


def _some(phase: Phase, after: int, tx: Tx) -> list[tuple[int, Session]]:
    return list(tx.sessions.of_phase(phase, after, AT_ONCE))
