"""The simulated house: mails come in at its door at their time, and what falls due in between happens in order.

It is built from the engine's own loops, each asked to look once whenever the clock stands at a moment that concerns it.
Nothing leaves it: the relay counts, no robot answers, and nobody works here unless a crew is brought along.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec import Struct

from postroom.dispatch.asking import Asking
from postroom.dispatch.robots.roster import Robots
from postroom.engine.automatic_delivery import AutomaticDelivery
from postroom.engine.deliver import Delivery
from postroom.engine.hours import HoursLoop
from postroom.engine.readers import Readers, Unreadable
from postroom.engine.relay import Performer, Relay
from postroom.engine.rendered import Rendered
from postroom.engine.second_commit import Resists, SecondCommit
from postroom.engine.sending_terms import Sending
from postroom.engine.settle import Settler
from postroom.engine.step import SessionStep
from postroom.engine.timers import TimerLoop
from postroom.engine.verdict import IntakeRules
from postroom.engine.world import no_failpoint
from postroom.mail.headers import split_header
from postroom.mail.message import Message
from postroom.mail.tokens import KeyRing
from postroom.ports.pauses import Paused
from postroom.ports.records import OutboxRow, Receipt, Reply
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.effects import AskRobot, Effect, SendReply
from postroom.session.state import Phase
from postroom.settings.channel_rules import OfflineMessages
from postroom.settings.robots import FaqRobot
from postroom.settings.schema import Generation, SmtpGateway, Tenant
from postroom.store.blobs import FileBlobs
from postroom.store.scratch import ScratchStore
from postroom.wiring.gateways import terms_of
from postroom.wiring.in_force import InForce
from postroom.wiring.outgoing import automatic_mailer
from postroom.wiring.simulation.feeds import feeds_as_kept
from postroom.wiring.simulation.manners import Turn
from postroom.wiring.simulation.receiving import Doorway
from postroom.wiring.simulation.world import (
    CountedIds,
    CountingGateway,
    InlineOffload,
    RememberingReader,
    VirtualClock,
)

ROUNDS = 1_000
"""Looks at one moment after which the clock goes on whatever happens: nothing in here may turn for ever."""
MOST_OFFLINE = 10_000
RING = KeyRing("1", {"1": b"a simulated house signs with a key that signs nothing else"})


class Taken(Struct, frozen=True, kw_only=True):
    """What became of one mail; `message` is None where it could not be read."""

    receipt: Receipt
    outcome: Outcome
    message: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What the house and whoever works in it use."""

    generation: Generation
    clock: VirtualClock
    ids: CountedIds
    offload: InlineOffload
    store: ScratchStore
    blobs: FileBlobs
    readers: Readers
    reader: RememberingReader
    ring: KeyRing
    in_force: InForce
    step: SessionStep
    relay: CountingGateway


class Crew:
    """Who works in the house: here nobody. A crew is asked at every moment, and says when it wants to be asked next."""

    is_there = False

    @property
    def turns(self) -> Sequence[Turn]:
        """Who came, paused and left, so far."""
        return ()

    async def work(self) -> bool:
        """Do what is to do now; True where something was done."""
        return False

    def next_at(self) -> datetime | None:
        """When there will be something to do without anything else happening."""
        return None


