"""What the MQTT door keeps, over SQL: how far it published, and what is held out over the broker."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.ports.broker import ExternalOffer
from postroom.session.state import SessionId
from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("broker")


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

    def offers(self, tenant: str, queue: str) -> Sequence[ExternalOffer]:
        """The queue's offers, also those that are over."""
        return [_offer(row) for row in self._db.all(_SQL["broker_offers_of_queue"], (tenant, queue))]

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
