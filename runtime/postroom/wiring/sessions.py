"""Builds what moves sessions when nobody writes: queues, timers, replies on their way out; and what only looks."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from postroom.dispatch.agents import AgentStates
from postroom.dispatch.asking import Asking
from postroom.dispatch.presence import Presence, PresenceLoop
from postroom.dispatch.queues import QueueLoop
from postroom.dispatch.robots.roster import Robots
from postroom.engine.anew import Anew
from postroom.engine.automatic_delivery import AutomaticDelivery
from postroom.engine.board import StatusBoard
from postroom.engine.deliver import Delivery
from postroom.engine.gauges import Gauges
from postroom.engine.hours import HoursLoop
from postroom.engine.housekeeping import Housekeeping
from postroom.engine.late import LateReplies
from postroom.engine.readers import StoredMailReader
from postroom.engine.relay import Performer, Relay
from postroom.engine.rendered import Rendered
from postroom.engine.supervisor import Loop
from postroom.engine.tally import Tally
from postroom.engine.timers import TimerLoop
from postroom.observability.loop_lag import sample_loop_lag
from postroom.ports.records import Reply
from postroom.session.effects import AskRobot, Effect, SendReply
from postroom.settings.channel_rules import OfflineMessages
from postroom.wiring.gateways import InUse
from postroom.wiring.parts import Parts


def session_loops(parts: Parts, in_use: InUse, board: StatusBoard, presence: Presence, robots: Robots) -> list[Loop]:
    """What happens to sessions when nobody writes: offers, timers, hours, replies on their way, agents who are gone."""
    queues = QueueLoop(parts.store, parts.step, parts.clock, parts.ids, parts.current)
    listed_since = partial(_listed_since, parts, board)
    timers = TimerLoop(parts.store, parts.step, parts.clock, parts.failpoint, parts.metrics.timer_fired, listed_since)
    hours = HoursLoop(parts.store, parts.step, parts.clock, partial(_opening_rate, parts), parts.failpoint)
    reader = StoredMailReader(parts.store, parts.blobs, parts.readers, parts.offload)
    asking = Asking(parts.store, parts.step, reader, robots, parts.clock, parts.failpoint)
    performers: dict[type[Effect], Performer] = {SendReply: _delivery(parts, in_use).perform, AskRobot: asking.perform}
    relay = Relay(parts.store, parts.clock, parts.ids, performers, parts.pauses.held)
    anew = Anew(parts.store, parts.step)
    late = LateReplies(parts.store, parts.step, parts.clock, lambda: in_use.sending, parts.metrics)
    gone = PresenceLoop(parts.store, AgentStates(parts.step, parts.clock), parts.clock, presence, parts.current)
    return [
        Loop(name="presence", run=lambda _: gone.run()),
        Loop(name="queues", run=lambda _: queues.run()),
        Loop(name="timers", run=lambda _: timers.run(anew.agents_time)),
        Loop(name="hours", run=lambda _: hours.run()),
        Loop(name="late replies", run=lambda _: late.run()),
        Loop(name="relay", run=relay.run, drains=True),
    ]


def _delivery(parts: Parts, in_use: InUse) -> Delivery:
    return Delivery(
        parts.store,
        parts.step,
        parts.clock,
        parts.ids,
        Rendered(parts.blobs, parts.offload),
        lambda tenant, gateway: in_use.sending.get((tenant, gateway)),
        AutomaticDelivery(parts.clock, partial(_automatic_ended, parts)),
        parts.failpoint,
        lambda reply, why: parts.metrics.held_back(reply.tenant, reply.gateway, why),
    )


def _listed_since(parts: Parts, board: StatusBoard, tenant: str, channel: str, when: datetime) -> bool:
    """Whether the channel's mailbox was listed to its end since then; a channel that is gone expects no mail."""
    space = parts.generation.tenant(tenant)
    found = space.channel(channel) if space is not None else None
    return found is None or board.listed_since(tenant, found.receiving_gateway, when)


def _opening_rate(parts: Parts, tenant: str, channel: str) -> int:
    space = parts.generation.tenant(tenant)
    found = space.channel(channel) if space is not None else None
    return (found.offline_messages if found is not None else OfflineMessages()).opening_rate


def _automatic_ended(parts: Parts, reply: Reply, outcome: str, reason: str) -> None:
    parts.metrics.automatic_reply(reply.tenant, reply.channel, outcome, reason)


def _tenants(parts: Parts) -> tuple[str, ...]:
    return tuple(tenant.name for tenant in parts.generation.tenants)


def watching_loops(parts: Parts) -> list[Loop]:
    """What only looks."""
    gauges = Gauges(parts.store, parts.metrics, parts.clock, parts.current, parts.pauses)
    tenants = partial(_tenants, parts)
    tally = Tally(parts.store, parts.metrics, tenants, parts.step.policy)
    housekeeping = Housekeeping(
        parts.store, parts.clock, tenants, lambda: parts.current().process.http.audit_kept, [parts.uploads.sweep]
    )
    lag = partial(sample_loop_lag, parts.clock.monotonic, parts.clock.sleep, parts.metrics.event_loop_lag)
    return [
        Loop(name="housekeeping", run=lambda _: housekeeping.run()),
        Loop(name="gauges", run=lambda _: gauges.run()),
        Loop(name="tally", run=lambda _: tally.run()),
        Loop(name="loop lag", run=lambda _: lag()),
    ]
