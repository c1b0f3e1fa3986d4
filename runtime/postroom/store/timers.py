"""Timers over SQL: deadlines of sessions, taken once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from postroom.ports.records import TimerRow
from postroom.session.state import SessionId, TimerKind
from postroom.store.columns import to_micros, to_time, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("timers")


class SqlTimers:
    """ports.store.Timers."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def arm(self, timer: TimerRow) -> None:
        """Set or replace the session's timer of that kind."""
        due_at, started_at = to_micros(timer.due_at), to_micros(timer.started_at)
        self._db.run(
            _SQL["timers_arm"], (timer.session, timer.kind.value, timer.tenant, due_at, started_at, timer.token)
        )

    def cancel(self, session: SessionId, kind: TimerKind) -> None:
        """Remove it; nothing happens where there is none."""
        self._db.run(_SQL["timers_cancel"], (session, kind.value))

    def take_due(self, now: datetime, limit: int) -> Sequence[TimerRow]:
        """Remove and give the timers due by now, earliest first."""
        # RETURNING promises no order.
        return [_timer(row) for row in sorted(self._db.all(_SQL["timers_take_due"], (to_micros(now), limit)))]

    def of_session(self, session: SessionId) -> Sequence[TimerRow]:
        """The session's timers."""
        return [_timer(row) for row in self._db.all(_SQL["timers_of_session"], (session,))]

    def of_sessions(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, Sequence[TimerRow]]:
        """The timers of those of them that have any."""
        found = defaultdict[SessionId, list[TimerRow]](list)
        for row in self._db.all_in(_SQL["timers_of_sessions"], (), sessions):
            found[row[1]].append(_timer(row))
        return found

    def next_due(self) -> datetime | None:
        """When the earliest timer is due."""
        row = self._db.one(_SQL["timers_next_due"])
        return to_time_or_none(row[0]) if row else None


def _timer(row: Row) -> TimerRow:
    return TimerRow(
        due_at=to_time(row[0]),
        session=row[1],
        kind=TimerKind(row[2]),
        tenant=row[3],
        started_at=to_time(row[4]),
        token=row[5],
    )
