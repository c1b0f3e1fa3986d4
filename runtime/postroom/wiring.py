"""The one file that knows everybody: it builds the runtime from a generation of settings, and decides nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from postroom import __version__
from postroom.api.app import create_app
from postroom.api.feed import JournalFeed
from postroom.api.operator.app import create_operator_app
from postroom.api.operator.parts import OperatorParts
from postroom.api.operator.server import OperatorServer
from postroom.api.parts import ApiParts
from postroom.api.server import HttpServer
from postroom.dispatch.agents import AgentStates
from postroom.dispatch.presence import Presence, PresenceLoop
from postroom.dispatch.queues import QueueLoop
from postroom.engine.board import ShownGateway, StatusBoard
from postroom.engine.collect import Collector
from postroom.engine.collecting import Collecting
from postroom.engine.collecting_queue import Budget
from postroom.engine.collecting_session import Shared
from postroom.engine.deliver import Delivery, Sending
from postroom.engine.gauges import Gauges
from postroom.engine.housekeeping import Housekeeping
from postroom.engine.intake import Intake
from postroom.engine.probe import Probes
from postroom.engine.quarantine import Quarantine
from postroom.engine.readers import Readers, StoredMailReader
from postroom.engine.relay import Relay
from postroom.engine.replies import Desk, SendingRules
from postroom.engine.settle import Settler
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.step import SessionStep
from postroom.engine.supervisor import Loop, Supervisor
from postroom.engine.tally import Tally
from postroom.engine.timers import TimerLoop
from postroom.engine.verdict import IntakeRules
from postroom.engine.watch import Watch
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload, failpoint_from
from postroom.errors import ConfigurationError
from postroom.gateways import build
from postroom.gateways.trial import try_gateways
from postroom.mail.message import Address
from postroom.mail.tokens import KeyRing
from postroom.observability.health import Health
from postroom.observability.loop_lag import sample_loop_lag
from postroom.observability.metrics import Metrics
from postroom.observability.ops import OpsServer, parse_listen
from postroom.ports.records import Receipt
from postroom.ports.world import Failpoint
from postroom.session.effects import SendReply
from postroom.settings import compile as compiled
from postroom.settings.schema import Generation, Pop3Gateway, SmtpGateway, Tenant
from postroom.store.blobs import FileBlobs
from postroom.store.keys import key_ring
from postroom.store.space import free_space, room_for
from postroom.store.sqlite import SqliteStore

log = structlog.get_logger(__name__)

THREADS = {"readers": 4, "blobs": 2, "parse": 2}
G = TypeVar("G", Pop3Gateway, SmtpGateway)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What more than one loop is built from."""

    generation: Generation
    clock: SystemClock
    ids: SystemIds
    failpoint: Failpoint
    metrics: Metrics
    offload: ThreadOffload
    store: SqliteStore
    blobs: FileBlobs
    readers: Readers
    ring: KeyRing
    step: SessionStep

    @property
    def folder(self) -> Path:
        """The configuration's folder."""
        return Path(self.generation.folder)

    @property
    def store_folder(self) -> Path:
        """Where the store and the mails lie."""
        return Path(self.generation.folder, self.generation.process.store.folder)

    def current(self) -> Generation:
        """The settings in force."""
        return self.generation


