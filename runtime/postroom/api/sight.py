"""What somebody oversees: his organisational unit and all below it, or everything where he belongs to none.

Who is given queues by name oversees those alone, and the channels that lead to them.
"""

from __future__ import annotations

from msgspec import Struct

from postroom.api.auth import Caller
from postroom.ports.people import Role
from postroom.session.state import Session
from postroom.settings.schema import Agent, Tenant

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.ROBOT})
"""A robot sees what a supervisor of its scope sees; the routes it may ask are all readings."""


class Sight(Struct, frozen=True, kw_only=True):
    """The units overseen; None is the whole tenant, also what belongs to no unit."""

    tenant: Tenant
    units: frozenset[str] | None = None
    queues: frozenset[str] | None = None

    def has_channel(self, name: str) -> bool:
        """Whether the channel is overseen."""
        channel = self.tenant.channel(name)
        if self.queues is not None:
            return channel is not None and self.has_queue(channel.skill_queue)
        return self._has(channel.ou if channel is not None else None)

    def has_queue(self, name: str) -> bool:
        """Whether the queue is overseen."""
        queue = self.tenant.queue(name)
        if self.queues is not None and name not in self.queues:
            return False
        return self._has(queue.ou if queue is not None else None)

    def has_agent(self, agent: Agent) -> bool:
        """Whether the agent is overseen."""
        return self._has(agent.ou)

    def has_session(self, session: Session) -> bool:
        """Whether the session is overseen: by its channel, or by the queue it is in."""
        return self.has_channel(session.channel) or self.has_queue(session.queue)

    def _has(self, unit: str | None) -> bool:
        return self.units is None or (unit is not None and unit in self.units)


def sight_of(tenant: Tenant, caller: Caller) -> Sight | None:
    """What the caller oversees; None where he oversees nothing."""
    if caller.role not in OVERSEERS:
        return None
    unit, queues = caller.reach.ou, caller.reach.queues
    units = None if unit is None else _and_below(tenant, unit)
    return Sight(tenant=tenant, units=units, queues=frozenset(queues) if queues else None)


def _and_below(tenant: Tenant, unit: str) -> frozenset[str]:
    """The unit and all below it; settings have checked that units are a tree."""
    found = {unit}
    for _ in tenant.ous:
        found |= {one.name for one in tenant.ous if one.parent in found}
    return frozenset(found)
