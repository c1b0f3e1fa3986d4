"""Which agents are there: who has an event stream open or made a request within the last heartbeat.

What is seen is kept in memory only. At start everybody counts as just seen, so that time in which nobody served the
API is not held against an agent. It never makes anybody ready.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import structlog

from postroom.dispatch.agents import AgentStates, ensure_agents
from postroom.errors import TemporaryError
from postroom.ports.records import AgentRow
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock
from postroom.routing.agents import AGENT_HEARTBEAT, Sight, Standing, seen
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

LOOKS_A_HEARTBEAT = 8
"""How often within one heartbeat the loop looks who is gone."""


class Presence:
    """What this process has seen of agents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._last: dict[tuple[str, str], float] = {}
        self._streams: Counter[tuple[str, str]] = Counter()

    def seen(self, tenant: str, agent: str) -> None:
        """Note that the agent made a request."""
        self._last[tenant, agent] = self._clock.monotonic()

    def arrived(self, tenant: str, agent: str) -> None:
        """Note that the agent opened an event stream."""
        self.seen(tenant, agent)
        self._streams[tenant, agent] += 1

    def left(self, tenant: str, agent: str) -> None:
        """Note that one of the agent's event streams ended; he counts as seen until now."""
        self.seen(tenant, agent)
        self._streams[tenant, agent] -= 1
        if self._streams[tenant, agent] <= 0:
            del self._streams[tenant, agent]

    def sight(self, tenant: str, agent: str) -> Sight:
        """What is seen of the agent now."""
        last = self._last.get((tenant, agent), self._started)
        return Sight(streams=self._streams[tenant, agent], silent_for=self._clock.monotonic() - last)


class PresenceLoop:
    """Keeps a row for each agent of the settings, and sets offline who is gone."""

    def __init__(
        self,
        store: Store,
        states: AgentStates,
        clock: Clock,
        presence: Presence,
        current: Callable[[], Generation],
        *,
        heartbeat: float | None = None,
    ) -> None:
        """Judge by this heartbeat (seconds), else by each tenant's own."""
        self._store = store
        self._states = states
        self._clock = clock
        self._presence = presence
        self._current = current
        self._heartbeat = heartbeat
        self._ensured: Generation | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except TemporaryError as error:
                log.warning("presence_not_judged", why=str(error))
            await self._clock.sleep(self._shortest() / LOOKS_A_HEARTBEAT)

    async def look(self) -> int:
        """Bring the rows up to the settings in force, set offline who is gone, and give how many those were."""
        generation = self._current()
        if generation is not self._ensured:
            await self._store.write(lambda tx: ensure_agents(tx, generation))
            self._ensured = generation
        suspects = await self._store.read(lambda tx: self._gone(tx, generation))
        gone = [row for row in suspects if await self._set_offline(row)]
        for row in gone:
            log.info("agent_offline", tenant=row.tenant, agent=row.name)
        return len(gone)

    async def _set_offline(self, suspect: AgentRow) -> bool:
        """Judge one agent in a unit of his own: what goes wrong with him keeps nobody else ready."""
        try:
            return await self._store.write(partial(self._judge, suspect=suspect))
        except TemporaryError:
            raise
        except Exception:
            log.exception("presence_of_agent_not_judged", tenant=suspect.tenant, agent=suspect.name)
            return False

    def _shortest(self) -> float:
        return min((self._of(tenant.name) for tenant in self._current().tenants), default=AGENT_HEARTBEAT)

    def _of(self, tenant: str) -> float:
        """The tenant's heartbeat in seconds."""
        if self._heartbeat is not None:
            return self._heartbeat
        found = self._current().tenant(tenant)
        return found.parameters.agent_heartbeat if found is not None else AGENT_HEARTBEAT

    def _gone(self, tx: Tx, generation: Generation) -> list[AgentRow]:
        rows = (row for tenant in generation.tenants for row in tx.agents.all(tenant.name))
        return [row for row in rows if self._after(row).state is not row.standing.state]

    def _after(self, row: AgentRow) -> Standing:
        return seen(row.standing, self._presence.sight(row.tenant, row.name), self._of(row.tenant))

    def _judge(self, tx: Tx, suspect: AgentRow) -> bool:
        row = tx.agents.get(suspect.tenant, suspect.name)
        if row is None:
            return False
        after = self._states.judge(tx, row, self._presence.sight(row.tenant, row.name), self._of(row.tenant))
        return after.state is not row.state
