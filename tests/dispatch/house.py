"""A house on a real store with the real step: two tenants with queues and agents; what tests of the doors stand in."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from postroom.dispatch.agents import AgentStates, ensure_agents
from postroom.dispatch.presence import Presence
from postroom.dispatch.queues import QueueLoop
from postroom.engine.step import SessionStep
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload
from postroom.ports.records import AgentRow, Conversation
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.events import MessageReceived
from postroom.session.policy import Policy, QueuePolicy
from postroom.session.state import ConversationId, Session, SessionId
from postroom.settings.process import Process
from postroom.settings.schema import Agent, Channel, Generation, Parameters, Queue, Tenant
from postroom.store.sqlite import SqliteStore
from tests.support.automatic import NoAutomaticMail

T = TypeVar("T")

ACME, GLOBEX = "acme", "globex"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def token_of(account: str) -> str:
    return f"token-of-{account}"


def agent(account: str, name: str, places: int | None = None) -> Agent:
    digest = hashlib.sha256(token_of(account).encode()).hexdigest()
    return Agent(account=account, name=name, token_sha256=(digest,), max_concurrent=places)


def channel(name: str, queue: str) -> Channel:
    return Channel(name=name, receiving_gateway="in", sending_gateway="out", skill_queue=queue)


def generation(number: int = 1) -> Generation:
    acme = Tenant(
        name=ACME,
        parameters=Parameters(max_concurrent=2),
        channels=(channel("support", "help"), channel("shop", "orders")),
        queues=(
            Queue(name="help", members=("anna", "ben")),
            Queue(name="orders", members=("chen",), pick=False, offer_for=30.0),
        ),
        agents=(agent("anna", "Anna Auer"), agent("ben", "Ben Bright"), agent("chen", "Chen Chu", places=1)),
    )
    globex = Tenant(
        name=GLOBEX,
        channels=(channel("support", "help"),),
        queues=(Queue(name="help", members=("zoe",)),),
        agents=(agent("zoe", "Zoe Zander"),),
    )
    return Generation(number=number, folder="", process=Process(), tenants=(acme, globex))


class TurnableClock(SystemClock):
    """Clocks the test sets; who waits, waits for real."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NINE + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


@dataclass
class House:
    """Everything between the doors and the disk, all of it real but the time."""

    store: SqliteStore
    step: SessionStep
    clock: TurnableClock
    ids: SystemIds
    offload: ThreadOffload
    presence: Presence
    states: AgentStates
    generation: Generation = field(default_factory=generation)
    ruled: Callable[[Policy], Policy] = lambda policy: policy
    """What a test changes in the rules of every channel."""

    def current(self) -> Generation:
        return self.generation

    def queues(self) -> QueueLoop:
        return QueueLoop(self.store, self.step, self.clock, self.ids, self.current)

    async def read(self, unit: Callable[[Tx], T]) -> T:
        return await self.store.read(unit)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        return await self.store.write(unit)

    async def agent(self, name: str, tenant: str = ACME) -> AgentRow:
        row = await self.read(lambda tx: tx.agents.get(tenant, name))
        assert row is not None
        return row

    async def stand(self, name: str, state: AgentState = AgentState.READY, reason: str = "") -> AgentRow:
        self.clock.passed += 1
        return await self.write(lambda tx: self.states.ask(tx, ACME, name, state, reason))

    async def session(self, session: SessionId) -> Session:
        found = await self.read(lambda tx: tx.sessions.get(session))
        assert found is not None
        return found

    async def customer_writes(
        self, subject: str = "It broke", channel: str = "support", *, tenant: str = ACME, priority: int | None = None
    ) -> Session:
        """A new conversation whose first mail is decided on."""
        self.clock.passed += 1
        conversation = self.conversation(subject, channel, tenant)
        event = MessageReceived(mail=self.ids.new(), received_at=self.clock.now(), priority=priority)

        def unit(tx: Tx) -> Session:
            tx.conversations.add(conversation)
            session, _ = self.step.in_conversation(tx, conversation.id, event)
            return session

        return await self.write(unit)

    def conversation(self, subject: str, channel: str, tenant: str = ACME) -> Conversation:
        return Conversation(
            id=ConversationId(self.ids.new()),
            tenant=tenant,
            channel=channel,
            customer="carla@example.com",
            subject=subject,
            created_at=self.clock.now(),
            last_mail_at=self.clock.now(),
            participants=("carla@example.com",),
        )

    def policy(self, tenant: str, channel: str) -> Policy:
        settings = self.generation.tenant(tenant)
        found = settings.channel(channel) if settings else None
        assert settings is not None
        assert found is not None
        usual = Policy(
            generation=self.generation.number,
            queue=found.skill_queue,
            weight=found.weight,
            queues={
                queue.name: QueuePolicy(
                    members=frozenset(queue.members),
                    offer_for=queue.offer_for,
                    max_missed_offers=queue.max_missed_offers,
                    ageing=queue.ageing,
                )
                for queue in settings.queues
            },
        )
        return self.ruled(usual)


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """Open the store in the folder, put the agents in, and close everything after."""
    clock = TurnableClock()
    offload = ThreadOffload({"readers": 2})
    store = await SqliteStore.open(folder, clock, offload)
    house: House

    def policies(tenant: str, channel: str) -> Policy:
        return house.policy(tenant, channel)

    ids = SystemIds(clock)
    step = SessionStep(clock, ids, policies, NoAutomaticMail())
    house = House(store, step, clock, ids, offload, Presence(clock), AgentStates(step, clock))
    try:
        await house.write(lambda tx: ensure_agents(tx, house.generation))
        yield house
    finally:
        await store.close()
        offload.close()
