"""The loop that publishes decisions: to the conversation's topic, and to the inbox of every agent they concern.

It follows each tenant's journal with a cursor kept in the store, which moves once the broker has confirmed all of a
page: a broker that is away makes the journal wait, and a crash makes a page come again with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import structlog

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.errors import TemporaryError
from postroom.ports import topics
from postroom.ports.broker import Broker, Outgoing
from postroom.ports.broker_messages import Happened
from postroom.ports.happenings import Batch, Happening, read_batch
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.telling import events_for
from postroom.ports.world import Clock
from postroom.session.effects import Ignore
from postroom.settings.schema import Generation, Tenant

log = structlog.get_logger(__name__)

LOOK_AT_LEAST_EVERY = 5.0
"""Seconds, should a ring be lost."""
PAUSE = 1.0


class Present(Broker, Protocol):
    """A broker that can be waited for."""

    async def wait(self) -> int:
        """Wait until it is there, and give how often it was by now."""
        ...


class JournalOut:
    """Publishes until cancelled."""

    def __init__(self, store: Store, broker: Present, clock: Clock, current: Callable[[], Generation]) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._current = current

    async def run(self) -> None:
        """Follow every tenant's journal; one that was never followed is followed from here on."""
        bell = self._store.bell(Topic.JOURNAL)
        try:
            while True:
                try:
                    await self.pass_on()
                except TemporaryError as error:
                    log.warning("mqtt_events_wait", why=str(error))
                    await self._clock.sleep(PAUSE)
                    continue
                await bell.wait(LOOK_AT_LEAST_EVERY)
        finally:
            bell.close()

    async def pass_on(self) -> None:
        """Publish what is not published. Raises TemporaryError where the broker or the store is away."""
        names = [tenant.name for tenant in self._current().tenants]
        for tenant in names:
            await self._begin(tenant)
        await self._broker.wait()
        for tenant in names:
            while await self._page(tenant):
                pass

    async def _begin(self, tenant: str) -> None:
        if await self._store.read(lambda tx: tx.broker.cursor(tenant)) is None:
            await self._store.write(lambda tx: tx.broker.set_cursor(tenant, tx.journal.last(tenant)))

    async def _page(self, tenant: str) -> bool:
        batch = await self._store.read(partial(_next, tenant))
        if not batch.happenings:
            return False
        elsewhere = told_elsewhere(self._current().tenant(tenant))
        await self._broker.publish([message for one in batch.happenings for message in messages(one, elsewhere)])
        last = batch.happenings[-1].entry.seq
        await self._store.write(lambda tx: tx.broker.set_cursor(tenant, last))
        return True


def _next(tenant: str, tx: Tx) -> Batch:
    return read_batch(tx, tenant, tx.broker.cursor(tenant) or 0)


def told_elsewhere(tenant: Tenant | None) -> frozenset[str]:
    """The agents whose notices go another way than to their inboxes; who asked for none gets them there too."""
    agents = tenant.agents if tenant is not None else ()
    return frozenset(agent.account for agent in agents if agent.notices and "mqtt" not in agent.notices)


def messages(happening: Happening, elsewhere: frozenset[str] = frozenset()) -> Iterator[Outgoing]:
    """What is published of a decision: what came too late, and changed nothing, concerns nobody.

    The inboxes of those who are told `elsewhere` stay empty.
    """
    entry = happening.entry
    if not any(isinstance(effect, Ignore) for effect in entry.effects):
        yield Outgoing(
            topic=topics.conversation(entry.tenant, entry.conversation),
            payload=encoded(f"{entry.seq}", entry.tenant, f"session.{_name(happening)}", _data(happening), entry.at),
        )
    for agent in sorted(_concerned(happening) - elsewhere):
        yield from _inbox(agent, happening)


def _inbox(agent: str, happening: Happening) -> Iterator[Outgoing]:
    entry = happening.entry
    for number, event in enumerate(events_for(agent, happening)):
        event_id = f"{entry.seq}.{topics.level(agent)}.{number}"
        yield Outgoing(
            topic=topics.inbox(entry.tenant, agent),
            payload=encoded(event_id, entry.tenant, f"agent.{event.name}", event.data, entry.at),
        )


def _concerned(happening: Happening) -> set[str]:
    """Every agent the decision may mean something to; `events_for` says whether and what."""
    found = {str(getattr(effect, "agent", "")) for effect in happening.entry.effects}
    found.add(str(getattr(happening.entry.event, "by", "")))
    session = happening.session
    if session is not None:
        found.add(session.owner)
        found.add(session.offer.agent if session.offer is not None else "")
    return found - {""}


def _name(happening: Happening) -> str:
    return str(happening.entry.event.__struct_config__.tag)


def _data(happening: Happening) -> Happened:
    entry, session = happening.entry, happening.session
    return Happened(
        session=entry.session,
        conversation=entry.conversation,
        at=entry.at,
        event=_name(happening),
        before=entry.before.value,
        after=entry.after.value,
        channel=session.channel if session else "",
        queue=session.queue if session else "",
        owner=session.owner if session else "",
        mail=str(getattr(entry.event, "mail", "")),
        reply=str(getattr(entry.event, "reply", "")),
    )
