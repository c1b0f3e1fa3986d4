"""What becomes of an agent's state in the store, and of the offers held out to him when he leaves.

The decisions are routing/agents.py's; whether an agent is seen is presence.py's. Everything here is a unit of work.
"""

from __future__ import annotations

from postroom.errors import PermanentError
from postroom.ports.records import AgentRow
from postroom.ports.step import Step
from postroom.ports.store import Topic, Tx
from postroom.ports.world import Clock
from postroom.routing.agents import AGENT_HEARTBEAT, AgentState, Sight, Standing, asked, loses_offers, seen
from postroom.session.events import AgentLeft, AgentReturned
from postroom.session.state import Phase
from postroom.settings.compile import capacity
from postroom.settings.schema import Generation

_TOLD_WHO_TAKES_NOTHING = frozenset({Phase.OFFERED})
_TOLD_WHO_IS_GONE = frozenset({Phase.OFFERED, Phase.ASSIGNED, Phase.WRAP_UP, Phase.QUEUED})


class AgentStates:
    """Sets agents ready, not ready and offline, inside the caller's transaction."""

    def __init__(self, step: Step, clock: Clock) -> None:
        self._step = step
        self._clock = clock

    def ask(self, tx: Tx, tenant: str, agent: str, state: AgentState, reason: str) -> AgentRow:
        """Do what the agent asked for and give his row as it is then. Raises PermanentError where he has none."""
        row = _row(tx, tenant, agent)
        return self._become(tx, row, asked(row.standing, state, reason))

    def judge(self, tx: Tx, row: AgentRow, sight: Sight, heartbeat: float = AGENT_HEARTBEAT) -> AgentRow:
        """Set an agent offline whom nobody has seen for a heartbeat (seconds)."""
        return self._become(tx, row, seen(row.standing, sight, heartbeat))

    def _become(self, tx: Tx, row: AgentRow, after: Standing) -> AgentRow:
        before = row.standing
        if (before.state, before.reason) == (after.state, after.reason):
            return row
        tx.agents.set_state(row.tenant, row.name, after.state, after.reason, self._clock.now())
        self._tell_sessions(tx, row, before, after)
        tx.wake(Topic.QUEUES)
        return _row(tx, row.tenant, row.name)

    def _tell_sessions(self, tx: Tx, row: AgentRow, before: Standing, after: Standing) -> None:
        """Let the sessions know that are held out to him, his, or kept for him."""
        is_gone = after.state is AgentState.OFFLINE
        if is_gone or loses_offers(before, after):
            concerned = _TOLD_WHO_IS_GONE if is_gone else _TOLD_WHO_TAKES_NOTHING
            self._tell(tx, row, concerned, AgentLeft(agent=row.name, is_gone=is_gone))
        if before.state is AgentState.OFFLINE and not is_gone:
            self._tell(tx, row, frozenset({Phase.ASSIGNED}), AgentReturned(agent=row.name))

    def _tell(self, tx: Tx, row: AgentRow, phases: frozenset[Phase], event: AgentLeft | AgentReturned) -> None:
        for session in tx.sessions.held_by(row.tenant, row.name):
            if session.phase in phases:
                self._step(tx, session.id, event)


def ensure_agents(tx: Tx, generation: Generation) -> None:
    """Let every agent of the settings have a row with the capacity in force (agent > OU > tenant)."""
    for tenant in generation.tenants:
        places = [(agent.account, capacity(tenant, agent)) for agent in tenant.agents]
        tx.agents.ensure(tenant.name, places)
    tx.wake(Topic.QUEUES)


def _row(tx: Tx, tenant: str, agent: str) -> AgentRow:
    row = tx.agents.get(tenant, agent)
    if row is None:
        raise PermanentError(f"the agent {agent} of tenant {tenant} is not in the store")
    return row