class House:
    """Takes mails at their time, and lets time pass."""

    def __init__(self, rooms: Rooms, crew: Crew, robots: Robots | None = None) -> None:
        """Robots are asked where they are given, and answer from their files alone; else their time runs out."""
        store, step, clock, ids = rooms.store, rooms.step, rooms.clock, rooms.ids
        self.rooms = rooms
        self._crew = crew
        self._commit = SecondCommit(store, Settler(step, clock, ids, no_failpoint), clock, _uncounted)
        self._timers = TimerLoop(store, step, clock, no_failpoint, _unmeasured, _listed)
        self._hours = HoursLoop(store, step, clock, partial(_opening_rate, rooms.generation))
        self._asking = _asking(rooms, robots) if robots is not None else None
        performers: dict[type[Effect], Performer] = {SendReply: _delivery(rooms).perform, AskRobot: self._ask}
        self._relay = Relay(store, clock, ids, performers)
        self._hours_at: datetime | None = None
        self._routed_at: datetime | None = None
        self._has_offline = any(
            channel.offline_messages.enabled for tenant in rooms.generation.tenants for channel in tenant.channels
        )

    async def take(self, way: Doorway, raw: bytes, size: int, uid: str) -> Taken:
        """Take a mail of that size in now, as the collector would, and let what follows at once happen.

        Of one that is larger than its gateway takes, `raw` may be its beginning alone: no more than its header is kept.
        """
        rooms, is_large = self.rooms, size > way.largest
        row = Receipt(
            id=rooms.ids.new(),
            tenant=way.rules.tenant,
            gateway=way.rules.gateway_key,
            uid=uid,
            raw=rooms.blobs.put(raw[: split_header(raw).body_at] if is_large else raw),
            listed_size=size,
            first_seen_at=rooms.clock.now(),
            oversize=is_large,
        )
        receipt = await rooms.store.write(partial(_record, row))
        taken = await self._settled(way.rules, receipt)
        await self._bring_up()
        return taken

    async def advance(self, to: datetime) -> None:
        """Let time pass until then, stopping wherever something falls due."""
        while (at := await self._next_at()) is not None and at <= to:
            self.rooms.clock.set(at)
            await self._bring_up()
        self.rooms.clock.set(to)

    async def _settled(self, rules: IntakeRules, receipt: Receipt) -> Taken:
        try:
            message = await self._read(receipt)
            self.rooms.reader.remember(receipt.raw.sha256, message)
            outcome = await self._commit.settle(rules, receipt, message)
        except (Unreadable, Resists) as error:
            await self._commit.quarantine(rules, receipt, str(error))
            return Taken(receipt=receipt, outcome=Outcome.QUARANTINED, message=None)
        return Taken(receipt=receipt, outcome=outcome, message=message)

    async def _read(self, receipt: Receipt) -> Message:
        (message,) = await self.rooms.readers.read_together([receipt.raw])
        return message if message is not None else await self.rooms.readers.read_alone(receipt.raw)

    async def _bring_up(self) -> None:
        """Let everything happen that is due at this moment, and what follows from it."""
        await self._fire()
        await self._keep_hours()
        for _ in range(ROUNDS):
            sent = await self._send()
            worked = await self._crew.work()
            if not sent and not worked and not await self._fire():
                return

    async def _fire(self) -> int:
        """Fire the timers that are due; it costs nothing where none is."""
        due = await self.rooms.store.read(lambda tx: tx.timers.next_due())
        return await self._timers.fire_due() if due is not None and due <= self.rooms.clock.now() else 0

    async def _send(self) -> int:
        """Hand on what is due to leave the house."""
        due = await self.rooms.store.read(lambda tx: tx.outbox.next_due())
        return await self._relay.relay_due() if due is not None and due <= self.rooms.clock.now() else 0

    async def _next_at(self) -> datetime | None:
        due = await self.rooms.store.read(lambda tx: (tx.timers.next_due(), tx.outbox.next_due()))
        now, self._routed_at = self.rooms.clock.now(), await self._routing()
        found = [at for at in (*due, self._hours_at, self._routed_at, self._crew.next_at()) if at is not None]
        return max(min(found), now) if found else None

    async def _routing(self) -> datetime | None:
        """When the first offline message is to be routed, where somebody is there who could take it."""
        if not self._crew.is_there or not self._has_offline:
            return None  # it is routed at each opening all the same, and in vain: between two it would only be noise
        offline = await self.rooms.store.read(lambda tx: tx.sessions.of_phase(Phase.OFFLINE, 0, MOST_OFFLINE))
        later = [session.not_before for _, session in offline if session.not_before is not None]
        now = self.rooms.clock.now()
        return min((at for at in later if at > now), default=None)

    async def _keep_hours(self) -> None:
        """Open and close what is to be at this moment; a channel that opens slowly is looked at again soon."""
        now = self.rooms.clock.now()
        is_routed = self._routed_at is not None and now >= self._routed_at
        if self._hours_at is not None and now < self._hours_at and not is_routed:
            return
        await self._hours.look()
        is_left = await self.rooms.store.read(self._is_left_to_open)
        self._hours_at = now + timedelta(seconds=1) if is_left else self._next_change(now)

    def _is_left_to_open(self, tx: Tx) -> bool:
        now = self.rooms.clock.now()
        return any(
            self.rooms.in_force.policy(*channel).hours.is_open(now) and tx.sessions.to_open(*channel, now, 1)
            for channel in tx.sessions.waiting_channels()
        )

    def _next_change(self, now: datetime) -> datetime | None:
        """When the first channel opens or closes."""
        changes = [self._change(tenant.name, one.name, now) for tenant in self._tenants for one in tenant.channels]
        return min((at for at in changes if at is not None), default=None)

    def _change(self, tenant: str, channel: str, now: datetime) -> datetime | None:
        hours = self.rooms.in_force.policy(tenant, channel).hours
        return hours.next_closing(now) if hours.is_open(now) else hours.next_opening(now)

    @property
    def _tenants(self) -> tuple[Tenant, ...]:
        return self.rooms.generation.tenants

    async def _ask(self, row: OutboxRow) -> None:
        """Ask a robot that needs nobody else; nobody answers in another's place, and its time runs out."""
        tenant, effect = self.rooms.generation.tenant(row.tenant), row.effect
        robot = tenant.robot(effect.robot) if tenant is not None and isinstance(effect, AskRobot) else None
        if self._asking is not None and isinstance(robot, FaqRobot):
            await self._asking.perform(row)
        else:
            await self.rooms.store.write(lambda tx: tx.outbox.done(row.id))


