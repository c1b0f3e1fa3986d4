"""Builds what moves sessions when nobody writes: queues, timers, replies on their way out; and what only looks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from postroom.dispatch.agents import AgentStates
from postroom.dispatch.presence import Presence, PresenceLoop
from postroom.dispatch.queues import QueueLoop
from postroom.engine.board import ShownGateway, StatusBoard
from postroom.engine.deliver import Delivery, Sending
from postroom.engine.gauges import Gauges
from postroom.engine.housekeeping import Housekeeping
from postroom.engine.relay import Relay
from postroom.engine.supervisor import Loop
from postroom.engine.switches import Switches
from postroom.engine.tally import Tally
from postroom.engine.timers import TimerLoop
from postroom.observability.loop_lag import sample_loop_lag
from postroom.session.effects import SendReply
from postroom.settings.schema import SmtpGateway
from postroom.wiring.parts import Parts, gateways


def session_loops(parts: Parts, sending: dict[tuple[str, str], Sending], presence: Presence) -> list[Loop]:
    """What happens to sessions when nobody writes: offers, timers, replies on their way out, agents who are gone."""
    queues = QueueLoop(parts.store, parts.step, parts.clock, parts.ids, parts.current)
    timers = TimerLoop(parts.store, parts.step, parts.clock, parts.failpoint, parts.metrics.timer_fired)
    delivery = Delivery(
        parts.store,
        parts.step,
        parts.clock,
        parts.ids,
        parts.blobs,
        parts.offload,
        lambda tenant, gateway: sending.get((tenant, gateway)),
        parts.failpoint,
    )
    relay = Relay(parts.store, parts.clock, parts.ids, {SendReply: delivery.perform})
    states = AgentStates(parts.step, parts.clock)
    gone = PresenceLoop(parts.store, states, parts.clock, presence, parts.current)
    return [
        Loop(name="presence", run=lambda _: gone.run()),
        Loop(name="queues", run=lambda _: queues.run()),
        Loop(name="timers", run=lambda _: timers.run()),
        Loop(name="relay", run=relay.run, drains=True),
    ]


def sending_gateways(parts: Parts, board: StatusBoard, switches: Switches) -> Iterator[tuple[tuple[str, str], Sending]]:
    """Every sending gateway by (tenant, name), its faults shown on the board."""
    for tenant, settings in gateways(parts.generation, SmtpGateway):
        gateway = parts.builder.sending(tenant, settings)
        shown = ShownGateway(gateway, board, tenant.name, settings.name, switches.of(tenant.name, settings.name))
        yield (tenant.name, settings.name), Sending(gateway=shown, give_up_after=settings.give_up_after)


def watching_loops(parts: Parts) -> list[Loop]:
    """What only looks."""
    gauges = Gauges(parts.store, parts.metrics, parts.clock, parts.current)
    tally = Tally(parts.store, parts.metrics, lambda: tuple(tenant.name for tenant in parts.generation.tenants))
    lag = partial(sample_loop_lag, parts.clock.monotonic, parts.clock.sleep, parts.metrics.event_loop_lag)
    return [
        Loop(name="housekeeping", run=lambda _: Housekeeping(parts.store, parts.clock).run()),
        Loop(name="gauges", run=lambda _: gauges.run()),
        Loop(name="tally", run=lambda _: tally.run()),
        Loop(name="loop lag", run=lambda _: lag()),
    ]
