"""What every store must do for the MQTT door: how far was published, and what is held out over the broker."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.ports.broker import ExternalOffer
from postroom.ports.store import Store, Tx
from postroom.session.state import Phase, SessionId
from tests.contracts.store_service_contract import saved, waiting_at
from tests.store.samples import NOW, later, on

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
        assert await store.read(lambda tx: tx.broker.unpublished("acme", "help", NOW, 9)) == [again]
        assert await store.read(lambda tx: tx.broker.unpublished("acme", "x", NOW, 9)) == []
        assert await store.read(lambda tx: tx.broker.unpublished("globex", "help", NOW, 9)) == []
        assert await store.read(lambda tx: tx.broker.unpublished("acme", "help", again.expires_at, 9)) == []
        await store.write(lambda tx: tx.broker.offer_published(again))
        assert await store.read(lambda tx: tx.broker.offer(OFFER.session)) == replace(again, is_published=True)
        assert await store.read(lambda tx: tx.broker.unpublished("acme", "help", NOW, 9)) == []
        await store.write(lambda tx: tx.broker.drop_offer(OFFER.session))
        await store.write(lambda tx: tx.broker.drop_offer(SessionId("nobody")))
        assert await store.read(lambda tx: tx.broker.offer(OFFER.session)) is None

    async def test_who_is_held_out_does_not_hide_who_waits_behind_him(self, store: Store) -> None:
        rows = [waiting_at(f"s{number}", number) for number in range(6)]

        def unit(tx: Tx) -> None:
            saved(tx, *rows)
            for number in range(4):
                name = rows[number].id
                tx.broker.put_offer(replace(OFFER, session=name, id=f"o{number}", queue="english"))

        await store.write(unit)
        behind = await store.read(lambda tx: tx.broker.unoffered("acme", "english", NOW, 9))
        assert [one.id for one in behind] == [rows[4].id, rows[5].id]
        first = await store.read(lambda tx: tx.broker.unoffered("acme", "english", OFFER.expires_at, 2))
        assert [one.id for one in first] == [rows[0].id, rows[1].id]

    async def test_an_offer_is_over_when_it_ran_out_or_its_session_does_not_wait_there(self, store: Store) -> None:
        waits, taken, moved = (waiting_at(name, 1) for name in ("waits", "taken", "moved"))

        def unit(tx: Tx) -> None:
            saved(tx, waits, taken, moved)
            for one in (waits, taken, moved):
                tx.broker.put_offer(replace(OFFER, session=one.id, id=f"o-{one.id}", queue="english"))
            tx.sessions.save(replace(taken, phase=Phase.ASSIGNED))
            tx.sessions.save(replace(moved, queue="german"))

        await store.write(unit)
        over = await store.read(lambda tx: tx.broker.over("acme", "english", NOW, 9))
        assert {one.id for one in over} == {f"o-{taken.id}", f"o-{moved.id}"}
        assert len(await store.read(lambda tx: tx.broker.over("acme", "english", OFFER.expires_at, 9))) == 3
        assert await store.read(lambda tx: tx.broker.over("globex", "english", OFFER.expires_at, 9)) == []

    async def test_a_withdrawal_is_remembered_until_it_was_said(self, store: Store) -> None:
        other = replace(OFFER, session=SessionId("s2"), id="o2")

        def unit(tx: Tx) -> None:
            tx.broker.put_offer(OFFER)
            tx.broker.withdraw(other, "expired", later(1))
            tx.broker.withdraw(OFFER, "taken", NOW)
            tx.broker.withdraw(OFFER, "expired", later(2))

        await store.write(unit)
        assert await store.read(lambda tx: tx.broker.offer(OFFER.session)) is None
        said = await store.read(lambda tx: tx.broker.withdrawals("acme", "help", 9))
        assert [(one.offer, one.session, one.reason, one.at) for one in said] == [
            ("o1", "s1", "taken", NOW),
            ("o2", "s2", "expired", later(1)),
        ]
        await store.write(lambda tx: tx.broker.forget_withdrawals(["o1"]))
        left = await store.read(on(lambda tx, most: tx.broker.withdrawals("acme", "help", most), 1))
        assert [one.offer for one in left] == ["o2"]
