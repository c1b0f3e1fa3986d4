"""A reply on its way out: a session that is an agent's, the reply desk, and a relay that says what a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from postroom.engine.automatic_delivery import AutomaticDelivery
from postroom.engine.deliver import Delivery
from postroom.engine.readers import StoredMailReader
from postroom.engine.relay import Relay
from postroom.engine.rendered import Rendered
from postroom.engine.replies import Desk
from postroom.engine.sending_terms import Sending, Terms
from postroom.ports.desk import ReplyRequest
from postroom.ports.gateways import BeforeDot, GatewayStatus, RecipientResult, SendingGateway, SendOutcome
from postroom.ports.records import Attempt, JournalEntry, OutboxRow, Reply, StoredMail
from postroom.ports.store import Tx
from postroom.session.effects import SendReply
from postroom.session.events import AgentReserved, OfferAccepted
from postroom.session.state import Session
from tests.dispatch.house import ACME
from tests.engine.room import Room, mail, open_room, sending_rules

LEASED = timedelta(minutes=20)
GIVE_UP_AFTER = 24 * 3600.0
TERMS = Terms(give_up_after=GIVE_UP_AFTER)
Said = Callable[["Handed"], SendOutcome]


@dataclass(frozen=True)
class Handed:
    """One mail as it was handed over."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    lease_held: bool


