"""The loop that finds an agent for each session whose turn it is.

An assignment is one unit of work: the head of the queue, its candidates, the pure choice, the reserved places and the
decisions. The loop looks when the queues' bell rings and, should a ring be lost, every SWEEP seconds. It never chooses
(routing/assign.py) and never decides (session/decide.py).

No look costs more for a longer backlog. A unit reads as many sessions from the head of a queue as its
members have places, PAGE at most, by its index. Where none
of them can be served by those who are free (too high a level wanted, an agent left out, too great a weight), the next
look reads the page behind as well, and the one after that the next, until the end and then from the head again: so
everybody is looked at in turn, and the head at every look. Who is at the head is in front of all others at each look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog
from msgspec import Struct

from postroom.errors import TemporaryError
from postroom.ports.records import AgentRow, Place
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.routing.agents import AgentState
from postroom.routing.assign import Candidate, Rules, Waiter, assigned
from postroom.session.events import AgentReserved
from postroom.session.state import Phase, Session, SessionId
from postroom.settings.compile import assignment_rules
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

SWEEP = 15.0
"""Seconds between two looks where no bell rings."""
PAGE = 32
"""Sessions of one queue that a unit looks at, and offers at most."""
PASS_OVER_AT_MOST = 8
"""Sessions of one queue that may be passed over in one look because their decision fails."""


class Waiting(Struct, frozen=True, kw_only=True):
    """A queue in which somebody waits, its members, and how it chooses."""

    tenant: str
    queue: str
    members: tuple[str, ...]
    rules: Rules


class _Undecidable(Exception):
    """The session cannot be decided: its unit is undone, and tried again without it."""

    def __init__(self, session: SessionId) -> None:
        super().__init__(session)
        self.session = session


class Page(Struct, frozen=True, kw_only=True):
    """Which sessions of a queue a unit looks at: those behind that place, but for those that cannot be decided."""

    queue: Waiting
    behind: Place | None
    broken: frozenset[SessionId]
    now: datetime


class Look(Struct, frozen=True, kw_only=True):
    """What a unit did: how many were offered, and the last place it looked at; None where it saw the queue's end."""

    offered: int
    last: Place | None


class QueueLoop:
    """Offers waiting sessions to agents until cancelled."""

    def __init__(self, store: Store, step: Step, clock: Clock, ids: Ids, current: Callable[[], Generation]) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._ids = ids
        self._current = current
        self._behind: dict[tuple[str, str], Place] = {}
        """Where a queue is looked at next, beside its head, because the head could not be served."""

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
        waiting = await self._store.read(lambda tx: servable(tx, generation, now))
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
        if session is None or self._is_served_outside(session):
            return False
        if not tx.agents.reserve(tenant, agent, now, session.weight):
            return False
        after, _effects = self._step(tx, session.id, AgentReserved(agent=agent, token=token))
        return after.phase is not Phase.QUEUED

    def _is_served_outside(self, session: Session) -> bool:
        tenant = self._current().tenant(session.tenant)
        queue = tenant.queue(session.queue) if tenant is not None else None
        return queue is not None and queue.served_by != "postroom"

    async def _serve(self, queue: Waiting) -> int:
        """Offer from the head while that offers anything; then one page behind, from where an earlier look ended."""
        broken = set[SessionId]()
        offered = 0
        look = await self._assign(queue, None, broken)
        while look is not None and look.offered:
            offered += look.offered
            look = await self._assign(queue, None, broken)
        if look is None:
            return offered
        if look.last is not None:
            start = max(look.last, self._behind.get((queue.tenant, queue.queue), look.last))
            look = await self._assign(queue, start, broken) or look
        self._go_on_behind(queue, look.last)
        return offered + look.offered

    def _go_on_behind(self, queue: Waiting, place: Place | None) -> None:
        """Note where the next look goes on; None where everybody was looked at."""
        key = (queue.tenant, queue.queue)
        if place is None:
            self._behind.pop(key, None)
        else:
            self._behind[key] = place

    async def _assign(self, queue: Waiting, behind: Place | None, broken: set[SessionId]) -> Look | None:
        """Serve one page; a session that cannot be decided must not stop those behind it, and is added to `broken`."""
        while len(broken) <= PASS_OVER_AT_MOST:
            tokens = [self._ids.secret() for _ in range(PAGE)]
            page = Page(queue=queue, behind=behind, broken=frozenset(broken), now=self._clock.now())
            try:
                return await self._store.write(partial(assign_some, self._step, page, tokens))
            except _Undecidable as error:
                log.exception("assignment_failed", tenant=queue.tenant, queue=queue.queue, session=error.session)
                broken.add(error.session)
        return None


