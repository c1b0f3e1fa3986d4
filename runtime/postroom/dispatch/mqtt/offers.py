"""Queues that somebody outside serves: who waits there is held out over the broker, for a while, and again until taken.

Nothing is assigned here. An offer is a lease: its token is the right to accept it until it expires, whatever the broker
or its reader does meanwhile; then the session is held out anew, with another token and another id. Whatever ends an
offer, those who were told of it are told so, at least once: what is still to be said is a row in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.dispatch.mqtt.journal import Present
from postroom.errors import TemporaryError
from postroom.ports import topics
from postroom.ports.broker import ExternalOffer, Outgoing, Withdrawal
from postroom.ports.broker_messages import Offered, Withdrawn
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.session.state import Phase, Session
from postroom.settings.schema import Generation, Queue

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Sessions of one queue that are held out in one go; the rest follow, whatever of these is taken, declined or left."""
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
        """Hold out who waits and is not held out; gives how many messages that were.

        Raises TemporaryError where the broker is away.
        """
        await self._broker.wait()
        count, queues = 0, list(external(self._current()))
        while queues:
            published = [(one, await self._pass_on(*one)) for one in queues]
            count += sum(number for _, number in published)
            queues = [one for one, number in published if number >= AT_ONCE]
        return count

    async def _pass_on(self, tenant: str, queue: Queue) -> int:
        """One go for one queue: what is over is said first, so that nobody holds two offers of a session."""
        asked = _Asked(tenant=tenant, queue=queue.name, now=self._clock.now())
        if not await self._store.read(partial(_has_news, asked)):
            return 0
        minted = [(self._ids.new(), self._ids.secret()) for _ in range(AT_ONCE)]
        until = asked.now + timedelta(seconds=queue.offer_for)
        news = await self._store.write(lambda tx: _made(tx, asked, minted, until))
        await self._broker.publish([*map(_withdrawn, news.withdrawals), *news.messages])
        await self._store.write(lambda tx: _confirmed(tx, news))
        return len(news.withdrawals) + len(news.messages)


class _Asked(Struct, frozen=True, kw_only=True):
    """A queue that is looked into, and when."""

    tenant: str
    queue: str
    now: datetime


class _News(Struct, frozen=True, kw_only=True):
    """What is to be published of a queue."""

    withdrawals: tuple[Withdrawal, ...]
    offers: tuple[ExternalOffer, ...]
    messages: tuple[Outgoing, ...]


def external(generation: Generation) -> Iterator[tuple[str, Queue]]:
    """Every queue that somebody outside serves."""
    for tenant in generation.tenants:
        for queue in tenant.queues:
            if queue.served_by == "mqtt":
                yield tenant.name, queue


def _has_news(asked: _Asked, tx: Tx) -> bool:
    """Whether there is anything to publish, or to forget."""
    whose = asked.tenant, asked.queue
    looks = (tx.broker.over, tx.broker.unoffered, tx.broker.unpublished)
    return bool(tx.broker.withdrawals(*whose, 1)) or any(look(*whose, asked.now, 1) for look in looks)


def _made(tx: Tx, asked: _Asked, minted: Sequence[tuple[str, str]], until: datetime) -> _News:
    """Withdraw what is over, and hold out who is not held out."""
    tenant, queue, now = asked.tenant, asked.queue, asked.now
    for offer in tx.broker.over(tenant, queue, now, AT_ONCE):
        _end(tx, offer, now)
    unpublished = tx.broker.unpublished(tenant, queue, now, AT_ONCE)
    fresh = tx.broker.unoffered(tenant, queue, now, AT_ONCE)
    made = [_make(session, names, until) for session, names in zip(fresh, minted, strict=False)]
    for offer in made:
        tx.broker.put_offer(offer)
    offers = (*unpublished, *made)
    return _News(
        withdrawals=tuple(tx.broker.withdrawals(tenant, queue, AT_ONCE)),
        offers=offers,
        messages=tuple(message for offer in offers for message in _messages(tx, offer, now)),
    )


def _end(tx: Tx, offer: ExternalOffer, now: datetime) -> None:
    """Withdraw an offer that is over; of one that was declined that is said already."""
    if offer.token:
        tx.broker.withdraw(offer, _why_over(tx.sessions.get(offer.session), offer), now)
    else:
        tx.broker.drop_offer(offer.session)


def _why_over(session: Session | None, offer: ExternalOffer) -> str:
    if session is None or (session.phase is Phase.QUEUED and session.queue == offer.queue):
        return "expired"
    return "taken" if session.holder or session.owner else "taken_back"


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


def _confirmed(tx: Tx, news: _News) -> None:
    """The broker has it."""
    tx.broker.forget_withdrawals([one.offer for one in news.withdrawals])
    for offer in news.offers:
        tx.broker.offer_published(offer)


def _withdrawn(one: Withdrawal) -> Outgoing:
    data = Withdrawn(offer=one.offer, session=one.session, queue=one.queue, reason=one.reason)
    return Outgoing(
        topic=topics.offers(one.tenant, one.queue),
        payload=encoded(f"{one.offer}.withdrawn", one.tenant, "queue.offer_withdrawn", data, one.at),
        correlation=one.offer.encode(),
    )


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
