"""The loop that finds an agent for each session whose turn it is.

An assignment is one unit of work: the head of the queue, its candidates, the pure choice, the reserved place and the
decision. The loop looks when the queues' bell rings and, should a ring be lost, every SWEEP seconds. It never chooses
(routing/assign.py) and never decides (session/decide.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog
from msgspec import Struct

from postroom.errors import TemporaryError
from postroom.ports.records import AgentRow, AgentState, QueueLength
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.routing.assign import Candidate, choose
from postroom.session.events import AgentReserved
from postroom.session.state import Phase, Session
from postroom.settings.schema import Generation, Queue

log = structlog.get_logger(__name__)

SWEEP = 15.0
"""Seconds between two looks where no bell rings."""
AT_ONCE = 32
"""Assignments that may share a unit."""
PASS_OVER_AT_MOST = 8
"""Sessions at the head of one queue that may be passed over in one look because their decision fails."""
LEFT_OUT_AT_MOST = 64
"""Sessions at the head of one queue that wait for others than who is there, and may be passed over for those behind."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Waiting(Struct, frozen=True, kw_only=True):
    """A queue in which somebody waits, and its members."""

    tenant: str
    queue: str
    members: tuple[str, ...]


class QueueLoop:
    """Offers waiting sessions to agents until cancelled."""

    def __init__(self, store: Store, step: Step, clock: Clock, ids: Ids, current: Callable[[], Generation]) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._ids = ids
        self._current = current

    async def run(self) -> None:
        """Look into every queue whenever one changed."""
        bell = self._store.bell(Topic.QUEUES)
        try:
            while True:
                await self._look()
                await bell.wait(SWEEP)
        finally:
            bell.close()

    async def _look(self) -> None:
        try:
            await self.assign_all()
        except TemporaryError as error:
            log.warning("queues_not_served", why=str(error))

    async def assign_all(self) -> int:
        """Assign until nobody waits or nobody can take; gives how many sessions were offered."""
        generation = self._current()
        now = self._clock.now()
        kept = await self._store.read(lambda tx: takers(tx, now))
        waiting = await self._store.read(lambda tx: servable(tx, generation))
        return sum([await self._serve_one(*taker) for taker in kept]) + sum(
            [await self._serve(queue) for queue in waiting]
        )

    async def _serve_one(self, tenant: str, agent: str) -> int:
        """Offer an agent the sessions that wait for him alone; one that cannot be decided stops only him."""
        offered = 0
        try:
            while await self._store.write(partial(self._offer_kept, tenant, agent, self._ids.secret())):
                offered += 1
        except TemporaryError:
            raise
        except Exception:
            log.exception("assignment_failed", tenant=tenant, agent=agent)
        return offered

    def _offer_kept(self, tenant: str, agent: str, token: str, tx: Tx) -> bool:
        now = self._clock.now()
        session = tx.sessions.kept(tenant, agent, now)
        if session is None or self._is_served_outside(session) or not tx.agents.reserve(tenant, agent, now):
            return False
        after, _effects = self._step(tx, session.id, AgentReserved(agent=agent, token=token))
        return after.phase is not Phase.QUEUED

    def _is_served_outside(self, session: Session) -> bool:
        tenant = self._current().tenant(session.tenant)
        queue = tenant.queue(session.queue) if tenant is not None else None
        return queue is not None and queue.served_by != "postroom"

    async def _serve(self, queue: Waiting) -> int:
        offered, skip, limit = 0, 0, AT_ONCE
        while skip <= PASS_OVER_AT_MOST:
            tokens = [self._ids.secret() for _ in range(limit)]
            try:
                count = await self._assign(queue, tokens, skip)
            except TemporaryError:
                raise
            except Exception:
                # One session that cannot be decided must not stop those behind it: find it alone, then pass it over.
                log.exception("assignment_failed", tenant=queue.tenant, queue=queue.queue, passed_over=skip)
                skip, limit = (skip + 1, 1) if limit == 1 else (skip, 1)
                continue
            offered += count
            if count < limit:
                break
        return offered

    async def _assign(self, queue: Waiting, tokens: Sequence[str], skip: int) -> int:
        now = self._clock.now()

        def unit(tx: Tx) -> int:
            return assign_some(tx, self._step, queue, tokens, skip=skip, now=now)

        return await self._store.write(unit)


def takers(tx: Tx, now: datetime) -> list[tuple[str, str]]:
    """Give the agents for whom somebody waits and who can take work."""
    return [pair for pair in tx.sessions.kept_for() if _can_take(tx, pair, now)]


def _can_take(tx: Tx, pair: tuple[str, str], now: datetime) -> bool:
    tenant, agent = pair
    return bool(tx.agents.candidates(tenant, (agent,))) and tx.sessions.kept(tenant, agent, now) is not None


def servable(tx: Tx, generation: Generation) -> list[Waiting]:
    """Give the queues in which somebody waits and some member can take work, the longest waiting first."""
    lengths = sorted(tx.sessions.waiting_queues(), key=lambda length: length.oldest_at or _LONG_AGO)
    queues = (_waiting(generation, length) for length in lengths)
    return [queue for queue in queues if queue.members and tx.agents.candidates(queue.tenant, queue.members)]


def _waiting(generation: Generation, length: QueueLength) -> Waiting:
    tenant = generation.tenant(length.tenant)
    settings = tenant.queue(length.queue) if tenant else None
    return Waiting(tenant=length.tenant, queue=length.queue, members=_members(settings))


def _members(queue: Queue | None) -> tuple[str, ...]:
    """Who of the house serves it: nobody, where somebody outside does."""
    return queue.members if queue is not None and queue.served_by == "postroom" else ()


def assign_some(tx: Tx, step: Step, queue: Waiting, tokens: Sequence[str], *, skip: int, now: datetime) -> int:
    """Offer the sessions whose turn it is, a token each; gives how many, fewer than tokens where no more can be."""
    for offered, token in enumerate(tokens):
        if not assign_one(tx, step, queue, token, skip=skip, now=now):
            return offered
    return len(tokens)


def assign_one(tx: Tx, step: Step, queue: Waiting, token: str, *, skip: int, now: datetime) -> bool:
    """Offer the session at the head to the chosen agent; False where nobody waits or nobody can take it."""
    for place in range(skip, skip + LEFT_OUT_AT_MOST):
        session = tx.sessions.head(queue.tenant, queue.queue, now, place)
        if session is None:
            return False
        agent = _reserved(tx, queue, session, now)
        if agent is not None:
            after, _effects = step(tx, session.id, AgentReserved(agent=agent, token=token))
            return after.phase is not Phase.QUEUED
        if not session.left_out:
            return False
    return False


def _reserved(tx: Tx, queue: Waiting, session: Session, now: datetime) -> str | None:
    """Choose an agent for the session and take a place of his; None where none of those who may have it can."""
    for _ in queue.members:  # a lost place is asked for again, with the agents as they stand then
        members = [member for member in queue.members if member not in session.left_out]
        candidates = [candidate(row) for row in tx.agents.candidates(queue.tenant, members)]
        agent = choose(session.passed_over, candidates)
        if agent is None or tx.agents.reserve(queue.tenant, agent, now):
            return agent
    return None


def candidate(row: AgentRow) -> Candidate:
    """What the choice asks of an agent's row."""
    return Candidate(
        name=row.name,
        is_ready=row.state is AgentState.READY,
        load=row.load,
        capacity=row.capacity,
        idle_since=row.idle_since,
    )
