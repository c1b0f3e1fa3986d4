"""What the MQTT door keeps, over SQL: how far it published, and what is held out over the broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from postroom.ports.broker import ExternalOffer, Withdrawal
from postroom.session.state import Session, SessionId
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import Query, queries

_SQL = queries("broker")
_SESSION = msgspec.json.Decoder(Session)


class SqlBroker:
    """ports.broker.BrokerStore."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def cursor(self, tenant: str) -> int | None:
        """The newest decision published; None where publishing never began."""
        row = self._db.one(_SQL["broker_cursor"], (tenant,))
        return row[0] if row else None

    def set_cursor(self, tenant: str, seq: int) -> None:
        """Decisions up to that number were published."""
        self._db.run(_SQL["broker_set_cursor"], (tenant, seq))

    def unoffered(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[Session]:
        """Who waits in the queue for anybody and is not held out now, in order of turn, whoever stands before them."""
        rows = self._db.all(_SQL["broker_unoffered"], (to_micros(now), tenant, queue, limit))
        return [_SESSION.decode(row[0]) for row in rows]

    def unpublished(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[ExternalOffer]:
        """The queue's offers that stand and that the broker did not confirm."""
        return self._offers(_SQL["broker_unpublished"], tenant, queue, now, limit)

    def over(self, tenant: str, queue: str, now: datetime, limit: int) -> Sequence[ExternalOffer]:
        """The queue's offers that ran out, or whose sessions do not wait there any more."""
        return self._offers(_SQL["broker_over"], tenant, queue, now, limit)

    def offer(self, session: SessionId) -> ExternalOffer | None:
        """The session's offer."""
        row = self._db.one(_SQL["broker_offer"], (session,))
        return _offer(row) if row else None

    def put_offer(self, offer: ExternalOffer) -> None:
        """Keep an offer instead of the session's one before."""
        at, is_published = to_micros(offer.expires_at), int(offer.is_published)
        row = (offer.session, offer.tenant, offer.queue, offer.id, offer.token, at, is_published)
        self._db.run(_SQL["broker_put_offer"], row)

    def offer_published(self, offer: ExternalOffer) -> None:
        """The broker confirmed that very offer."""
        self._db.run(_SQL["broker_offer_published"], (offer.session, offer.id))

    def drop_offer(self, session: SessionId) -> None:
        """Forget the session's offer."""
        self._db.run(_SQL["broker_drop_offer"], (session,))

    def withdraw(self, offer: ExternalOffer, reason: str, at: datetime) -> None:
        """Forget the offer, and remember to say so."""
        row = (offer.id, offer.session, offer.tenant, offer.queue, reason, to_micros(at))
        self._db.run(_SQL["broker_withdraw"], row)
        self.drop_offer(offer.session)

    def withdrawals(self, tenant: str, queue: str, limit: int) -> Sequence[Withdrawal]:
        """What of the queue's is still to be said, the oldest first."""
        rows = self._db.all(_SQL["broker_withdrawals"], (tenant, queue, limit))
        return [
            Withdrawal(offer=row[0], session=row[1], tenant=row[2], queue=row[3], reason=row[4], at=to_time(row[5]))
            for row in rows
        ]

    def forget_withdrawals(self, offers: Sequence[str]) -> None:
        """The broker confirmed that it was said of these offers, by their ids."""
        self._db.many(_SQL["broker_forget_withdrawal"], [(offer,) for offer in offers])

    def _offers(self, query: Query, tenant: str, queue: str, now: datetime, limit: int) -> list[ExternalOffer]:
        return [_offer(row) for row in self._db.all(query, (tenant, queue, to_micros(now), limit))]


def _offer(row: Row) -> ExternalOffer:
    return ExternalOffer(
        session=row[0],
        tenant=row[1],
        queue=row[2],
        id=row[3],
        token=row[4],
        expires_at=to_time(row[5]),
        is_published=bool(row[6]),
    )
