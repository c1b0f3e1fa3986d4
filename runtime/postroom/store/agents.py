"""Agents over SQL: their present states and places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.errors import PermanentError
from postroom.ports.records import AgentRow
from postroom.routing.agents import AgentState
from postroom.store.columns import to_micros, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("agents")


class SqlAgents:
    """ports.store.Agents."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def ensure(self, tenant: str, capacities: Sequence[tuple[str, int]]) -> None:
        """Let a row exist for each named agent, with the capacity his settings say."""
        self._db.many(_SQL["agents_ensure"], [(tenant, name, capacity) for name, capacity in capacities])

    def get(self, tenant: str, name: str) -> AgentRow | None:
        """One agent."""
        row = self._db.one(_SQL["agents_get"], (tenant, name))
        return _agent(row) if row else None

    def all(self, tenant: str) -> Sequence[AgentRow]:
        """Every agent of the tenant by name."""
        return [_agent(row) for row in self._db.all(_SQL["agents_all"], (tenant,))]

    def candidates(self, tenant: str, names: Sequence[str]) -> Sequence[AgentRow]:
        """Those of the named who are ready with a place left."""
        return [_agent(row) for row in self._db.all_in(_SQL["agents_candidates"], (tenant,), names)]

    def able(self, tenant: str) -> Sequence[str]:
        """The names of all who are ready with a place left."""
        return [row[0] for row in self._db.all(_SQL["agents_able"], (tenant,))]

    def reserve(self, tenant: str, name: str, now: datetime, weight: int = 1) -> bool:
        """Take places of a ready agent with as many left, as one UPDATE; False when he has not."""
        return self._db.run(_SQL["agents_reserve"], (weight, to_micros(now), tenant, name)) == 1

    def take(self, tenant: str, name: str, weight: int = 1) -> None:
        """Take places whatever the load."""
        self._db.run(_SQL["agents_take"], (weight, tenant, name))

    def release(self, tenant: str, name: str, weight: int = 1) -> None:
        """Give places back; the load never falls below nothing."""
        self._db.run(_SQL["agents_release"], (weight, tenant, name))

    def set_state(self, tenant: str, name: str, state: AgentState, reason: str, now: datetime) -> None:
        """Set the state, and note a sign of life. Raises PermanentError where there is no such agent."""
        if self._db.run(_SQL["agents_set_state"], (state.value, to_micros(now), reason, tenant, name)) != 1:
            raise PermanentError(f"there is no agent {name} in {tenant}")

    def miss(self, tenant: str, name: str) -> int:
        """Count one more offer he let run out and give how many in a row."""
        row = self._db.one(_SQL["agents_miss"], (tenant, name))
        return row[0] if row else 0

    def forget_misses(self, tenant: str, name: str) -> None:
        """Start counting his missed offers anew."""
        self._db.run(_SQL["agents_forget_misses"], (tenant, name))


def _agent(row: Row) -> AgentRow:
    return AgentRow(
        tenant=row[0],
        name=row[1],
        state=AgentState(row[2]),
        reason=row[3],
        capacity=row[4],
        load=row[5],
        idle_since=to_time_or_none(row[6]),
        missed_offers=row[7],
        heartbeat_at=to_time_or_none(row[8]),
    )