@asynccontextmanager
async def simulated(generation: Generation, start: datetime) -> AsyncIterator[Rooms]:
    """The rooms of a house on that generation, in a folder that is gone afterwards."""
    clock, offload = VirtualClock(start), InlineOffload()
    with tempfile.TemporaryDirectory(prefix="postroom-simulated-") as name:
        folder = Path(name)
        store, blobs, ids = ScratchStore(folder, clock), FileBlobs(folder), CountedIds(clock)
        try:
            blobs.prepare()
            readers = Readers(blobs, offload)
            in_force = InForce(generation, clock)
            in_force.follow(await feeds_as_kept(generation, clock, offload))
            mailer = automatic_mailer(in_force, RING, _never_paused, no_failpoint)
            yield Rooms(
                generation=generation,
                clock=clock,
                ids=ids,
                offload=offload,
                store=store,
                blobs=blobs,
                readers=readers,
                reader=RememberingReader(store, blobs, readers, offload),
                ring=RING,
                in_force=in_force,
                step=SessionStep(clock, ids, in_force.policy, mailer),
                relay=CountingGateway(),
            )
        finally:
            store.close()


def _asking(rooms: Rooms, robots: Robots) -> Asking:
    return Asking(rooms.store, rooms.step, rooms.reader, robots, rooms.clock, no_failpoint)


def _delivery(rooms: Rooms) -> Delivery:
    def sending(tenant: str, gateway: str) -> Sending | None:
        space = rooms.generation.tenant(tenant)
        settings = space.gateway(gateway) if space is not None else None
        if space is None or not isinstance(settings, SmtpGateway):
            return None
        return Sending(gateway=rooms.relay, terms=terms_of(space, settings))

    pace = AutomaticDelivery(rooms.clock, _unnoticed)
    rendered = Rendered(rooms.blobs, rooms.offload)
    return Delivery(rooms.store, rooms.step, rooms.clock, rooms.ids, rendered, sending, pace, no_failpoint)


def _record(row: Receipt, tx: Tx) -> Receipt:
    tx.mails.keep_raw(row.raw)
    return tx.ledger.receive(row)[0]


def _opening_rate(generation: Generation, tenant: str, channel: str) -> int:
    space = generation.tenant(tenant)
    found = space.channel(channel) if space is not None else None
    return (found.offline_messages if found is not None else OfflineMessages()).opening_rate


def _never_paused(_what: Paused, _tenant: str) -> bool:
    return False


def _listed(_tenant: str, _channel: str, _when: datetime) -> bool:
    """Every mail there is has come by its time: no mailbox holds one back."""
    return True


def _uncounted(_rules: IntakeRules, _outcome: Outcome, _octets: int, _seconds: float) -> None:
    """Nobody reads metrics here."""


def _unmeasured(_seconds: float) -> None:
    """No timer is late on a clock that waits for it."""


def _unnoticed(_reply: Reply, _outcome: str, _reason: str) -> None:
    """What became of an automatic reply stands in the store."""
