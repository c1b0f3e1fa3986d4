"""Queues that somebody outside serves: who waits there is held out over the broker, for a while, and again until taken.

Nothing is assigned here. An offer is a lease: its token is the right to accept it until it expires, whatever the broker
or its reader does meanwhile; then the session is held out anew, with another token and another id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import structlog

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.dispatch.mqtt.journal import Present
from postroom.errors import TemporaryError
from postroom.ports import topics
from postroom.ports.broker import ExternalOffer, Outgoing
from postroom.ports.broker_messages import Offered
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.session.state import Session
from postroom.settings.schema import Generation, Queue

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Sessions of one queue that are held out at a time: the head of the queue, however long it is."""
SWEEP = 5.0
"""Seconds between two looks where no bell rings; an offer that ran out is renewed within them."""


class ExternalQueues:
    """Holds sessions out until cancelled."""

    def __init__(
        self, store: Store, broker: Present, clock: Clock, ids: Ids, current: Callable[[], Generation]
    ) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._ids = ids
        self._current = current

    async def run(self) -> None:
        """Look into every such queue whenever one changed."""
        bell = self._store.bell(Topic.QUEUES)
        try:
            while True:
                try:
                    await self.offer_all()
                except TemporaryError as error:
                    log.warning("mqtt_offers_wait", why=str(error))
                await bell.wait(SWEEP)
        finally:
            bell.close()

    async def offer_all(self) -> int:
        """Hold out who waits and is not held out; gives how many. Raises TemporaryError where the broker is away."""
        await self._broker.wait()
        return sum([await self._offer(tenant, queue) for tenant, queue in external(self._current())])

    async def _offer(self, tenant: str, queue: Queue) -> int:
        now = self._clock.now()
        look = partial(_to_offer, tenant=tenant, queue=queue.name, now=now)
        if not any(await self._store.read(look)):
            return 0
        minted = {number: (self._ids.new(), self._ids.secret()) for number in range(AT_ONCE)}
        until = now + timedelta(seconds=queue.offer_for)

        def unit(tx: Tx) -> list[Outgoing]:
            fresh, unpublished = look(tx)
            _forget_old(tx, tenant, queue.name, now)
            made = [_make(session, minted[number], until) for number, session in enumerate(fresh)]
            for offer in made:
                tx.broker.put_offer(offer)
            return [message for offer in (*unpublished, *made) for message in _messages(tx, offer, now)]

        out = await self._store.write(unit)
        await self._broker.publish(out)
        await self._store.write(lambda tx: _published(tx, tenant, queue.name, {one.correlation for one in out}))
        return len(out)


def external(generation: Generation) -> Iterator[tuple[str, Queue]]:
    """Every queue that somebody outside serves."""
    for tenant in generation.tenants:
        for queue in tenant.queues:
            if queue.served_by == "mqtt":
                yield tenant.name, queue


def _to_offer(tx: Tx, tenant: str, queue: str, now: datetime) -> tuple[list[Session], list[ExternalOffer]]:
    """Who is to be held out, and the offers that stand and were not confirmed."""
    waiting = [one for one in tx.sessions.waiting(tenant, (queue,), now, AT_ONCE) if not one.is_shadow]
    standing = {offer.session: offer for offer in tx.broker.offers(tenant, queue) if offer.expires_at > now}
    fresh = [session for session in waiting if session.id not in standing]
    waits = {session.id for session in waiting}
    return fresh, [one for one in standing.values() if one.session in waits and one.token and not one.is_published]


def _forget_old(tx: Tx, tenant: str, queue: str, now: datetime) -> None:
    """Drop the offers that are over, also those of sessions that went elsewhere."""
    for offer in tx.broker.offers(tenant, queue):
        if offer.expires_at <= now:
            tx.broker.drop_offer(offer.session)


def _make(session: Session, minted: tuple[str, str], until: datetime) -> ExternalOffer:
    offer_id, token = minted
    return ExternalOffer(
        session=session.id,
        tenant=session.tenant,
        queue=session.queue,
        id=offer_id,
        token=token,
        expires_at=until,
    )


def _published(tx: Tx, tenant: str, queue: str, ids: set[bytes]) -> None:
    for offer in tx.broker.offers(tenant, queue):
        if offer.id.encode() in ids:
            tx.broker.offer_published(offer)


def _messages(tx: Tx, offer: ExternalOffer, now: datetime) -> Iterator[Outgoing]:
    session = tx.sessions.get(offer.session)
    conversation = tx.conversations.get(session.conversation) if session is not None else None
    if session is None or conversation is None:
        return
    data = Offered(
        offer=offer.id,
        session=session.id,
        token=offer.token,
        expires_at=offer.expires_at,
        queue=offer.queue,
        channel=session.channel,
        conversation=session.conversation,
        customer=conversation.customer,
        subject=conversation.subject,
        priority=session.priority,
        queued_at=session.queued_at,
        link=f"/api/v1/{topics.level(offer.tenant)}/conversations/{session.conversation}",
    )
    yield Outgoing(
        topic=topics.offers(offer.tenant, offer.queue),
        payload=encoded(offer.id, offer.tenant, "queue.offer", data),
        response_topic=topics.queue_command(offer.tenant, offer.queue, "accept"),
        correlation=offer.id.encode(),
        expires_after=(offer.expires_at - now).total_seconds(),
    )