@dataclass
class ScriptedGateway:
    """ports.gateways.SendingGateway by a script: its first answer to the first mail, and the last one stays."""

    script: list[Said] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)

    async def probe(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:
        one = Handed(sender, tuple(recipients), raw, await before_dot())
        self.handed.append(one)
        return self.script[min(len(self.handed), len(self.script)) - 1](one)


def says(code: int, words: str = "", **others: int) -> Said:
    """The same code for every recipient, but for those named by their local part."""

    def answer(one: Handed) -> SendOutcome:
        codes = {address: others.get(address.partition("@")[0], code) for address in one.recipients}
        results = tuple(RecipientResult(address, said, words or f"said {said}") for address, said in codes.items())
        return SendOutcome(results=results, words=words or f"said {code}")

    return answer


def faults(status: GatewayStatus = GatewayStatus.CONNECTION_FAILED) -> Said:
    """The relay cannot be reached or signed in to."""

    def answer(one: Handed) -> SendOutcome:
        results = tuple(RecipientResult(address, 0, "no route to host") for address in one.recipients)
        return SendOutcome(results=results, gateway_fault=status, words="no route to host")

    return answer


def goes_silent(one: Handed) -> SendOutcome:
    """The final dot went out, and no reply came."""
    results = tuple(RecipientResult(address, 0, "no answer") for address in one.recipients)
    return SendOutcome(results=results, unknown=True, words="no answer came back")


@dataclass
class Office:
    """A room with a way out."""

    room: Room
    gateway: ScriptedGateway
    desk: Desk
    delivery: Delivery
    relay: Relay
    ended: list[tuple[str, str]]
    """Outcome and reason of each automatic reply that came to its end."""
    configured: bool = True
    terms: Terms = TERMS
    held_back: list[str] = field(default_factory=list)
    """Why mails had to wait, time and again."""

    async def assigned(self, raw: bytes | None = None, agent: str = "anna") -> Session:
        """A customer's mail that is the agent's to answer."""
        stored = await self.room.only(raw or mail())
        waiting = await self.room.sessions(stored.conversation)
        assert waiting is not None
        token = self.room.house.ids.new()

        def unit(tx: Tx) -> Session:
            tx.agents.take(ACME, agent)
            self.room.house.step(tx, waiting.id, AgentReserved(agent=agent, token=token))
            return self.room.house.step(tx, waiting.id, OfferAccepted(agent=agent, token=token))[0]

        return await self.room.house.write(unit)

    def request(self, session: Session, text: str = "Here is your answer.") -> ReplyRequest:
        assert session.assignment is not None
        owner = session.assignment
        return ReplyRequest(tenant=ACME, agent=owner.agent, session=session.id, token=owner.token, text=text)

    async def reply(self, session: Session, to: tuple[str, ...] | None = None, cc: tuple[str, ...] = ()) -> Reply:
        """The agent presses send."""
        return await self.submit(replace(self.request(session), to=to, cc=cc))

    async def submit(self, request: ReplyRequest) -> Reply:
        prepared = await self.desk.prepare(request)
        return await self.room.house.write(lambda tx: self.desk.submit(tx, prepared))

    async def due(self) -> list[OutboxRow]:
        """Lease what is due now."""
        now = self.room.house.clock.now()
        token = self.room.house.ids.new()
        return await self.room.house.write(lambda tx: list(tx.outbox.lease(token, now, now + LEASED, 16)))

    async def deliver(self) -> int:
        """Perform everything due, as the relay does; gives how many rows that were."""
        rows = await self.due()
        for row in rows:
            await self.relay._perform(row)
        return len(rows)

    async def deliver_next(self) -> float:
        """Let time pass until the next row is due, and perform it; gives the seconds that took."""
        next_due = await self.room.house.read(lambda tx: tx.outbox.next_due())
        assert next_due is not None
        waited = (next_due - self.room.house.clock.now()).total_seconds()
        self.room.house.clock.passed += max(waited, 0.0)
        assert await self.deliver() == 1
        return waited

    async def deliver_due(self) -> int:
        """Let time pass until a row is due, and perform all that are."""
        next_due = await self.room.house.read(lambda tx: tx.outbox.next_due())
        assert next_due is not None
        self.room.house.clock.passed += max((next_due - self.room.house.clock.now()).total_seconds(), 0.0)
        return await self.deliver()

    async def stored(self, reply: Reply) -> Reply:
        found = await self.room.house.read(lambda tx: tx.replies.get(reply.id))
        assert found is not None
        return found

    async def states(self, reply: Reply) -> dict[str, str]:
        return {one.address: one.state.value for one in (await self.stored(reply)).recipients}

    async def attempts(self, reply: Reply) -> list[Attempt]:
        return list(await self.room.house.read(lambda tx: tx.replies.attempts(reply.id)))

    async def pending(self) -> int:
        return (await self.room.house.read(lambda tx: tx.counts())).outbox_pending

    async def journal(self, session: Session) -> list[JournalEntry]:
        return list(await self.room.house.read(lambda tx: tx.journal.of_conversation(session.conversation)))

    async def mails(self, session: Session) -> list[StoredMail]:
        return list(await self.room.house.read(lambda tx: tx.mails.of_conversation(session.conversation)))


@asynccontextmanager
async def open_office(folder: Path, *script: Said, relay_to: SendingGateway | None = None) -> AsyncIterator[Office]:
    """Open a room whose replies go to a scripted relay, or to this one."""
    async with open_room(folder) as room:
        house, gateway = room.house, ScriptedGateway(list(script))
        reader = StoredMailReader(house.store, room.blobs, room.readers, house.offload)
        desk = Desk(
            house.store,
            house.step,
            reader,
            room.blobs,
            house.offload,
            house.clock,
            house.ids,
            sending_rules,
            room.failpoint,
        )
        office: Office

        def sending(_tenant: str, _gateway: str) -> Sending | None:
            return Sending(gateway=relay_to or gateway, terms=office.terms) if office.configured else None

        ended: list[tuple[str, str]] = []
        delivery = Delivery(
            house.store,
            house.step,
            house.clock,
            house.ids,
            Rendered(room.blobs, house.offload),
            sending,
            AutomaticDelivery(house.clock, lambda _, outcome, reason: ended.append((outcome, reason))),
            room.failpoint,
            lambda _, why: office.held_back.append(why),
        )
        relay = Relay(house.store, house.clock, house.ids, {SendReply: delivery.perform})
        office = Office(room, gateway, desk, delivery, relay, ended)
        yield office
