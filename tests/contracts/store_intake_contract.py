"""What every store must do with mails that come in: ledger, mails, conversations."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.errors import PermanentError
from postroom.ports.records import Receipt
from postroom.ports.store import Store, Tx
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId
from tests.store.samples import NOW, conversation, later, mail, on, raw, receipt


def received(tx: Tx, *receipts: Receipt) -> None:
    for one in receipts:
        tx.mails.keep_raw(one.raw)
        tx.ledger.receive(one)


class LedgerContract:
    async def test_an_arrival_is_recorded_whole_with_its_first_attempt(self, store: Store) -> None:
        await store.write(lambda tx: tx.mails.keep_raw(raw(b"x")))
        row, is_new = await store.write(lambda tx: tx.ledger.receive(receipt("r1")))
        assert (row, is_new) == (replace(receipt("r1"), attempts=1), True)
        assert await store.read(lambda tx: tx.ledger.get("r1")) == row
        assert await store.read(lambda tx: tx.ledger.get("r2")) is None

    async def test_a_mail_over_the_limit_is_told_apart(self, store: Store) -> None:
        stub = replace(receipt("r1"), oversize=True)
        assert (await store.write(lambda tx: tx.ledger.receive(stub)))[0].oversize
        assert (await store.write(lambda tx: tx.ledger.receive(receipt("r2"))))[0].oversize
        found = await store.read(lambda tx: tx.ledger.get("r1"))
        assert found is not None
        assert found.oversize

    async def test_the_same_mail_again_keeps_its_row_and_counts_the_attempt(self, store: Store) -> None:
        await store.write(lambda tx: tx.ledger.receive(receipt("r1")))
        row, is_new = await store.write(lambda tx: tx.ledger.receive(replace(receipt("r2", seen=99), listed_size=8)))
        assert (row, is_new) == (replace(receipt("r1"), attempts=2), False)

    async def test_attempts_of_a_settled_mail_no_longer_grow(self, store: Store) -> None:
        await store.write(lambda tx: tx.ledger.receive(receipt("r1")))
        assert await store.write(lambda tx: tx.ledger.settle("r1", Outcome.CONVERSATION, "route help", "m1"))
        await store.write(lambda tx: tx.ledger.count_attempt("r1"))
        row, is_new = await store.write(lambda tx: tx.ledger.receive(receipt("r2")))
        assert not is_new
        assert (row.attempts, row.outcome, row.reason, row.mail) == (1, Outcome.CONVERSATION, "route help", "m1")

    async def test_a_mail_gets_one_outcome_and_keeps_it(self, store: Store) -> None:
        await store.write(lambda tx: tx.ledger.receive(receipt("r1")))
        assert await store.read(lambda tx: [tx.ledger.outcome(one) for one in ("r1", "none")]) == [None, None]
        assert await store.write(lambda tx: tx.ledger.settle("r1", Outcome.OWN, "loop", None))
        assert await store.read(lambda tx: tx.ledger.outcome("r1")) is Outcome.OWN
        assert not await store.write(lambda tx: tx.ledger.settle("r1", Outcome.COPY, "late", "m2"))
        assert not await store.write(lambda tx: tx.ledger.settle("none", Outcome.COPY, "", None))
        row = await store.read(lambda tx: tx.ledger.get("r1"))
        assert row is not None
        assert (row.outcome, row.reason, row.mail) == (Outcome.OWN, "loop", None)

    async def test_the_same_uidl_with_other_bytes_is_another_mail(self, store: Store) -> None:
        """A server may use a UIDL again."""
        first, second = receipt("r1", content=b"a"), receipt("r2", content=b"b")
        assert (await store.write(lambda tx: tx.ledger.receive(first)))[1]
        assert (await store.write(lambda tx: tx.ledger.receive(second)))[1]
        known = await store.read(lambda tx: tx.ledger.known("inbox", ["u1", "u2"]))
        assert {uid: {row.id for row in rows} for uid, rows in known.items()} == {"u1": {"r1", "r2"}}

    async def test_the_same_uidl_and_bytes_in_another_tenant_or_gateway_is_another_mail(self, store: Store) -> None:
        one = receipt("r1")
        others = (replace(receipt("r2"), tenant="globex"), receipt("r3", gateway="other"))
        await store.write(lambda tx: tx.ledger.receive(one))
        for other in others:
            assert (await store.write(on(lambda tx, r: tx.ledger.receive(r), other)))[1]

    async def test_known_answers_for_a_listing_of_any_length(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            for number in range(0, 3000, 2):
                tx.ledger.receive(receipt(f"r{number}", uid=f"u{number}"))

        await store.write(fill)
        for length in (0, 1, 2, 3, 511, 512, 513, 3000):
            listing = [f"u{number}" for number in range(length)]
            known = await store.read(on(lambda tx, uids: tx.ledger.known("inbox", uids), listing))
            assert known.keys() == set(listing[::2])
        assert (await store.read(lambda tx: tx.ledger.known("other", ["u0"]))) == {}

    async def test_a_renamed_mail_is_found_by_its_bytes_once_the_first_is_settled(self, store: Store) -> None:
        """A server that lost its UIDLs offers every mail under a new name."""
        first, again = receipt("r1", uid="old"), receipt("r2", uid="new", seen=5)
        elsewhere = receipt("r3", gateway="other")
        foreign = replace(receipt("r4"), tenant="globex")
        await store.write(lambda tx: received(tx, first, again, elsewhere, foreign))
        sha256 = first.raw.sha256

        def found(tx: Tx) -> str | None:
            row = tx.ledger.settled_with("inbox", sha256, "r2")
            return row.id if row else None

        for name in ("r3", "r4", "r2"):
            await store.write(on(lambda tx, n: tx.ledger.settle(n, Outcome.OWN, "", None), name))
        assert await store.read(found) is None
        await store.write(lambda tx: tx.ledger.settle("r1", Outcome.CONVERSATION, "", "m1"))
        assert await store.read(found) == "r1"

    async def test_one_look_says_which_of_many_mails_may_be_known(self, store: Store) -> None:
        settled, waiting = receipt("r1"), receipt("r2", uid="u2", content=b"y")
        await store.write(lambda tx: received(tx, settled, waiting))
        await store.write(lambda tx: tx.ledger.settle("r1", Outcome.OWN, "", None))
        await store.write(lambda tx: tx.mails.add(mail("m1", None)))
        await store.write(
            lambda tx: tx.mails.add(replace(mail("m2", None, incoming=False), message_id="<2@a.example>"))
        )
        hashes = [settled.raw.sha256, waiting.raw.sha256, "00" * 32]
        assert await store.read(lambda tx: tx.ledger.outcomes(["r1", "r2", "none"])) == {"r1": Outcome.OWN}
        assert await store.read(lambda tx: tx.ledger.settled_bytes(hashes)) == {settled.raw.sha256}
        ids = ["<1@example.org>", "<2@a.example>", "<3@a.example>"]
        assert await store.read(lambda tx: tx.mails.arrived(ids)) == {"<1@example.org>"}

    async def test_a_mail_kept_whole_and_one_of_which_the_header_was_kept_are_never_the_same(
        self, store: Store
    ) -> None:
        whole, stub = receipt("r1"), replace(receipt("r2", uid="u2"), oversize=True)
        more = (replace(whole, id="r3", uid="u3"), replace(stub, id="r4", uid="u4"))
        await store.write(lambda tx: received(tx, whole, stub, *more))
        for name in ("r1", "r2"):
            await store.write(on(lambda tx, n: tx.ledger.settle(n, Outcome.OWN, "", None), name))

        def found(tx: Tx) -> list[str]:
            rows = [tx.ledger.settled_with("inbox", whole.raw.sha256, name) for name in ("r1", "r2", "r3", "r4")]
            return [row.id if row else "" for row in rows]

        assert await store.read(found) == ["", "", "r1", "r2"]

    async def test_unsettled_mails_come_oldest_first_with_their_small_bytes(self, store: Store) -> None:
        rows = [receipt(f"r{number}", uid=f"u{number}", content=b"%d" % number, seen=-number) for number in range(4)]
        await store.write(lambda tx: received(tx, *rows))
        await store.write(lambda tx: tx.ledger.settle("r2", Outcome.OWN, "", None))
        await store.write(lambda tx: tx.ledger.count_attempt("r3"))
        found = await store.read(lambda tx: tx.ledger.unsettled(2))
        assert [(one.id, one.attempts, one.raw.small) for one in found] == [("r3", 2, b"3"), ("r1", 1, b"1")]

    async def test_only_a_quarantined_mail_is_taken_back(self, store: Store) -> None:
        await store.write(lambda tx: received(tx, receipt("r1"), receipt("r2", uid="u2")))
        await store.write(lambda tx: tx.ledger.settle("r1", Outcome.QUARANTINED, "parser", None))
        await store.write(lambda tx: tx.ledger.settle("r2", Outcome.UNROUTED, "no route", None))
        listed = await store.read(lambda tx: tx.ledger.by_outcome("acme", Outcome.QUARANTINED, 9))
        assert [one.id for one in listed] == ["r1"]
        assert await store.write(lambda tx: tx.ledger.reopen("r1"))
        assert not await store.write(lambda tx: tx.ledger.reopen("r1"))
        assert not await store.write(lambda tx: tx.ledger.reopen("r2"))
        row = await store.read(lambda tx: tx.ledger.get("r1"))
        assert row == receipt("r1")

    async def test_by_outcome_gives_the_newest_of_the_tenant(self, store: Store) -> None:
        rows = [receipt(f"r{number}", uid=f"u{number}", seen=number) for number in range(4)]
        foreign = replace(receipt("r9", uid="u9", seen=99), tenant="globex")
        await store.write(lambda tx: received(tx, *rows, foreign))
        for one in (*rows, foreign):
            await store.write(on(lambda tx, n: tx.ledger.settle(n, Outcome.OVERSIZE, "", None), one.id))
        listed = await store.read(lambda tx: tx.ledger.by_outcome("acme", Outcome.OVERSIZE, 2))
        assert [one.id for one in listed] == ["r3", "r2"]


class MailsContract:
    async def test_a_mail_is_read_back_as_it_was_stored(self, store: Store) -> None:
        filed = replace(mail("m2", None), message_id=None, new_participant=False, trace=())
        await store.write(lambda tx: tx.conversations.add(conversation()))
        for one in (mail("m1"), filed):
            await store.write(on(lambda tx, m: tx.mails.add(m), one))
        assert await store.read(lambda tx: tx.mails.get("m1")) == mail("m1")
        assert await store.read(lambda tx: tx.mails.get("m2")) == filed
        assert await store.read(lambda tx: tx.mails.get("m3")) is None

    async def test_bytes_are_kept_once_and_found_by_their_name(self, store: Store) -> None:
        large = replace(raw(b"large"), small=None)
        for one in (raw(), raw(), large):
            await store.write(on(lambda tx, r: tx.mails.keep_raw(r), one))
        assert await store.read(lambda tx: tx.mails.raw(raw().sha256)) == raw()
        assert await store.read(lambda tx: tx.mails.raw(large.sha256)) == large
        assert await store.read(lambda tx: tx.mails.raw("00" * 32)) is None

    async def test_a_mail_of_a_conversation_that_is_not_there_is_refused(self, store: Store) -> None:
        with pytest.raises(PermanentError, match="refused a row"):
            await store.write(lambda tx: tx.mails.add(mail("m1", "nowhere")))

    async def test_mails_come_in_order_of_receipt(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            tx.conversations.add(conversation())
            for name, at in (("m3", 3), ("m1", 1), ("m2", 2)):
                tx.mails.add(mail(name, at=at))
            tx.mails.add(mail("m4", at=4, incoming=False))
            tx.mails.add(replace(mail("m5", None, at=5), tenant="globex"))

        await store.write(fill)
        of = await store.read(lambda tx: tx.mails.of_conversation(ConversationId("c1")))
        assert [one.id for one in of] == ["m1", "m2", "m3", "m4"]
        assert [one.id for one in await store.read(lambda tx: tx.mails.latest("acme", 2))] == ["m3", "m2"]

    async def test_a_copy_is_the_same_message_id_author_and_body_on_the_channel(self, store: Store) -> None:
        """The key of a copy is (channel after routing, Message-ID, From, body hash)."""
        first = mail("m1", None, at=0)
        different = (
            replace(first, id="d1", message_id="<2@example.org>"),
            replace(first, id="d2", from_address="ben@example.org"),
            replace(first, id="d3", body_hash="ef" * 32),
            replace(first, id="d4", channel="sales"),
            replace(first, id="d5", tenant="globex"),
            replace(first, id="d6", message_id=None),
        )
        await store.write(lambda tx: tx.mails.add(first))
        for one in different:
            assert await store.read(on(lambda tx, m: tx.mails.copy_of(m, later(-9)), one)) is None
        again = replace(first, id="m2", received_at=later(60))
        assert await store.read(lambda tx: tx.mails.copy_of(again, later(-9))) == first
        assert await store.read(lambda tx: tx.mails.copy_of(again, later(1))) is None
        assert await store.read(lambda tx: tx.mails.copy_of(first, later(-9))) is None, "no mail is a copy of itself"

    async def test_our_own_reply_is_not_what_a_mail_is_a_copy_of(self, store: Store) -> None:
        await store.write(lambda tx: tx.mails.add(mail("m1", None, incoming=False)))
        assert await store.read(lambda tx: tx.mails.copy_of(mail("m2", None), later(-9))) is None


class ConversationsContract:
    async def test_a_conversation_is_read_back_as_it_was_stored(self, store: Store) -> None:
        bare = replace(conversation("c2"), related=None, participants=())
        for one in (conversation(), bare):
            await store.write(on(lambda tx, c: tx.conversations.add(c), one))
        assert await store.read(lambda tx: tx.conversations.get(ConversationId("c1"))) == conversation()
        assert await store.read(lambda tx: tx.conversations.get(ConversationId("c2"))) == bare
        assert await store.read(lambda tx: tx.conversations.get(ConversationId("c3"))) is None

    async def test_a_touch_adds_who_is_new_and_never_moves_the_time_back(self, store: Store) -> None:
        name = ConversationId("c1")
        await store.write(lambda tx: tx.conversations.add(conversation()))
        await store.write(lambda tx: tx.conversations.touch(name, later(50), ["zoe@example.org", "ben@example.org"]))
        await store.write(lambda tx: tx.conversations.touch(name, later(20), []))
        found = await store.read(lambda tx: tx.conversations.get(name))
        everybody = ("anna@example.org", "ben@example.org", "zoe@example.org")
        assert found == replace(conversation(), last_mail_at=later(50), participants=everybody)

    async def test_a_touch_of_a_conversation_that_is_not_there_is_refused(self, store: Store) -> None:
        with pytest.raises(PermanentError, match="no conversation c9"):
            await store.write(lambda tx: tx.conversations.touch(ConversationId("c9"), NOW, []))

    async def test_message_ids_lead_to_conversations_of_their_tenant_in_the_order_asked(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            tx.conversations.add(conversation("c1"))
            tx.conversations.add(conversation("c2"))
            tx.conversations.add(conversation("c3", "globex"))
            tx.conversations.name("acme", "<a@x>", ConversationId("c1"), "inbox", later(1))
            tx.conversations.name("acme", "<b@x>", ConversationId("c1"), "inbox", later(2))
            tx.conversations.name("acme", "<b@x>", ConversationId("c2"), "other", later(3))
            tx.conversations.name("acme", "<b@x>", ConversationId("c2"), "other", later(99))
            tx.conversations.name("globex", "<a@x>", ConversationId("c3"), "inbox", later(4))

        await store.write(fill)
        hits = await store.read(lambda tx: tx.conversations.find("acme", ["<none@x>", "<b@x>", "<a@x>", "<b@x>"]))
        assert [(hit.message_id, hit.conversation.id, hit.gateway, hit.seen_at) for hit in hits] == [
            ("<b@x>", "c2", "other", later(3)),
            ("<b@x>", "c1", "inbox", later(2)),
            ("<a@x>", "c1", "inbox", later(1)),
        ]
        assert hits[0].conversation == conversation("c2")
        assert await store.read(lambda tx: tx.conversations.find("acme", [])) == []
        assert await store.read(lambda tx: tx.conversations.named("acme", ["<none@x>", "<a@x>", "<b@x>"])) == {
            "<a@x>",
            "<b@x>",
        }
        assert await store.read(lambda tx: tx.conversations.named("globex", ["<b@x>"])) == set()
