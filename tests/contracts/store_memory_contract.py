"""What every store must remember of customers and mails: who answered last, twins, dead addresses, robots' answers."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.ports.records import Conversation, Reply, ReplyState
from postroom.ports.store import Store, Tx
from postroom.session.state import SessionId, TimerKind
from tests.contracts.store_automatic_contract import ONE, remember
from tests.store.samples import NOW, conversation, later, mail, on, raw, reply, timer


class SessionTimersContract:
    async def test_a_session_knows_its_own_timers_of_every_kind(self, store: Store) -> None:
        hold = replace(timer("s1", 9, token=""), kind=TimerKind.HOLD)
        for one in (timer("s1", 5), hold, timer("s2", 1)):
            await store.write(on(lambda tx, each: tx.timers.arm(each), one))
        found = await store.read(lambda tx: tx.timers.of_session(SessionId("s1")))
        assert {row.kind: row for row in found} == {TimerKind.OFFER_EXPIRY: timer("s1", 5), TimerKind.HOLD: hold}
        assert await store.read(lambda tx: tx.timers.of_session(SessionId("s3"))) == []

    async def test_the_timers_of_many_sessions_are_read_at_once(self, store: Store) -> None:
        hold = replace(timer("s1", 9, token=""), kind=TimerKind.HOLD)
        for one in (timer("s1", 5), hold, timer("s2", 1), timer("s4")):
            await store.write(on(lambda tx, each: tx.timers.arm(each), one))
        asked = [SessionId(name) for name in ("s1", "s2", "s3")]
        found = await store.read(lambda tx: tx.timers.of_sessions(asked))
        assert {name: {row.kind for row in rows} for name, rows in found.items()} == {
            "s1": {TimerKind.OFFER_EXPIRY, TimerKind.HOLD},
            "s2": {TimerKind.OFFER_EXPIRY},
        }


async def answered(store: Store, of: Conversation, one: Reply) -> None:
    """A reply in that conversation, which is stored where it is new."""

    def unit(tx: Tx) -> None:
        if tx.conversations.get(of.id) is None:
            tx.conversations.add(of)
        tx.mails.keep_raw(raw())
        tx.replies.add(replace(one, conversation=of.id, tenant=of.tenant, channel=of.channel))

    await store.write(unit)


class LastAgentContract:
    async def test_who_replied_to_a_customer_last_is_known_over_all_conversations_of_the_channel(
        self, store: Store
    ) -> None:
        def last(tx: Tx, customer: str = "anna@example.org") -> tuple[str, datetime] | None:
            return tx.replies.last_to_customer("acme", "help", customer)

        assert await store.read(last) is None
        await answered(store, conversation("c1"), reply("r1"))
        await answered(store, conversation("c2"), replace(reply("r2"), agent="bob", accepted_at=later(9)))
        assert await store.read(last) == ("bob", later(9))
        assert await store.read(lambda tx: last(tx, "ANNA@example.ORG")) == ("bob", later(9))
        assert await store.read(lambda tx: last(tx, "ben@example.org")) is None

    async def test_letter_case_in_what_is_stored_is_no_difference_either(self, store: Store) -> None:
        await answered(store, replace(conversation(), customer="Anna@Example.ORG"), reply("r1"))
        found = await store.read(lambda tx: tx.replies.last_to_customer("acme", "help", "anna@example.org"))
        assert found == ("eve", NOW)

    async def test_another_channel_another_tenant_an_automatic_reply_or_one_taken_back_counts_for_nobody(
        self, store: Store
    ) -> None:
        await answered(store, replace(conversation("c1"), channel="shop"), reply("r1"))
        await answered(store, replace(conversation("c2"), tenant="globex"), reply("r2"))
        await answered(store, conversation("c3"), replace(reply("r3"), agent="", automatic="working"))
        await answered(store, conversation("c3"), reply("r4"))
        await store.write(lambda tx: tx.replies.set_state("r4", ReplyState.WITHDRAWN))
        found = await store.read(lambda tx: tx.replies.last_to_customer("acme", "help", "anna@example.org"))
        assert found is None


class TwinsContract:
    async def test_the_same_mail_on_another_channel_leads_to_its_oldest_conversation(self, store: Store) -> None:
        mine = mail("m3")

        def unit(tx: Tx) -> None:
            for name in ("c1", "c2"):
                tx.conversations.add(conversation(name))
            tx.mails.add(replace(mail("m2", "c2", at=5), channel="sales"))
            tx.mails.add(replace(mail("m1", "c1", at=1), channel="shop"))

        await store.write(unit)
        assert await store.read(lambda tx: tx.mails.twin_of(mine)) == "c1"

    async def test_what_differs_in_anything_or_is_nowhere_to_be_found_is_no_twin(self, store: Store) -> None:
        twin = replace(mail("m1"), channel="shop")

        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation("c1"))
            tx.mails.add(mail("same-channel"))
            tx.mails.add(replace(twin, id="ours", incoming=False))
            tx.mails.add(replace(twin, id="filed", conversation=None))
            tx.mails.add(replace(twin, id="foreign", tenant="globex"))
            tx.mails.add(replace(twin, id="author", from_address="ben@example.org"))
            tx.mails.add(replace(twin, id="body", body_hash="ef" * 32))
            tx.mails.add(replace(twin, id="name", message_id="<2@example.org>"))
            tx.mails.add(replace(twin, id="nameless", message_id=None, body_hash=""))

        await store.write(unit)
        mine = mail("mine")
        assert await store.read(lambda tx: tx.mails.twin_of(mine)) is None
        assert await store.read(lambda tx: tx.mails.twin_of(replace(mine, message_id=None))) is None
        assert await store.read(lambda tx: tx.mails.twin_of(replace(mine, body_hash=""))) is None


class UndeliverableContract:
    async def test_an_address_is_undeliverable_until_its_time_in_any_letter_case_and_for_its_tenant(
        self, store: Store
    ) -> None:
        await store.write(lambda tx: tx.undeliverable.add("acme", "Anna@Example.org", NOW, later(60)))

        def has(tx: Tx, tenant: str, address: str, at: float) -> bool:
            return tx.undeliverable.has(tenant, address, later(at))

        assert await store.read(lambda tx: has(tx, "acme", "anna@example.ORG", 59))
        assert not await store.read(lambda tx: has(tx, "acme", "anna@example.org", 60))
        assert not await store.read(lambda tx: has(tx, "globex", "anna@example.org", 0))
        assert not await store.read(lambda tx: has(tx, "acme", "ben@example.org", 0))

    async def test_an_address_that_failed_again_waits_anew(self, store: Store) -> None:
        await store.write(lambda tx: tx.undeliverable.add("acme", "anna@example.org", NOW, later(60)))
        await store.write(lambda tx: tx.undeliverable.add("acme", "ANNA@example.org", later(50), later(110)))
        assert await store.read(lambda tx: tx.undeliverable.has("acme", "anna@example.org", later(100)))


class RobotAnswersContract:
    async def test_answers_of_robots_and_automatic_texts_are_counted_apart(self, store: Store) -> None:
        robot = replace(ONE, reply="r2", kind="robot")
        await remember(
            store,
            ONE,
            robot,
            replace(robot, reply="r3", at=later(60)),
            replace(robot, reply="r4", channel="shop"),
            replace(robot, reply="r5", tenant="globex"),
            replace(robot, reply="r6", sender="ben@example.org"),
        )

        def counts(tx: Tx, after: float) -> tuple[int, int]:
            key = ("acme", "help", "anna@example.org", later(after))
            return tx.automatic.of_robots(*key), tx.automatic.to_sender(*key)

        assert await store.read(on(counts, -1)) == (2, 1)
        assert await store.read(on(counts, 0)) == (1, 0)
        assert await store.read(on(counts, 60)) == (0, 0)
