"""What a supervisor oversees: his organisational unit and all below it, or everything where he belongs to none."""

from __future__ import annotations

from msgspec import Struct

from postroom.session.state import Session
from postroom.settings.schema import Agent, Tenant

SUPERVISOR = "supervisor"


class Sight(Struct, frozen=True, kw_only=True):
    """The units overseen; None is the whole tenant, also what belongs to no unit."""

    tenant: Tenant
    units: frozenset[str] | None = None

    def has_channel(self, name: str) -> bool:
        """Whether the channel is overseen."""
        channel = self.tenant.channel(name)
        return self._has(channel.ou if channel is not None else None)

    def has_queue(self, name: str) -> bool:
        """Whether the queue is overseen."""
        queue = self.tenant.queue(name)
        return self._has(queue.ou if queue is not None else None)

    def has_agent(self, agent: Agent) -> bool:
        """Whether the agent is overseen."""
        return self._has(agent.ou)

    def has_session(self, session: Session) -> bool:
        """Whether the session is overseen: by its channel, or by the queue it is in."""
        return self.has_channel(session.channel) or self.has_queue(session.queue)

    def _has(self, unit: str | None) -> bool:
        return self.units is None or (unit is not None and unit in self.units)


def sight_of(tenant: Tenant, account: str) -> Sight | None:
    """What that account oversees; None where it is no supervisor's."""
    agent = tenant.agent(account)
    if agent is None or agent.role != SUPERVISOR:
        return None
    return Sight(tenant=tenant, units=None if agent.ou is None else _and_below(tenant, agent.ou))


def _and_below(tenant: Tenant, unit: str) -> frozenset[str]:
    """The unit and all below it; settings have checked that units are a tree."""
    found = {unit}
    for _ in tenant.ous:
        found |= {one.name for one in tenant.ous if one.parent in found}
    return frozenset(found)
