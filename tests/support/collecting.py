"""Collectors on a store of their own: the real engine, the real store and the real POP3 gateway, in this process.

Closing the house and opening it on the same folder is a restart. The clock is the test's, and jumps over every wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from postroom.engine.collect import Collector
from postroom.engine.collecting import Collecting
from postroom.engine.collecting_queue import Budget
from postroom.engine.collecting_session import Shared, TakesIn
from postroom.engine.intake import Intake
from postroom.engine.readers import Readers
from postroom.engine.settle import Settler
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.step import SessionStep
from postroom.engine.switches import Switch
from postroom.engine.verdict import IntakeRules
from postroom.engine.world import SystemIds, ThreadOffload, no_failpoint
from postroom.gateways.pop3 import Pop3Gateway, Pop3Options, Security
from postroom.ports.gateways import GatewayStatus, ReceivingGateway
from postroom.ports.world import Failpoint
from postroom.routing.outcome import Outcome
from postroom.session.policy import ALWAYS_OPEN
from postroom.settings import compile as compiled
from postroom.settings import schema
from postroom.settings.load import load
from postroom.settings.policies import Policies
from postroom.settings.schema import Generation
from postroom.store.blobs import FileBlobs
from postroom.store.keys import key_ring
from postroom.store.sqlite import SqliteStore
from tests.support.automatic import NoAutomaticMail
from tests.support.clock import VirtualClock

ONE_GATEWAY = """\
  - kind: pop3
    name: {name}
    host: 127.0.0.1
    security: none
    allow_plaintext: true
    user: {name}@cc.example
    password: file:password
    own_addresses: [support@cc.example]
"""
ONE_CHANNEL = """\
  - name: {name}
    receiving_gateway: {name}
    sending_gateway: outbox
    skill_queue: first_line
"""
TENANT = """\
gateways:
{gateways}  - kind: smtp
    name: outbox
    host: 127.0.0.1
    security: none
    allow_plaintext: true
    auth: none
    from_address: service@cc.example
channels:
{channels}queues:
  - name: first_line
    members: [anna]
agents:
  - account: anna
    name: Anna
    token_sha256: ["{zeros}"]
