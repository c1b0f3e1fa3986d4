"""Agents of a simulated house: always ready, with as many mails at once as their settings let them have."""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from functools import partial

from postroom.dispatch.agents import ensure_agents
from postroom.dispatch.queues import QueueLoop
from postroom.engine.readers import StoredMailReader
from postroom.engine.replies import Desk
from postroom.engine.world import no_failpoint
from postroom.ports.desk import Refused, ReplyRequest
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.events import EndRequested, OfferAccepted
from postroom.session.state import Phase, Session, SessionId
from postroom.wiring.outgoing import sending_rules
from postroom.wiring.simulation.house import Crew, Rooms

WORDS = "(what an agent would have written)"
AT_ONCE = 500

Due = tuple[datetime, SessionId, str]
"""When which session is answered, under which assignment."""


class Answering(Crew):
    """Every offer is accepted at once, and answered after so much of the channel's work time."""

    is_there = True

    def __init__(self, rooms: Rooms, after: timedelta) -> None:
        self._rooms = rooms
        self._after = after
        self._queues = QueueLoop(rooms.store, rooms.step, rooms.clock, rooms.ids, lambda: rooms.generation)
        self._due: list[Due] = []
        self._planned: set[tuple[SessionId, str, datetime | None]] = set()
        reader = StoredMailReader(rooms.store, rooms.blobs, rooms.readers, rooms.offload)
        rules = partial(sending_rules, rooms.in_force, rooms.ring)
        self._desk = Desk(
            rooms.store, rooms.step, reader, rooms.blobs, rooms.offload, rooms.clock, rooms.ids, rules, no_failpoint
        )

    async def begin(self) -> None:
        """Let every agent of the settings come to work."""
        await self._rooms.store.write(self._come_to_work)

    def next_at(self) -> datetime | None:
        """When the next answer is written."""
        return self._due[0][0] if self._due else None

    async def work(self) -> bool:
        """Take what is offered, plan its answer, and write those that are due."""
        offered = await self._queues.assign_all()
        accepted = await self._rooms.store.write(self._accept)
        await self._plan()
        return bool(await self._answer_due() or offered or accepted)

    def _come_to_work(self, tx: Tx) -> None:
        ensure_agents(tx, self._rooms.generation)
        for tenant in self._rooms.generation.tenants:
            for agent in tenant.agents:
                tx.agents.set_state(tenant.name, agent.account, AgentState.READY, "", self._rooms.clock.now())

    def _accept(self, tx: Tx) -> int:
        offers = [one.offer for _, one in tx.sessions.of_phase(Phase.OFFERED, 0, AT_ONCE)]
        sessions = [one.id for _, one in tx.sessions.of_phase(Phase.OFFERED, 0, AT_ONCE)]
        for session, offer in zip(sessions, offers, strict=True):
            if offer is not None:
                self._rooms.step(tx, session, OfferAccepted(agent=offer.agent, token=offer.token))
        return len(sessions)

    async def _plan(self) -> None:
        """Every session that waits for its agent's answer has its time, once for what it waits for."""
        assigned = await self._rooms.store.read(lambda tx: tx.sessions.of_phase(Phase.ASSIGNED, 0, AT_ONCE))
        for _, session in assigned:
            if session.assignment is None:
                continue
            key = (session.id, session.assignment.token, session.unanswered_since)
            if key not in self._planned:
                self._planned.add(key)
                heapq.heappush(self._due, (self._answered_at(session), session.id, session.assignment.token))

    def _answered_at(self, session: Session) -> datetime:
        hours, now = self._rooms.in_force.policy(session.tenant, session.channel).hours, self._rooms.clock.now()
        return hours.add_work_time(now, self._after) or now + self._after

    async def _answer_due(self) -> int:
        answered = 0
        while self._due and self._due[0][0] <= self._rooms.clock.now():
            _, session, token = heapq.heappop(self._due)
            answered += await self._answer(session, token)
        return answered

    async def _answer(self, session_id: SessionId, token: str) -> bool:
        session = await self._rooms.store.read(lambda tx: tx.sessions.get(session_id))
        owner = session.assignment if session is not None else None
        if session is None or owner is None or owner.token != token or session.phase is not Phase.ASSIGNED:
            return False
        request = ReplyRequest(tenant=session.tenant, agent=owner.agent, token=token, text=WORDS, session=session.id)
        try:
            prepared = await self._desk.prepare(request)
        except Refused:
            # Nobody to write to: the agent has nothing left to do but to end it.
            end = EndRequested(agent=owner.agent, token=token, reason="nobody_to_answer")
            await self._rooms.store.write(lambda tx: self._rooms.step(tx, session_id, end))
            return True
        await self._rooms.store.write(lambda tx: self._desk.submit(tx, prepared))
        return True
