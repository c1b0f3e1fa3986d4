"""The whole service on one configuration, from opening its store to closing it."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from postroom import __version__
from postroom.api.operator.server import OperatorServer
from postroom.api.server import HttpServer
from postroom.dispatch.presence import Presence
from postroom.dispatch.robots.roster import Robots
from postroom.engine.board import StatusBoard
from postroom.engine.feed_cache import FeedCache
from postroom.engine.feed_source import FeedSource
from postroom.engine.feeds import Feeds
from postroom.engine.operate import GatewayOperations
from postroom.engine.pauses import Pauses
from postroom.engine.probe import Probes
from postroom.engine.readers import Readers
from postroom.engine.reload import LANE
from postroom.engine.set_clock import clock_from
from postroom.engine.step import SessionStep
from postroom.engine.supervisor import Loop, Supervisor
from postroom.engine.switches import Switches
from postroom.engine.uploads import Uploading
from postroom.engine.watch import Watch
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload, failpoint_from, spare_the_collector
from postroom.gateways.build import Builder
from postroom.gateways.trial import try_gateway, try_gateways
from postroom.observability.metrics import Metrics
from postroom.observability.ops import OpsServer, parse_listen
from postroom.ports.gateways import GatewayStatus
from postroom.ports.pauses import Paused
from postroom.ports.store import Topic
from postroom.settings.folder import ConfigurationFolder
from postroom.settings.schema import Generation
from postroom.settings.stored import load_stored
from postroom.settings.stored_folder import StoredFolder
from postroom.store.blobs import FileBlobs
from postroom.store.kept import FileKeeper
from postroom.store.keys import key_ring
from postroom.store.sqlite import SqliteStore
from postroom.store.upload_files import UploadFolder
from postroom.wiring.broker import mqtt_door, mqtt_loop, try_broker
from postroom.wiring.configuration import documents
from postroom.wiring.doors import http_door, operator_door, operator_parts, ops_door
from postroom.wiring.expiries import expiry_loop
from postroom.wiring.exports import exports_loop
from postroom.wiring.gateways import InUse, Shown, Works, build_gateways
from postroom.wiring.in_force import InForce
from postroom.wiring.intake import Collectors, space_watch
from postroom.wiring.outgoing import automatic_mailer
from postroom.wiring.parts import Parts
from postroom.wiring.reload import Following, Reloading
from postroom.wiring.sessions import session_loops, watching_loops

log = structlog.get_logger(__name__)

THREADS = {"readers": 4, "blobs": 2, "parse": 2, "attachments": 2, "uploads": 2}


class Runtime:
    """The whole service on one configuration; `started` is set when its doors are open and its loops run."""

    def __init__(self, generation: Generation, told: Callable[[Generation], None] = lambda _: None) -> None:
        """`told` hears of every later generation that comes in force, on another thread."""
        # Looked at before anything else, so that what changes from here on is noticed.
        self._read = ConfigurationFolder(Path(generation.folder), generation.tenants)
        self._told = told
        self._generation = generation
        self._folder = Path(generation.folder, generation.process.store.folder)
        self._clock = clock_from(os.environ)
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
                files = await self._settings(store, offload)
                await self._serve(await self._parts(store, offload), files, stopping)
            finally:
                await store.close()
        finally:
            offload.close()

    async def _parts(self, store: SqliteStore, offload: ThreadOffload) -> Parts:
        blobs = FileBlobs(self._folder, self._failpoint)
        await offload.run("blobs", blobs.prepare)
        keeper = FileKeeper(self._folder, offload)
        ring = await offload.run("blobs", key_ring, self._folder, self._ids.secret)
        in_force = InForce(self._generation, self._clock)
        feeds = self._feeds(offload, in_force)
        await feeds.prepare()
        in_force.follow(feeds)
        pauses = Pauses(keeper, self._clock, lambda: in_force.generation)
        await pauses.load()
        mailer = automatic_mailer(in_force, ring, pauses.is_paused, self._failpoint)
        return Parts(
            in_force=in_force,
            clock=self._clock,
            ids=self._ids,
            failpoint=self._failpoint,
            metrics=self._metrics,
            offload=offload,
            store=store,
            blobs=blobs,
            uploads=Uploading(
                store,
                UploadFolder(self._folder),
                space_watch(self._folder, offload),
                offload,
                self._clock,
                self._ids,
                self._failpoint,
            ),
            readers=Readers(blobs, offload),
            ring=ring,
            step=SessionStep(self._clock, self._ids, in_force.policy, mailer),
            builder=Builder(Path(self._generation.folder), self._clock, self._failpoint, keeper),
            keeper=keeper,
            feeds=feeds,
            pauses=pauses,
        )

    async def _settings(self, store: SqliteStore, offload: ThreadOffload) -> ConfigurationFolder | StoredFolder:
        """What the settings in force are read from; those of the store are read now, for nobody changes them any more.

        Raises ConfigurationError.
        """
        folder, process = Path(self._generation.folder), self._generation.process
        if not process.settings.is_store:
            return self._read
        kept = await store.read(lambda tx: documents(tx.settings.newest()))
        loaded = await offload.run(LANE, load_stored, folder, kept)
        self._generation = loaded.require()
        return await offload.run(LANE, StoredFolder, folder, process, kept, loaded.files)

    def _feeds(self, offload: ThreadOffload, in_force: InForce) -> Feeds:
        source = FeedSource(offload, ssl.create_default_context())
        cache = FeedCache(self._folder)
        return Feeds(lambda: in_force.generation, source, cache, self._metrics, self._clock, offload)

    async def _serve(self, parts: Parts, files: ConfigurationFolder | StoredFolder, stopping: asyncio.Event) -> None:
        board = StatusBoard(Watch(parts.metrics), parts.clock)
        switches = await _switches(parts)
        works = Works(parts.builder, parts.ring, Shown(board, switches), parts.folder)
        in_use = InUse(await parts.offload.run("settings", build_gateways, self._generation, works))
        probes = Probes(lambda: in_use.sending, board, parts.clock)
        operations = GatewayOperations(switches, probes, board, parts.clock, partial(try_out, parts))
        presence = Presence(parts.clock)
        mqtt = mqtt_door(parts)
        robots = Robots(parts.clock, parts.ids, parts.offload, parts.metrics, parts.current, lines=mqtt)
        supervisor = Supervisor(parts.clock, self._generation.process.drain_within)
        collectors = Collectors(parts, board, in_use, switches)
        following = Following(parts, in_use, probes, files.read_as, self._told)
        reloading = Reloading(parts, works, in_use, collectors, supervisor, following)
        desk = reloading.desk(files)
        shared = operator_parts(parts, board, in_use, operations, desk)
        (http, inward), ops = http_door(parts, presence, shared, desk), ops_door(parts, stopping)
        operator = operator_door(parts, shared)
        self._bind(http, ops, operator)
        loops = [
            *collectors.loops(),
            Loop(name="switches", run=switches.run, drains=True),
            *session_loops(parts, in_use, board, presence, robots),
            expiry_loop(parts),
            exports_loop(parts),
            reloading.loop(files, desk),
            Loop(name="settings in force", run=lambda _: following.run()),
            mqtt_loop(parts, mqtt, inward, board),
            Loop(name="probes", run=lambda _: probes.run()),
            Loop(name="calendars", run=lambda _: parts.feeds.run()),
            *_door_loops(http, operator, ops),
            *watching_loops(parts),
        ]
        self._begin()
        try:
            await supervisor.run(loops, stopping)
        finally:
            await robots.close()
            await in_use.close()
            log.info("stopped")

    def _begin(self) -> None:
        """Say that it goes on from here."""
        spare_the_collector()
        self.started.set()
        log.info("started", http=self.http_url, ops=self.ops_url, folder=str(self._folder))

    def _bind(self, http: HttpServer, ops: OpsServer, operator: OperatorServer) -> None:
        """Take the doors' ports and the operator's socket, and note where they are."""
        http.bind()
        self.http_url = f"http://{_host(self._generation.process.http.listen)}:{http.port}"
        self.ops_url = "http://{}:{}".format(*ops.bind())
        operator.bind()


def _door_loops(http: HttpServer, operator: OperatorServer, ops: OpsServer) -> tuple[Loop, ...]:
    return (
        Loop(name="http", run=partial(_until_stopped, http), drains=True),
        Loop(name="operator", run=partial(_until_stopped, operator), drains=True),
        Loop(name="ops", run=lambda _: ops.serve()),
    )


async def connect(generation: Generation) -> list[tuple[str, str, str, str]]:
    """Sign in to every gateway and the broker once: (name, kind, status, words), the words empty where it succeeded."""
    offload, clock = ThreadOffload({}), SystemClock()
    try:
        keeper = FileKeeper(Path(generation.folder, generation.process.store.folder), offload)
        builder = Builder(Path(generation.folder), clock, failpoint_from({}), keeper)
        return [*await try_gateways(generation, builder), *await try_broker(generation)]
    finally:
        offload.close()


async def try_out(parts: Parts, tenant_name: str, gateway_name: str) -> tuple[GatewayStatus, str]:
    """Sign in to one gateway of the settings in force, and say how it went."""
    tenant = parts.current().tenant(tenant_name)
    gateway = tenant.gateway(gateway_name) if tenant else None
    if tenant is None or gateway is None:
        return GatewayStatus.DISCONNECTED, "it is not configured any more"
    return await try_gateway(tenant, gateway, parts.builder)


async def _switches(parts: Parts) -> Switches:
    switches = Switches(parts.keeper)
    await switches.load()
    parts.pauses.tell(partial(_goes_on, parts, switches))
    return switches


async def _goes_on(parts: Parts, switches: Switches, what: Paused, tenant: str) -> None:
    """Call those who were held back."""
    if what is Paused.INTAKE:
        switches.ring(tenant)
    elif what is Paused.SENDING:
        await parts.store.write(lambda tx: tx.wake(Topic.OUTBOX))


async def _until_stopped(server: HttpServer, stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        await stopping.wait()
        server.stop()


def _host(listen: str) -> str:
    host, _ = parse_listen(listen, "http.listen")
    return host
