"""The agents that a supervisor oversees: who could be given a session, and how each stands."""

from __future__ import annotations

from litestar import get
from msgspec import Struct

from postroom.api.access import sight_for, tenant_of
from postroom.api.auth import SignedIn
from postroom.api.parts import Parts
from postroom.api.sight import Sight
from postroom.ports.store import Tx


class OverseenAgent(Struct, frozen=True, kw_only=True):
    """An agent in the supervisor's sight: how he stands, `load` places taken of `capacity`."""

    account: str
    name: str
    state: str
    reason: str
    load: int
    capacity: int


class OverseenAgents(Struct, frozen=True, kw_only=True):
    """The agents in the order of the settings."""

    agents: tuple[OverseenAgent, ...]


@get("/agents", summary="As supervisor, the agents I oversee and how they stand")
async def read_agents(parts: Parts, caller: SignedIn) -> OverseenAgents:
    """Give the agents a session may be assigned to, with their places."""
    sight = sight_for(tenant_of(parts.current(), caller), caller)
    return OverseenAgents(agents=await parts.store.read(lambda tx: _agents(tx, sight)))


def _agents(tx: Tx, sight: Sight) -> tuple[OverseenAgent, ...]:
    rows = {row.name: row for row in tx.agents.all(sight.tenant.name)}
    overseen = [agent for agent in sight.tenant.agents if sight.has_agent(agent) and agent.account in rows]
    return tuple(
        OverseenAgent(
            account=agent.account,
            name=agent.name,
            state=rows[agent.account].state.value,
            reason=rows[agent.account].reason,
            load=rows[agent.account].load,
            capacity=rows[agent.account].capacity,
        )
        for agent in overseen
    )


ROUTES = (read_agents,)