def takers(tx: Tx, now: datetime) -> list[tuple[str, str]]:
    """Give the agents for whom somebody waits and who can take work."""
    return [pair for pair in tx.sessions.kept_for() if _can_take(tx, pair, now)]


def _can_take(tx: Tx, pair: tuple[str, str], now: datetime) -> bool:
    tenant, agent = pair
    return bool(tx.agents.candidates(tenant, (agent,))) and tx.sessions.kept(tenant, agent, now) is not None


def servable(tx: Tx, generation: Generation, now: datetime) -> list[Waiting]:
    """Give the queues in which somebody waits and some member can take work, whose turn is first before the others."""
    found: list[tuple[Place, Waiting]] = []
    for tenant in generation.tenants:
        able = frozenset(tx.agents.able(tenant.name))
        for queue in tenant.queues:
            if queue.served_by != "postroom" or able.isdisjoint(queue.members):
                continue
            for head in tx.sessions.turns(tenant.name, queue.name, now, None, 1):
                rules = assignment_rules(queue)
                waiting = Waiting(tenant=tenant.name, queue=queue.name, members=queue.members, rules=rules)
                found.append((head.place, waiting))
    return [waiting for _, waiting in sorted(found, key=lambda one: one[0])]


def assign_some(step: Step, page: Page, tokens: Sequence[str], tx: Tx) -> Look | None:
    """Offer a page's sessions in order of turn, a token each, to whom the choice gives them; None where nobody can."""
    queue, now = page.queue, page.now
    candidates = [candidate(row) for row in tx.agents.candidates(queue.tenant, queue.members)]
    if not candidates:
        return None
    # At the head there is mostly somebody for each: no more are read than there are places. Behind it nobody knows.
    places = sum(one.capacity - one.load for one in candidates)
    most = min(places, len(tokens)) if page.behind is None else len(tokens)
    turns = tx.sessions.turns(queue.tenant, queue.queue, now, page.behind, most)
    waiters = [waiter(turn.session, now) for turn in turns if turn.session.id not in page.broken]
    offered = 0
    for (one, agent), token in zip(assigned(waiters, candidates, queue.rules, now), tokens, strict=False):
        if tx.agents.reserve(queue.tenant, agent, now, one.weight):
            offered += _offered(tx, step, SessionId(one.name), AgentReserved(agent=agent, token=token))
    return Look(offered=offered, last=turns[-1].place if len(turns) == most else None)


def _offered(tx: Tx, step: Step, session: SessionId, event: AgentReserved) -> bool:
    try:
        after, _effects = step(tx, session, event)
    except TemporaryError:
        raise
    except Exception as error:
        raise _Undecidable(session) from error
    return after.phase is not Phase.QUEUED


def waiter(session: Session, now: datetime) -> Waiter:
    """What the choice asks of a session; the level wanted of its agent falls while it may be offered in this queue."""
    since = max(filter(None, (session.waiting_since, session.not_before)), default=now)
    return Waiter(
        name=session.id,
        waited=(now - since).total_seconds(),
        weight=session.weight,
        passed_over=session.passed_over,
        left_out=session.left_out,
    )


def candidate(row: AgentRow) -> Candidate:
    """What the choice asks of an agent's row."""
    return Candidate(
        name=row.name,
        is_ready=row.state is AgentState.READY,
        load=row.load,
        capacity=row.capacity,
        idle_since=row.idle_since,
    )
