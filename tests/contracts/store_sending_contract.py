"""What every store must do with answers on their way out: outbox, replies, idempotency."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from postroom.errors import PermanentError
from postroom.ports.records import Attempt, OutboxRow, ReplyRecipient, ReplyState, StoredAnswer
from postroom.ports.store import Store, Tx
from postroom.session.effects import AskRobot
from postroom.session.state import ConversationId
from tests.store.samples import NOW, add_reply, conversation, later, on, outbox_row, reply

MINUTE = 60.0


async def put_in(store: Store, *rows: OutboxRow) -> None:
    for row in rows:
        await store.write(on(lambda tx, one: tx.outbox.add(one), row))


async def lease(store: Store, at: float = 0, limit: int = 99, token: str = "mine") -> list[str]:
    """Lease for 20 minutes what is due at that many seconds, and give the ids."""
    rows = await store.write(lambda tx: tx.outbox.lease(token, later(at), later(at + 20 * MINUTE), limit))
    assert all(row.lease == token for row in rows)
    return [row.id for row in rows]


async def again(store: Store, row: str, due: float) -> None:
    await store.write(lambda tx: tx.outbox.again(row, later(due), "4yz"))


TENANTS = ((1, "acme"), (2, "acme_2"), (3, "a_me"))


class SentMailsContract:
    async def test_mails_are_counted_by_day_and_gateway_and_taken_back_down_to_nought(self, store: Store) -> None:
        for gateway in ("out", "out", "other"):
            await store.write(on(lambda tx, one: tx.sent.count("acme", one, "2026-03-02"), gateway))
        assert await store.read(lambda tx: tx.sent.by_gateway("acme", "2026-03-02")) == {"out": 2, "other": 1}
        assert await store.read(lambda tx: tx.sent.by_gateway("acme", "2026-03-03")) == {}
        assert await store.read(lambda tx: tx.sent.by_gateway("beta", "2026-03-02")) == {}
        for _ in range(2):
            await store.write(lambda tx: tx.sent.take_back("acme", "other", "2026-03-02"))
        assert await store.read(lambda tx: tx.sent.by_gateway("acme", "2026-03-02")) == {"out": 2, "other": 0}
        assert await store.write(lambda tx: tx.sent.forget_days_before("acme", "2026-03-02")) == 0
        assert await store.write(lambda tx: tx.sent.forget_days_before("acme", "2026-03-03")) == 2

    async def test_turns_are_given_until_a_time(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.sent.turn("acme", "out")) is None
        for seconds in (5, 9):
            await store.write(on(lambda tx, at: tx.sent.give_turns_until("acme", "out", later(at)), seconds))
        assert await store.read(lambda tx: tx.sent.turn("acme", "out")) == later(9)

    async def test_a_postponed_row_keeps_its_turn_and_counts_no_attempt(self, store: Store) -> None:
        await put_in(store, outbox_row("o1", due=0))
        await lease(store)
        await store.write(lambda tx: tx.outbox.postpone("o1", later(5), "its turn", later(5)))
        assert await lease(store, 4) == []
        (row,) = await store.write(lambda tx: tx.outbox.lease("mine", later(5), later(9), 9))
        assert (row.turn_at, row.attempts) == (later(5), 0)
        await again(store, "o1", 6)
        (row,) = await store.write(lambda tx: tx.outbox.lease("mine", later(6), later(9), 9))
        assert (row.turn_at, row.attempts) == (None, 1)


class OutboxContract:
    async def test_a_row_is_leased_whole_once_it_is_due_and_once_only(self, store: Store) -> None:
        await put_in(store, outbox_row("o1", due=5))
        assert await lease(store, 4) == []
        rows = await store.write(lambda tx: tx.outbox.lease("mine", later(5), later(9), 9))
        assert rows == [replace(outbox_row("o1", due=5), lease="mine", leased_until=later(9))]
        assert await lease(store, 6, token="other") == []

    async def test_rows_of_different_conversations_come_the_longest_due_first_up_to_the_limit(
        self, store: Store
    ) -> None:
        await put_in(store, *(outbox_row(f"o{number}", f"c{number}", due=-number) for number in range(5)))
        assert await lease(store, limit=3) == ["o4", "o3", "o2"]
        assert await lease(store, limit=3) == ["o1", "o0"]

    async def test_rows_of_one_conversation_come_one_at_a_time_in_the_order_put_in(self, store: Store) -> None:
        """Replies leave in the order they were accepted, whatever their due times and ids."""
        await put_in(store, outbox_row("z", due=-1), outbox_row("m", due=-3), outbox_row("a", due=-2))
        order = []
        for _ in range(3):
            (leased,) = await lease(store)
            assert await lease(store) == []
            await store.write(on(lambda tx, row: tx.outbox.done(row), leased))
            order.append(leased)
        assert order == ["z", "m", "a"]
        assert await lease(store) == []

    async def test_a_row_put_in_for_later_keeps_the_ones_behind_it_waiting_for_its_first_attempt(
        self, store: Store
    ) -> None:
        await put_in(store, outbox_row("o1", due=3600), outbox_row("o2"))
        assert await lease(store, 3599) == []
        assert await lease(store, 3600) == ["o1"]

    async def test_a_retry_keeps_later_rows_waiting_for_ten_minutes_after_the_first_attempt_and_no_longer(
        self, store: Store
    ) -> None:
        await put_in(store, outbox_row("o1"), outbox_row("o2"), outbox_row("o3"))
        assert await lease(store, 0) == ["o1"]
        await again(store, "o1", due=5 * MINUTE)
        assert await lease(store, 4 * MINUTE) == []
        assert await lease(store, 5 * MINUTE) == ["o1"]
        await again(store, "o1", due=60 * MINUTE)
        assert await lease(store, 10 * MINUTE - 1) == []
        assert await lease(store, 10 * MINUTE) == ["o2"]

    async def test_a_retry_that_falls_due_waits_for_the_row_that_passed_it(self, store: Store) -> None:
        await put_in(store, outbox_row("o1"), outbox_row("o2"), outbox_row("o3"))
        await lease(store, 0)
        await again(store, "o1", due=15 * MINUTE)
        assert await lease(store, 12 * MINUTE) == ["o2"]
        assert await lease(store, 16 * MINUTE) == [], "o2 is in somebody's hands"
        await store.write(lambda tx: tx.outbox.done("o2"))
        assert await lease(store, 16 * MINUTE) == ["o1"], "the oldest goes first again"

    async def test_a_lease_that_ran_out_can_be_taken_by_another(self, store: Store) -> None:
        await put_in(store, outbox_row("o1"), outbox_row("o2"))
        assert await lease(store, 0, token="dead") == ["o1"]
        assert await lease(store, 20 * MINUTE - 1) == []
        assert await lease(store, 20 * MINUTE) == ["o1"]

    async def test_a_lease_holds_until_it_runs_out_is_given_back_or_its_row_is_closed(self, store: Store) -> None:
        async def holds(token: str, at: datetime) -> bool:
            return await store.read(lambda tx: tx.outbox.holds("o1", token, at))

        await put_in(store, outbox_row("o1"))
        assert not await holds("mine", NOW)
        await lease(store)
        assert await holds("mine", later(20 * MINUTE - 1))
        assert not await holds("mine", later(20 * MINUTE))
        assert not await holds("other", NOW)
        await store.write(lambda tx: tx.outbox.release("mine"))
        assert not await holds("mine", NOW)
        await lease(store)
        await store.write(lambda tx: tx.outbox.done("o1"))
        assert not await holds("mine", NOW)

    async def test_a_row_given_back_counts_its_attempt_and_a_released_one_does_not(self, store: Store) -> None:
        await put_in(store, outbox_row("o1"))
        await lease(store)
        await store.write(lambda tx: tx.outbox.release("mine"))
        (row,) = await store.write(lambda tx: tx.outbox.lease("mine", NOW, later(9), 9))
        assert row.attempts == 0
        await again(store, "o1", due=1)
        (row,) = await store.write(lambda tx: tx.outbox.lease("mine", later(1), later(9), 9))
        assert (row.attempts, row.due_at) == (1, later(1))

    async def test_at_the_start_every_row_in_a_dead_hand_is_given_back(self, store: Store) -> None:
        await put_in(store, outbox_row("o1", "c1"), outbox_row("o2", "c2"), outbox_row("o3", "c3"))
        await lease(store, limit=1, token="one")
        await lease(store, limit=1, token="two")
        assert await store.write(lambda tx: tx.outbox.reclaim()) == 2
        assert sorted(await lease(store)) == ["o1", "o2", "o3"]

    async def test_a_closed_row_never_comes_back(self, store: Store) -> None:
        await put_in(store, outbox_row("o1", "c1"), outbox_row("o2", "c2"))
        await store.write(lambda tx: tx.outbox.done("o1"))
        await store.write(lambda tx: tx.outbox.fail("o2", "5yz"))
        for row in ("o1", "o2"):
            await again(store, row, due=0)
        assert await lease(store, 9) == []
        assert await store.read(lambda tx: tx.outbox.next_due()) is None

    async def test_the_same_effect_is_never_put_in_twice(self, store: Store) -> None:
        await put_in(store, outbox_row("o1"))
        await store.write(lambda tx: tx.outbox.done("o1"))
        with pytest.raises(PermanentError, match="refused a row"):
            await put_in(store, outbox_row("o1"))

    async def test_replies_of_held_tenants_stay_where_they_are_and_nothing_else_does(self, store: Store) -> None:
        others = [replace(outbox_row(f"o{number}", f"c{number}"), tenant=name) for number, name in TENANTS]
        asks = AskRobot(robot="faq", turn=1, mail="m1")
        await put_in(store, *others, replace(outbox_row("o9", "c9"), effect=asks))

        async def free(*held: str) -> list[str]:
            rows = await store.write(lambda tx: tx.outbox.lease("look", NOW, later(9), 99, held))
            await store.write(lambda tx: tx.outbox.release("look"))
            return sorted(row.id for row in rows)

        assert await free() == ["o1", "o2", "o3", "o9"]
        assert await free("acme") == ["o2", "o3", "o9"]
        assert await free("a_me", "other") == ["o1", "o2", "o9"]
        assert await free("acm", "me", "cme_2") == ["o1", "o2", "o3", "o9"]
        assert await free("") == ["o9"]
        await store.write(lambda tx: tx.outbox.done("o9"))
        assert await store.read(lambda tx: tx.outbox.next_due([""])) is None
        assert await store.read(lambda tx: tx.outbox.next_due([name for _, name in TENANTS])) is None
        assert await store.read(lambda tx: tx.outbox.next_due(["acme"])) == NOW

    async def test_next_due_is_the_earliest_row_in_nobodys_hands(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.outbox.next_due()) is None
        await put_in(store, outbox_row("o1", "c1", due=3), outbox_row("o2", "c2", due=7))
        assert await store.read(lambda tx: tx.outbox.next_due()) == later(3)
        await lease(store, 3)
        assert await store.read(lambda tx: tx.outbox.next_due()) == later(7)


class RepliesContract:
    async def test_a_reply_is_read_back_with_its_recipients_in_their_order(self, store: Store) -> None:
        await store.write(add_reply)
        assert await store.read(lambda tx: tx.replies.get("r1")) == reply()
        assert await store.read(lambda tx: tx.replies.get("r2")) is None

    async def test_a_reply_whose_bytes_were_not_kept_is_refused(self, store: Store) -> None:
        await store.write(lambda tx: tx.conversations.add(conversation()))
        with pytest.raises(PermanentError, match="refused a row"):
            await store.write(lambda tx: tx.replies.add(reply()))

    async def test_replies_of_a_conversation_come_in_the_order_accepted(self, store: Store) -> None:
        for name, of in (("r9", "c1"), ("r1", "c1"), ("r5", "c2")):
            await store.write(on(lambda tx, names: add_reply(tx, *names), (name, of)))
        found = await store.read(lambda tx: tx.replies.of_conversation(ConversationId("c1")))
        assert found == [reply("r9"), reply("r1")]

    async def test_each_recipient_has_a_state_of_his_own(self, store: Store) -> None:
        failed = ReplyRecipient(
            address="anna@example.org", field="cc", state=ReplyState.FAILED, code=550, words="no such user"
        )
        await store.write(add_reply)
        await store.write(lambda tx: tx.replies.set_recipients("r1", [failed]))
        await store.write(lambda tx: tx.replies.set_state("r1", ReplyState.DELAYED))
        found = await store.read(lambda tx: tx.replies.get("r1"))
        assert found == replace(reply(), state=ReplyState.DELAYED, recipients=(reply().recipients[0], failed))

    async def test_attempts_are_kept_in_order_and_one_without_end_is_an_unknown_outcome(self, store: Store) -> None:
        to = ("zoe@example.org", "anna@example.org")
        first = Attempt(id="t9", reply="r1", started_at=later(1), recipients=to)
        second = Attempt(id="t1", reply="r1", started_at=later(1), recipients=to[:1])
        await store.write(add_reply)
        for one in (first, second):
            await store.write(on(lambda tx, attempt: tx.replies.start_attempt(attempt), one))
        await store.write(lambda tx: tx.replies.end_attempt("t9", later(2), "no reply to the final dot", unknown=True))
        ended = replace(first, ended_at=later(2), words="no reply to the final dot", unknown=True)
        assert await store.read(lambda tx: tx.replies.attempts("r1")) == [ended, second]


class IdempotencyContract:
    async def test_the_answer_once_given_is_given_again_to_the_same_actor_only(self, store: Store) -> None:
        answer = StoredAnswer(request_hash="h", status=201, body=b'{"id":1}', created_at=NOW)
        await store.write(lambda tx: tx.idempotency.put("acme", "eve", "k1", answer))
        assert await store.read(lambda tx: tx.idempotency.get("acme", "eve", "k1")) == answer
        for tenant, actor, key in (("globex", "eve", "k1"), ("acme", "bob", "k1"), ("acme", "eve", "k2")):
            found = await store.read(on(lambda tx, names: tx.idempotency.get(*names), (tenant, actor, key)))
            assert found is None

    async def test_a_second_answer_to_one_key_is_refused_with_all_its_unit(self, store: Store) -> None:
        """Of many posts with one key, one has an effect."""
        answer = StoredAnswer(request_hash="h", status=201, body=b"", created_at=NOW)

        def unit(tx: Tx) -> None:
            tx.outbox.add(outbox_row("o1"))
            tx.idempotency.put("acme", "eve", "k1", answer)

        await store.write(lambda tx: tx.idempotency.put("acme", "eve", "k1", answer))
        with pytest.raises(PermanentError, match="refused a row"):
            await store.write(unit)
        assert await store.read(lambda tx: tx.outbox.next_due()) is None

    async def test_old_answers_are_forgotten(self, store: Store) -> None:
        for number in range(3):
            answer = StoredAnswer(request_hash="h", status=201, body=b"", created_at=later(number))
            await store.write(
                on(lambda tx, one: tx.idempotency.put("acme", "eve", one[0], one[1]), (f"k{number}", answer))
            )
        assert await store.write(lambda tx: tx.idempotency.forget_before(later(2))) == 2
        assert await store.read(lambda tx: tx.idempotency.get("acme", "eve", "k2")) is not None
