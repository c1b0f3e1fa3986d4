"""Shows what is in the store now, for Prometheus: every configured channel and queue, also those at nought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from postroom.observability.metrics import Metrics
from postroom.ports.pauses import Paused, Pauses
from postroom.ports.records import Counts
from postroom.ports.store import Store
from postroom.ports.world import Clock
from postroom.routing.agents import AgentState
from postroom.session.state import Phase
from postroom.settings.schema import Generation, Tenant

SHOW_EVERY = 5.0


class Gauges:
    """Reads the counts every SHOW_EVERY seconds."""

    def __init__(
        self, store: Store, metrics: Metrics, clock: Clock, current: Callable[[], Generation], pauses: Pauses
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._current = current
        self._pauses = pauses

    async def run(self) -> None:
        """Show until cancelled."""
        while True:
            counts = await self._store.read(lambda tx: tx.counts())
            show(self._metrics, counts, self._current(), self._clock.now())
            show_paused(self._metrics, self._pauses, self._current())
            await self._clock.sleep(SHOW_EVERY)


def show(metrics: Metrics, counts: Counts, generation: Generation, now: datetime) -> None:
    """Set every gauge that stands for something stored."""
    metrics.config_generation(generation.number)
    for tenant in generation.tenants:
        _show_tenant(metrics, counts, tenant, now)
    oldest = counts.outbox_oldest_at
    metrics.outbox(counts.outbox_pending, (now - oldest).total_seconds() if oldest else 0.0)
    metrics.timers_pending(counts.timers_pending)


def show_paused(metrics: Metrics, pauses: Pauses, generation: Generation) -> None:
    """Set the gauge of every tenant and everything that can be held back."""
    for tenant in generation.tenants:
        for what in Paused:
            metrics.paused(tenant.name, what.value, is_paused=pauses.is_paused(what, tenant.name))


def _show_tenant(metrics: Metrics, counts: Counts, tenant: Tenant, now: datetime) -> None:
    phases = {(channel, phase): n for space, channel, phase, n in counts.phases if space == tenant.name}
    for channel in tenant.channels:
        of_channel = {phase: phases.get((channel.name, phase.value), 0) for phase in Phase}
        metrics.sessions(tenant.name, channel.name, of_channel)
    waiting = {queue.queue: queue for queue in counts.queues if queue.tenant == tenant.name}
    for queue in tenant.queues:
        length = waiting.get(queue.name)
        oldest = (now - length.oldest_at).total_seconds() if length and length.oldest_at else 0.0
        metrics.queue(tenant.name, queue.name, length.waiting if length else 0, oldest)
        metrics.service_level_target(tenant.name, queue.name, queue.service_level.target)
    metrics.agents(tenant.name, {AgentState(state): n for space, state, n in counts.agents if space == tenant.name})
    metrics.quarantine(tenant.name, sum(n for space, _, n in counts.quarantined if space == tenant.name))
