"""Agents of a simulated house at work: they follow what happens, and do what their manner says when its time has come.

How they work is manners.py's. What they do is real: an offer is accepted, an answer written, a session handed on, and
all of it is decided by the service's own rules.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from postroom.dispatch.agents import AgentStates, ensure_agents
from postroom.dispatch.queues import QueueLoop
from postroom.engine.replies import Desk
from postroom.engine.world import no_failpoint
from postroom.ports.desk import Refused, ReplyRequest
from postroom.ports.records import JournalEntry
from postroom.ports.store import Topic, Tx
from postroom.session.events import (
    EndRequested,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    SessionTransferred,
)
from postroom.session.state import Phase, Session, SessionId
from postroom.wiring.outgoing import sending_rules
from postroom.wiring.simulation.house import Crew, Rooms
from postroom.wiring.simulation.manners import Deed, Manner, Plan, Turn

WORDS = "(what an agent would have written)"
PAGE = 1_000
SWEEP = timedelta(seconds=60)
"""For how long at most the queues are not looked at: time alone lowers the skill level that is wanted."""

Planned = tuple[datetime, int, Plan, SessionId, str]
"""When what is done to which session, under which offer or assignment; equal times go by the number."""


class Working(Crew):
    """Agents who do as their manner says."""

    is_there = True

    def __init__(self, rooms: Rooms, manner: Manner) -> None:
        self._rooms = rooms
        self._manner = manner
        self._states = AgentStates(rooms.step, rooms.clock)
        self._queues = QueueLoop(rooms.store, rooms.step, rooms.clock, rooms.ids, lambda: rooms.generation)
        self._rung = rooms.store.bell(Topic.QUEUES)
        self._told = rooms.store.bell(Topic.JOURNAL)
        self._read = {tenant.name: 0 for tenant in rooms.generation.tenants}
        self._looked_at: datetime | None = None
        self._due: list[Planned] = []
        self._number = count()
        self._known: set[tuple[SessionId, str, datetime | None]] = set()
        self._turns = sorted(manner.turns(rooms.generation, rooms.clock.now()), key=lambda turn: turn.at)
        self._turned = 0
        rules = partial(sending_rules, rooms.in_force, rooms.ring)
        self._desk = Desk(
            rooms.store,
            rooms.step,
            rooms.reader,
            rooms.blobs,
            rooms.offload,
            rooms.clock,
            rooms.ids,
            rules,
            no_failpoint,
        )

    async def begin(self) -> None:
        """Let every agent of the settings be known."""
        await self._rooms.store.write(lambda tx: ensure_agents(tx, self._rooms.generation))
        await self._turn()

    @property
    def turns(self) -> list[Turn]:
        """Who came, paused and left, so far."""
        return self._turns[: self._turned]

    def next_at(self) -> datetime | None:
        """When somebody does something without anything else happening."""
        deed = self._due[0][0] if self._due else None
        turn = self._turns[self._turned].at if self._turned < len(self._turns) else None
        return min((at for at in (deed, turn) if at is not None), default=None)

    async def work(self) -> bool:
        """Let who is due come and go; take what is offered, plan what is done about it, and do what is due."""
        turned = await self._turn()
        offered = await self._assign()
        if await self._told.wait(0):
            await self._rooms.store.read(self._follow)
        return bool(await self._do_due() or offered or turned)

    async def _turn(self) -> int:
        """Set those ready, not ready and offline whose time has come."""
        first, now = self._turned, self._rooms.clock.now()
        while self._turned < len(self._turns) and self._turns[self._turned].at <= now:
            turn = self._turns[self._turned]
            await self._rooms.store.write(partial(self._take_turn, turn))
            self._turned += 1
        return self._turned - first

    def _take_turn(self, turn: Turn, tx: Tx) -> None:
        self._states.ask(tx, turn.tenant, turn.agent, turn.state, turn.reason)

    async def _assign(self) -> int:
        """Let the queues be served where something changed in them, and else now and then."""
        now = self._rooms.clock.now()
        if not await self._rung.wait(0) and self._looked_at is not None and now - self._looked_at < SWEEP:
            return 0
        self._looked_at = now
        return await self._queues.assign_all()

    def _follow(self, tx: Tx) -> None:
        """Plan what is done about everything that was offered or given to somebody since."""
        for tenant in self._read:
            while page := tx.journal.after(tenant, self._read[tenant], PAGE):
                self._read[tenant] = page[-1].seq
                for session_id in dict.fromkeys(_for_agents(page)):
                    session = tx.sessions.get(session_id)
                    if session is not None:
                        self._plan(session)

    def _plan(self, session: Session) -> None:
        now = self._rooms.clock.now()
        offer, owner = session.offer, session.assignment
        if session.phase is Phase.OFFERED and offer is not None:
            self._plan_once(session, offer.token, lambda: self._manner.offered(session, now))
        if session.phase is Phase.ASSIGNED and owner is not None:
            self._plan_once(session, owner.token, lambda: self._manner.assigned(session, now))

    def _plan_once(self, session: Session, token: str, planned: Callable[[], Plan | None]) -> None:
        """Every offer, and every mail that somebody is to answer, has its time once."""
        key = (session.id, f"{session.phase.value} {token}", session.unanswered_since)
        if key in self._known:
            return
        self._known.add(key)
        plan = planned()
        if plan is not None:
            heapq.heappush(self._due, (plan.at, next(self._number), plan, session.id, token))

    async def _do_due(self) -> int:
        done = 0
        while self._due and self._due[0][0] <= self._rooms.clock.now():
            _, _, plan, session, token = heapq.heappop(self._due)
            done += await self._do(plan, session, token)
        return done

    async def _do(self, plan: Plan, session_id: SessionId, token: str) -> bool:
        """Do it, unless the session is no longer his or no longer waits for it."""
        session = await self._rooms.store.read(lambda tx: tx.sessions.get(session_id))
        if session is None:
            return False
        if session.offer is not None and session.offer.token == token:
            return await self._answer_offer(plan, session_id, session.offer.agent, token)
        owner = session.assignment
        if session.phase is not Phase.ASSIGNED or owner is None or owner.token != token:
            return False
        if plan.deed is Deed.TRANSFER:
            away = SessionTransferred(by=owner.agent, token=token, queue=plan.queue)
            await self._rooms.store.write(lambda tx: self._rooms.step(tx, session_id, away))
            return True
        return await self._reply(session, owner.agent, token)

    async def _answer_offer(self, plan: Plan, session: SessionId, agent: str, token: str) -> bool:
        said = OfferAccepted if plan.deed is Deed.ACCEPT else OfferDeclined
        await self._rooms.store.write(lambda tx: self._rooms.step(tx, session, said(agent=agent, token=token)))
        return True

    async def _reply(self, session: Session, agent: str, token: str) -> bool:
        request = ReplyRequest(tenant=session.tenant, agent=agent, token=token, text=WORDS, session=session.id)
        try:
            prepared = await self._desk.prepare(request)
        except Refused:
            # Nobody to write to: the agent has nothing left to do but to end it.
            end = EndRequested(agent=agent, token=token, reason="nobody_to_answer")
            await self._rooms.store.write(lambda tx: self._rooms.step(tx, session.id, end))
            return True
        await self._rooms.store.write(lambda tx: self._desk.submit(tx, prepared))
        return True


def _for_agents(page: Sequence[JournalEntry]) -> Iterator[SessionId]:
    """The sessions that came to somebody, or in which his customer wrote again."""
    for entry in page:
        is_new = entry.after is not entry.before or isinstance(entry.event, MessageReceived)
        if is_new and entry.after in {Phase.OFFERED, Phase.ASSIGNED}:
            yield entry.session
