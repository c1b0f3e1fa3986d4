"""Goes over every open session: after a change of settings for its timers, after a start for its agent's time.

It works in small units, so that nobody waits for it; a session that cannot be decided keeps no other from its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import structlog

from postroom.errors import TemporaryError
from postroom.ports.records import TimerRow
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.session.deadlines import deadlines, due_at
from postroom.session.events import ServiceResumed
from postroom.session.policy import Policy
from postroom.session.state import Phase, Session
from postroom.session.turn import turn_at

log = structlog.get_logger(__name__)

AT_ONCE = 200
OPEN = tuple(phase for phase in Phase if phase not in {Phase.NEW, Phase.ENDED})
OF_AGENTS = (Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED)
"""The phases in which an agent may be late."""


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

    async def _each(self, phases: Iterable[Phase], unit: Callable[[Tx, Session], None]) -> int:
        looked_at = 0
        for phase in phases:
            after = 0
            while found := await self._store.read(partial(_some, phase, after)):
                sessions = [session for _, session in found]
                try:
                    await self._store.write(partial(_all, unit, sessions))
                except TemporaryError:
                    raise
                except Exception:  # noqa: BLE001 whatever one session breaks on, the others must not wait for it
                    await self._one_by_one(unit, sessions)
                looked_at += len(found)
                after = found[-1][0]
        return looked_at

    async def _one_by_one(self, unit: Callable[[Tx, Session], None], sessions: list[Session]) -> None:
        for session in sessions:
            try:
                await self._store.write(partial(_all, unit, [session]))
            except TemporaryError:
                raise
            except Exception:
                log.exception("session_passed_over", session=session.id)

    def _set_timers(self, tx: Tx, seen: Session) -> None:
        session = tx.sessions.get(seen.id)
        if session is None:
            return
        policy = self._step.policy(session.tenant, session.channel)
        _set_turn(tx, session, policy)
        stored = {row.kind: row for row in tx.timers.of_session(session.id)}
        for kind, deadline in deadlines(session).items():
            due = due_at(kind, deadline.started_at, session, policy)
            row = stored.pop(kind, None)
            if due is None:
                stored.update({kind: row} if row else {})
            elif row is None or row.due_at != due:
                tx.timers.arm(
                    TimerRow(
                        session=session.id,
                        tenant=session.tenant,
                        kind=kind,
                        due_at=due,
                        started_at=deadline.started_at,
                        token=deadline.token,
                    )
                )
                tx.wake(Topic.TIMERS)
        for kind in stored:
            tx.timers.cancel(session.id, kind)

    def _resume(self, tx: Tx, seen: Session) -> None:
        session = tx.sessions.get(seen.id)
        if session is None or session.phase not in OF_AGENTS:
            return
        if session.phase is Phase.QUEUED:
            _set_turn(tx, session, self._step.policy(session.tenant, session.channel))
        if session.phase is Phase.QUEUED and not session.held_for:
            return
        self._step(tx, session.id, ServiceResumed())


def wake_all(tx: Tx) -> None:
    """Let everybody look who waits for a time or for a change of the settings."""
    for topic in (Topic.QUEUES, Topic.HOURS, Topic.TIMERS, Topic.OUTBOX):
        tx.wake(topic)


def _set_turn(tx: Tx, session: Session, policy: Policy) -> None:
    """Let its turn go by the ageing that its queue has now."""
    turn = turn_at(session, policy)
    if session.phase is Phase.QUEUED and turn is not None:
        tx.sessions.set_turn(session.id, turn)


def _some(phase: Phase, after: int, tx: Tx) -> list[tuple[int, Session]]:
    return list(tx.sessions.of_phase(phase, after, AT_ONCE))


def _all(unit: Callable[[Tx, Session], None], sessions: list[Session], tx: Tx) -> None:
    for session in sessions:
        unit(tx, session)