class Runtime:
    """The whole service on one configuration; `started` is set when its doors are open and its loops run."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._folder = Path(generation.folder, generation.process.store.folder)
        self._clock = SystemClock()
        self._ids = SystemIds(self._clock)
        self._failpoint = failpoint_from(os.environ)
        self._metrics = Metrics(__version__)
        self.started = asyncio.Event()
        self.http_url = ""
        self.ops_url = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set, then drain. Raises ConfigurationError where it cannot start."""
        offload = ThreadOffload(THREADS)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            committed = self._metrics.store_committed
            store = await SqliteStore.open(self._folder, self._clock, offload, committed, self._failpoint)
            try:
                await self._serve(await self._parts(store, offload), stopping)
            finally:
                await store.close()
        finally:
            offload.close()

    async def _parts(self, store: SqliteStore, offload: ThreadOffload) -> Parts:
        blobs = FileBlobs(self._folder, self._failpoint)
        await offload.run("blobs", blobs.prepare)
        return Parts(
            generation=self._generation,
            clock=self._clock,
            ids=self._ids,
            failpoint=self._failpoint,
            metrics=self._metrics,
            offload=offload,
            store=store,
            blobs=blobs,
            readers=Readers(blobs, offload),
            ring=await offload.run("blobs", key_ring, self._folder, self._ids.secret),
            step=SessionStep(self._clock, self._ids, partial(compiled.policy, self._generation)),
        )

    async def _serve(self, parts: Parts, stopping: asyncio.Event) -> None:
        board = StatusBoard(Watch(parts.metrics), parts.clock)
        sending = dict(sending_gateways(parts, board))
        presence = Presence(parts.clock)
        http, ops, operator = http_door(parts, presence), ops_door(parts, stopping), operator_door(parts, board)
        http.bind()
        self.http_url = f"http://{_host(self._generation.process.http.listen)}:{http.port}"
        self.ops_url = "http://{}:{}".format(*ops.bind())
        operator.bind()
        probes = Probes(sending, board, parts.clock)
        loops = [
            *intake_loops(parts, board),
            *session_loops(parts, sending, presence),
            Loop(name="probes", run=lambda _: probes.run()),
            Loop(name="http", run=partial(_until_stopped, http), drains=True),
            Loop(name="operator", run=partial(_until_stopped, operator), drains=True),
            Loop(name="ops", run=lambda _: ops.serve()),
            *watching_loops(parts),
        ]
        self.started.set()
        log.info("started", http=self.http_url, ops=self.ops_url, folder=str(self._folder))
        try:
            await Supervisor(parts.clock, self._generation.process.drain_within).run(loops, stopping)
        finally:
            for one in sending.values():
                await one.gateway.close()
            log.info("stopped")


def intake_loops(parts: Parts, board: StatusBoard) -> list[Loop]:
    """What finishes the work of a process that was killed, and a loop for each receiving gateway."""
    settler = Settler(parts.step, parts.clock, parts.ids, parts.failpoint)
    intake = Intake(
        parts.store,
        parts.blobs,
        parts.offload,
        parts.readers,
        settler,
        parts.clock,
        parts.ids,
        parts.failpoint,
        board.settled,
    )
    collecting = [_collecting(parts, tenant, gateway) for tenant, gateway in gateways(parts.generation, Pop3Gateway)]
    rules = {one.rules.gateway_key: one.rules for one in collecting}
    shared = Shared(
        intake=intake,
        store=parts.store,
        spooler=parts.blobs,
        budget=Budget(),
        space=SpaceWatch(partial(_has_room, parts.store_folder), parts.offload),
        clock=parts.clock,
        jitter=parts.ids.chance,
    )
    # Beside the collectors, not before them: what a dead process left may take a child process each to read.
    rules_of = partial(_rules_of, rules)
    difficult = Loop(name="difficult mails", run=lambda _: intake.difficult.run(rules_of))
    return [difficult, *(_collector(one, shared, board) for one in collecting)]


def _rules_of(rules: dict[str, IntakeRules], receipt: Receipt) -> IntakeRules | None:
    return rules.get(receipt.gateway)


def _rules(parts: Parts, tenant: Tenant, gateway: Pop3Gateway) -> IntakeRules:
    return IntakeRules(
        tenant=tenant.name,
        gateway=gateway.name,
        identity=compiled.identity(tenant, gateway),
        routes=compiled.routes(tenant),
        automatic_mail=compiled.automatic_mail(tenant),
        ring=parts.ring,
    )


def _collecting(parts: Parts, tenant: Tenant, gateway: Pop3Gateway) -> Collecting:
    return Collecting(
        gateway=build.receiving(gateway, parts.folder, parts.failpoint),
        rules=_rules(parts, tenant, gateway),
        poll_every=gateway.poll_every,
        batch=gateway.batch,
        largest=gateway.max_message_size,
        leave_on_server=gateway.leave_on_server,
        leave_for=timedelta(days=gateway.leave_days) if gateway.leave_days is not None else None,
    )


def _collector(collecting: Collecting, shared: Shared, board: StatusBoard) -> Loop:
    collector = Collector(lambda: collecting, shared, board)
    return Loop(name=f"collect {collecting.rules.gateway_key}", run=collector.run, drains=True)


def _has_room(folder: Path, largest: int) -> bool:
    return room_for(free_space(folder), largest)


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


def sending_gateways(parts: Parts, board: StatusBoard) -> Iterator[tuple[tuple[str, str], Sending]]:
    """Every sending gateway by (tenant, name), its faults shown on the board."""
    for tenant, settings in gateways(parts.generation, SmtpGateway):
        gateway = build.sending(settings, parts.folder, parts.clock, parts.failpoint)
        shown = ShownGateway(gateway, board, tenant.name, settings.name)
        yield (tenant.name, settings.name), Sending(gateway=shown, give_up_after=settings.give_up_after)