"""


@dataclass
class Seen:
    """What a watcher was told."""

    statuses: list[tuple[GatewayStatus, str]] = field(default_factory=list)
    backlogs: list[int] = field(default_factory=list)

    def status(self, _rules: IntakeRules, status: GatewayStatus, words: str) -> None:
        """Remember a status."""
        self.statuses.append((status, words))

    def polled(self, _rules: IntakeRules, _seconds: float, backlog: int) -> None:
        """Remember how many mails were left."""
        self.backlogs.append(backlog)


class House:
    """The engine from the wire to the store."""

    def __init__(
        self, generation: Generation, clock: VirtualClock, intake: Intake, shared: Shared, outcomes: list[Outcome]
    ) -> None:
        self.clock = clock
        self.intake = intake
        self.shared = shared
        self.outcomes = outcomes
        """The outcome of every mail so far, in the order they came to theirs."""
        self._generation = generation

    def rules(self, gateway: str = "inbox") -> IntakeRules:
        """What intake knows of a gateway."""
        tenant = self._generation.tenants[0]
        settings = tenant.gateway(gateway)
        assert isinstance(settings, schema.Pop3Gateway)
        return IntakeRules(
            tenant=tenant.name,
            gateway=gateway,
            identity=compiled.identity(tenant, settings),
            routes=compiled.routes(tenant),
            automatic_mail=compiled.automatic_mail(tenant),
            ring=key_ring(Path(self._generation.folder), lambda: "a-secret-of-this-test-only"),
        )

    def collecting(
        self,
        gateway: ReceivingGateway,
        name: str = "inbox",
        *,
        batch: int = 500,
        largest: int = 50 << 20,
        leave: bool = False,
        days: int | None = None,
    ) -> Collecting:
        """A gateway in force."""
        return Collecting(
            gateway=gateway,
            rules=self.rules(name),
            poll_every=30.0,
            batch=batch,
            largest=largest,
            leave_on_server=leave or days is not None,
            leave_for=None if days is None else timedelta(days=days),
        )

    def collector(
        self,
        collecting: Collecting,
        seen: Seen | None = None,
        takes_in: TakesIn | None = None,
        switch: Switch | None = None,
        first_after: float = 0.0,
    ) -> Collector:
        """Its loop; what it reads goes to `takes_in`, or to the real intake."""
        shared = replace(self.shared, intake=takes_in or self.intake)
        return Collector(lambda: collecting, shared, seen or Seen(), switch, first_after)

    async def polls(self, collector: Collector, count: int = 1) -> None:
        """Let the loop go round that many times, whatever becomes of each session."""
        await self.until(collector, at_waits=len(self.clock.waits) + count)

    async def until(
        self, collector: Collector, *, at_waits: int | None = None, passed: timedelta | None = None
    ) -> None:
        """Let the loop go round until that many waits were waited in all, or so much time has passed."""
        stopping = asyncio.Event()
        end = None if passed is None else self.clock.now() + passed

        def waited() -> None:
            if (at_waits is not None and len(self.clock.waits) >= at_waits) or (end and self.clock.now() >= end):
                stopping.set()

        self.clock.waited = waited
        await collector.run(stopping)


@asynccontextmanager
async def house(
    folder: Path,
    clock: VirtualClock | None = None,
    *,
    gateways: tuple[str, ...] = ("inbox",),
    has_room: Callable[[int], bool] = lambda _: True,
    budget: Budget | None = None,
    jitter: float = 0.5,
    failpoint: Failpoint = no_failpoint,
) -> AsyncIterator[House]:
    """A house on that folder while the block lasts; what a house before it left unfinished is finished first."""
    clock = clock or VirtualClock()
    generation = configuration(folder, gateways)
    offload = ThreadOffload({"readers": 4, "blobs": 2, "parse": 2})
    store = await SqliteStore.open(folder / "var", clock, offload)
    try:
        blobs = FileBlobs(folder / "var", failpoint)
        blobs.prepare()
        outcomes: list[Outcome] = []
        intake = _intake(generation, store, blobs, offload, clock, failpoint, outcomes)
        shared = Shared(
            intake=intake,
            store=store,
            spooler=blobs,
            budget=budget or Budget(),
            space=SpaceWatch(has_room, offload),
            clock=clock,
            jitter=lambda: jitter,
        )
        built = House(generation, clock, intake, shared, outcomes)
        await intake.resume(lambda receipt: built.rules(receipt.gateway.partition("/")[2]))
        await intake.difficult.finish()
        yield built
    finally:
        await store.close()
        offload.close()


def _intake(
    generation: Generation,
    store: SqliteStore,
    blobs: FileBlobs,
    offload: ThreadOffload,
    clock: VirtualClock,
    failpoint: Failpoint,
    outcomes: list[Outcome],
) -> Intake:
    ids = SystemIds(clock)
    settler = Settler(
        SessionStep(clock, ids, Policies(generation, lambda _tenant, _channel: ALWAYS_OPEN), NoAutomaticMail()),
        clock,
        ids,
        failpoint,
    )
    readers = Readers(blobs, offload)

    def counted(_rules: IntakeRules, outcome: Outcome, _octets: int, _seconds: float) -> None:
        outcomes.append(outcome)

    return Intake(store, blobs, offload, readers, settler, clock, ids, failpoint, counted)


def configuration(folder: Path, gateways: tuple[str, ...]) -> Generation:
    """The settings of a tenant with these receiving gateways, a channel each."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir(exist_ok=True)
    (folder / "password").write_text("pw")
    (folder / "postroom.yaml").write_text("store:\n  folder: var\n")
    text = TENANT.format(
        gateways="".join(ONE_GATEWAY.format(name=name) for name in gateways),
        channels="".join(ONE_CHANNEL.format(name=name) for name in gateways),
        zeros="0" * 64,
    )
    (folder / "tenants" / "acme.yaml").write_text(text)
    return load(folder).require()


def pop3(port: int, user: str = "u", password: str = "pw", *, limit: int = 50 << 20) -> Pop3Gateway:
    """A gateway to a server on loopback without TLS; `limit` is the octets of the largest mail it reads whole."""
    options = Pop3Options(
        host="127.0.0.1",
        port=port,
        user=user,
        password=password,
        security=Security.NONE,
        allow_plaintext=True,
        max_message_size=limit,
    )
    return Pop3Gateway(options)
