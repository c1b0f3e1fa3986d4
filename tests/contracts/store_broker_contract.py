"""What every store must do for the MQTT door: how far was published, and what is held out over the broker."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.ports.broker import ExternalOffer
from postroom.ports.store import Store, Tx
from postroom.session.state import SessionId
from tests.store.samples import later

OFFER = ExternalOffer(
    session=SessionId("s1"), tenant="acme", queue="help", id="o1", token="secret", expires_at=later(60)
)


class BrokerContract:
    async def test_a_tenants_cursor_moves_and_is_its_own(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.broker.cursor("acme")) is None

        def unit(tx: Tx) -> None:
            tx.broker.set_cursor("acme", 3)
            tx.broker.set_cursor("acme", 7)
            tx.broker.set_cursor("globex", 1)

        await store.write(unit)
        assert await store.read(lambda tx: [tx.broker.cursor("acme"), tx.broker.cursor("globex")]) == [7, 1]

    async def test_a_session_has_one_offer_and_a_late_confirmation_is_of_the_one_before(self, store: Store) -> None:
        again = replace(OFFER, id="o2", token="another")

        def unit(tx: Tx) -> None:
            tx.broker.put_offer(OFFER)
            tx.broker.put_offer(again)
            tx.broker.offer_published(OFFER)

        await store.write(unit)
        assert await store.read(lambda tx: tx.broker.offer(OFFER.session)) == again
        await store.write(lambda tx: tx.broker.offer_published(again))
        assert await store.read(lambda tx: tx.broker.offers("acme", "help")) == [replace(again, is_published=True)]
        assert await store.read(lambda tx: [*tx.broker.offers("acme", "x"), *tx.broker.offers("globex", "help")]) == []
        await store.write(lambda tx: tx.broker.drop_offer(OFFER.session))
        await store.write(lambda tx: tx.broker.drop_offer(SessionId("nobody")))
        assert await store.read(lambda tx: tx.broker.offer(OFFER.session)) is None