def http_door(parts: Parts, presence: Presence) -> HttpServer:
    """The agents' door."""
    reader = StoredMailReader(parts.store, parts.blobs, parts.readers, parts.offload)
    desk = Desk(
        parts.store,
        parts.step,
        reader,
        parts.blobs,
        parts.offload,
        parts.clock,
        parts.ids,
        partial(sending_rules, parts),
        parts.failpoint,
    )
    feed = JournalFeed(parts.store)
    app = create_app(
        ApiParts(
            store=parts.store,
            step=parts.step,
            desk=desk,
            reader=reader,
            ids=parts.ids,
            clock=parts.clock,
            offload=parts.offload,
            current=parts.current,
            presence=presence,
            states=AgentStates(parts.step, parts.clock),
            feed=feed,
        )
    )
    host, port = parse_listen(parts.generation.process.http.listen, "http.listen")
    return HttpServer(app, host, port, before_stop=feed.close)


def operator_door(parts: Parts, board: StatusBoard) -> OperatorServer:
    """The operator's door, on a socket in the store's folder."""
    store, blobs, offload, readers, clock = parts.store, parts.blobs, parts.offload, parts.readers, parts.clock
    settler = Settler(parts.step, clock, parts.ids, parts.failpoint)
    every = (_rules(parts, *pair) for pair in gateways(parts.generation, Pop3Gateway))
    rules = {one.gateway_key: one for one in every}
    quarantine = Quarantine(store, blobs, offload, readers, settler, clock, rules.get)
    reader, current = StoredMailReader(store, blobs, readers, offload), parts.current
    operator = OperatorParts(
        store=store, reader=reader, offload=offload, quarantine=quarantine, board=board, current=current
    )
    return OperatorServer(create_operator_app(operator), parts.store_folder)


def ops_door(parts: Parts, stopping: asyncio.Event) -> OpsServer:
    """Metrics and health; ready means that the store takes writes and nobody asked us to stop."""

    async def store_takes_writes() -> str | None:
        await parts.store.write(lambda tx: None)  # noqa: ARG005 an empty unit still needs the writer and its file
        return None

    async def is_not_stopping() -> str | None:
        return "the service is stopping" if stopping.is_set() else None

    health = Health(ready={"store": store_takes_writes, "running": is_not_stopping})
    return OpsServer(parts.generation.process.ops.listen, parts.metrics, health)


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


def sending_rules(parts: Parts, tenant_name: str, channel_name: str) -> SendingRules:
    """A channel's way out, from the settings in force. Raises ConfigurationError where it has none any more."""
    tenant = parts.generation.tenant(tenant_name)
    channel = tenant.channel(channel_name) if tenant else None
    gateway = tenant.gateway(channel.sending_gateway) if tenant and channel else None
    if tenant is None or channel is None or not isinstance(gateway, SmtpGateway):
        raise ConfigurationError(f"channel {channel_name} of {tenant_name} has no sending gateway any more")
    own = {gateway.from_address, *(address for one in tenant.channels for address in one.addresses)}
    return SendingRules(
        gateway=gateway.name,
        from_=Address(addr=gateway.from_address, name=gateway.from_name),
        envelope_from=gateway.bounce_address or gateway.from_address,
        domain=gateway.reply_domain or gateway.from_address.rpartition("@")[2],
        caps=compiled.caps(tenant, channel),
        own_addresses=frozenset(own),
        max_size=gateway.max_send_size,
        ring=parts.ring,
    )


async def connect(generation: Generation) -> list[tuple[str, str, str, str]]:
    """Sign in to every gateway once: (gateway, kind, status, words), the words empty where it succeeded."""
    return await try_gateways(generation, SystemClock(), failpoint_from({}))


def gateways(generation: Generation, kind: type[G]) -> Iterator[tuple[Tenant, G]]:
    """Every gateway of that kind with its tenant."""
    for tenant in generation.tenants:
        for gateway in tenant.gateways:
            if isinstance(gateway, kind):
                yield tenant, gateway


async def _until_stopped(server: HttpServer, stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        await stopping.wait()
        server.stop()


def _host(listen: str) -> str:
    host, _ = parse_listen(listen, "http.listen")
    return host
