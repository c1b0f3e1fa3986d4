"""What every store must do to keep automatic replies within their caps."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from postroom.errors import PermanentError
from postroom.ports.records import AutomaticReply, ReplyState, TraceLine
from postroom.ports.store import Store, Tx
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId, SessionId
from tests.store.samples import NOW, add_reply, conversation, later, mail, on, raw, reply

ONE = AutomaticReply(
    reply="r1",
    tenant="acme",
    channel="help",
    conversation=ConversationId("c1"),
    session=SessionId("s1"),
    mail="m1",
    sender="anna@example.org",
    kind="working",
    at=NOW,
)
REMINDER = replace(ONE, reply="r2", kind="reminder", at=later(60))


async def remember(store: Store, *some: AutomaticReply) -> None:
    for one in some:
        await store.write(on(lambda tx, each: tx.automatic.add(each), one))


class AutomaticRepliesContract:
    async def test_a_session_knows_how_many_of_each_kind_it_had(self, store: Store) -> None:
        other = replace(ONE, reply="r4", session=SessionId("s2"))
        await remember(store, ONE, replace(ONE, reply="r3"), REMINDER, other)
        found = await store.read(lambda tx: tx.automatic.in_session(SessionId("s1")))
        assert found == {"working": 2, "reminder": 1}
        assert await store.read(lambda tx: tx.automatic.in_session(SessionId("s3"))) == {}

    async def test_a_conversation_knows_its_last_one_that_was_no_reminder(self, store: Store) -> None:
        def last(tx: Tx) -> object:
            return tx.automatic.last_in_conversation(ConversationId("c1"))

        assert await store.read(last) is None
        await remember(store, REMINDER)
        assert await store.read(last) is None
        await remember(store, ONE, replace(ONE, reply="r0", at=later(-5)))
        await remember(store, replace(ONE, reply="r9", at=later(9), conversation=ConversationId("c2")))
        assert await store.read(last) == NOW

    async def test_a_sender_is_counted_by_channel_and_time_whatever_the_kind(self, store: Store) -> None:
        await remember(
            store,
            ONE,
            REMINDER,
            replace(ONE, reply="r3", channel="sales"),
            replace(ONE, reply="r4", tenant="other"),
            replace(ONE, reply="r5", sender="ben@example.org"),
        )

        def count(tx: Tx, after: float) -> int:
            return tx.automatic.to_sender("acme", "help", "anna@example.org", later(after))

        assert await store.read(on(count, -1)) == 2
        assert await store.read(on(count, 0)) == 1, "what was put in at that very time is not after it"
        assert await store.read(on(count, 60)) == 0

    async def test_many_callers_who_count_before_they_put_in_never_pass_a_cap(self, store: Store) -> None:
        def put_in(tx: Tx, number: int) -> bool:
            if tx.automatic.to_sender("acme", "help", "anna@example.org", later(-600)) >= 3:
                return False
            tx.automatic.add(replace(ONE, reply=f"r{number}"))
            return True

        results = await asyncio.gather(*(store.write(on(put_in, number)) for number in range(50)))
        assert sum(results) == 3

    async def test_the_same_one_is_remembered_once(self, store: Store) -> None:
        await remember(store, ONE)
        with pytest.raises(PermanentError, match="refused a row"):
            await remember(store, ONE)

    async def test_a_mail_knows_whether_it_was_answered(self, store: Store) -> None:
        await remember(store, REMINDER)
        assert not await store.read(lambda tx: tx.automatic.has_mail("m1"))
        await remember(store, ONE)
        assert await store.read(lambda tx: tx.automatic.has_mail("m1"))
        assert not await store.read(lambda tx: tx.automatic.has_mail("m2"))

    async def test_the_same_mail_come_another_way_was_answered(self, store: Store) -> None:
        def add(tx: Tx) -> None:
            tx.conversations.add(conversation())
            tx.mails.add(mail("m1"))

        def found(tx: Tx, changes: dict[str, str | None], sender: str = "anna@example.org") -> bool:
            return tx.automatic.has_copy(replace(mail("m2"), **changes), sender, later(-1))

        same: dict[str, str | None] = {}
        others: list[dict[str, str | None]] = [
            {"id": "m1"},
            {"body_hash": "another"},
            {"message_id": "another"},
            {"tenant": "another"},
            {"message_id": None},
            {"body_hash": ""},
        ]
        await store.write(add)
        await remember(store, ONE)
        assert await store.read(on(found, same))
        for changes in others:
            assert not await store.read(on(found, changes))
        assert not await store.read(lambda tx: found(tx, same, "ben@example.org"))
        assert not await store.read(lambda tx: tx.automatic.has_copy(mail("m2"), "anna@example.org", NOW))

    async def test_a_gateway_knows_how_many_are_still_to_be_sent(self, store: Store) -> None:
        def add(tx: Tx) -> None:
            tx.mails.keep_raw(raw())
            tx.conversations.add(conversation())
            for number, state in enumerate(ReplyState):
                tx.replies.add(replace(reply(f"r{number}"), state=state, automatic="working"))

        await store.write(add)
        gateway = reply().gateway
        assert await store.read(lambda tx: tx.automatic.waiting("acme", gateway)) == 3
        assert await store.read(lambda tx: tx.automatic.waiting("acme", "another")) == 0
        await store.write(lambda tx: add_reply(tx, "human", "c2"))
        assert await store.read(lambda tx: tx.automatic.waiting("acme", gateway)) == 3

    async def test_a_reply_says_which_kind_it_is(self, store: Store) -> None:
        automatic = replace(reply("r7"), automatic="holiday", agent="")

        def add(tx: Tx) -> None:
            tx.mails.keep_raw(raw())
            tx.conversations.add(conversation())
            tx.replies.add(automatic)

        await store.write(add)
        assert await store.read(lambda tx: tx.replies.get("r7")) == automatic
        assert await store.read(lambda tx: tx.replies.of_conversation(ConversationId("c1"))) == [automatic]


class AnsweredMailContract:
    async def test_the_newest_mail_somebody_is_served_for_is_the_one_answered(self, store: Store) -> None:
        def add(tx: Tx) -> None:
            tx.conversations.add(conversation())
            for one in (
                mail("m1", at=1),
                mail("m3", at=2),
                mail("m2", at=2),
                replace(mail("m4", at=3), outcome=Outcome.COPY),
                mail("m5", at=4, incoming=False),
            ):
                tx.mails.add(one)

        await store.write(add)
        newest = await store.read(lambda tx: tx.mails.newest_served(ConversationId("c1")))
        assert newest == mail("m3", at=2)
        assert await store.read(lambda tx: tx.mails.newest_served(ConversationId("c2"))) is None

    async def test_further_verdicts_stand_behind_those_on_the_trace(self, store: Store) -> None:
        line = TraceLine(step="automatic_reply", verdict="not sent", evidence="the session had its automatic reply")

        def add(tx: Tx) -> None:
            tx.conversations.add(conversation())
            tx.mails.add(mail("m1"))
            tx.mails.add_trace("m1", (line,))
            tx.mails.add_trace("no such mail", (line,))

        await store.write(add)
        found = await store.read(lambda tx: tx.mails.get("m1"))
        assert found == replace(mail("m1"), trace=(*mail("m1").trace, line))
