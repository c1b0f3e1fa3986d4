"""Figures over a span of time: mails, answers, first responses, service levels, transfers, work, and what waits now.

The store is read a piece of the span at a time, so that nobody else waits long for a reader, and put together on a
thread of its own. A supervisor sees what he oversees, an agent what he did himself.
"""

from __future__ import annotations

from litestar import get

from postroom.api.access import tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.figures import Figures, Shown
from postroom.api.parts import Parts
from postroom.api.sight import sight_of
from postroom.api.spans import Since, Until, figures_of, span_of
from postroom.settings.schema import Tenant


@get("/statistics", summary="Figures of channels, queues and agents over a span of time")
async def read_statistics(parts: Parts, caller: SignedIn, since: Since = None, until: Until = None) -> Figures:
    """Give the figures of at most 92 days that the caller may see, and what waits now."""
    tenant = tenant_of(parts.current(), caller)
    span = span_of(since, until, parts.clock.now())
    return await figures_of(parts.store, parts.offload, tenant, span, shown_to(tenant, caller))


def shown_to(tenant: Tenant, caller: Caller) -> Shown:
    """What the caller may see: what he oversees, or his own work and nothing else."""
    sight = sight_of(tenant, caller)
    if sight is None:
        own = caller.account
        return Shown(channel=_no, queue=_no, agent=lambda name: name == own, group=lambda one: one.agent == own)
    overseen = {one.account for one in tenant.agents if sight.has_agent(one)}
    return Shown(
        channel=sight.has_channel,
        queue=sight.has_queue,
        agent=overseen.__contains__,
        group=lambda one: sight.has_channel(one.channel) or (bool(one.queue) and sight.has_queue(one.queue)),
    )


def _no(_: str) -> bool:
    return False


ROUTES = (read_statistics,)
