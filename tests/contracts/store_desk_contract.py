"""What every store must do with the work of agents and supervisors: drafts, withdrawals, lists, merges, splits."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.ports.records import Attempt, Draft, DraftContent, SessionsLike
from postroom.ports.store import Store, Tx
from postroom.session.state import ConversationId, Phase, SessionId
from tests.store.samples import NOW, add_reply, conversation, entry, later, mail, on, outbox_row, raw, session

C1, C2, C3 = ConversationId("c1"), ConversationId("c2"), ConversationId("c3")


def draft(agent: str, text: str, of: str = "c1", *, at: float = 0) -> Draft:
    return Draft(
        tenant="acme",
        conversation=ConversationId(of),
        session=SessionId(f"s-{of}"),
        agent=agent,
        saved_at=later(at),
        content=DraftContent(text=text, subject="Größe", to=("a@example.org",), cc=("b@example.org",)),
    )


class DraftsContract:
    async def test_an_agents_newest_draft_of_a_session_is_kept_beside_those_of_others(self, store: Store) -> None:
        first, again, other = draft("eve", "He"), draft("eve", "Hello", at=3), draft("bob", "Dear", at=1)

        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation())
            for one in (first, other, again):
                tx.drafts.save(one)

        await store.write(unit)
        assert await store.read(lambda tx: tx.drafts.of_conversation(C1)) == [other, again]
        await store.write(lambda tx: tx.drafts.drop(SessionId("s-c1"), "eve"))
        await store.write(lambda tx: tx.drafts.drop(SessionId("s-c1"), "nobody"))
        assert await store.read(lambda tx: tx.drafts.of_conversation(C1)) == [other]


class WithdrawingContract:
    async def test_a_row_nobody_works_on_and_nobody_tried_is_withdrawn_once(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            add_reply(tx, "r1")
            tx.outbox.add(outbox_row("r1"))

        await store.write(unit)
        assert await store.write(lambda tx: [tx.outbox.withdraw("r1"), tx.outbox.withdraw("r1")]) == [True, False]
        assert await store.write(lambda tx: tx.outbox.lease("relay", NOW, later(60), 9)) == []
        assert not await store.write(lambda tx: tx.outbox.withdraw("unknown"))

    async def test_a_leased_row_is_not_withdrawn_even_when_the_lease_ran_out(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            add_reply(tx, "r1")
            tx.outbox.add(outbox_row("r1"))
            assert tx.outbox.lease("relay", NOW, later(1), 9)

        await store.write(unit)
        assert not await store.write(lambda tx: tx.outbox.withdraw("r1"))

    async def test_a_row_that_was_given_back_is_withdrawn_only_where_no_try_was_begun(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            add_reply(tx, "r1")
            add_reply(tx, "r2", "c2")
            tx.outbox.add(outbox_row("r1"))
            tx.outbox.add(outbox_row("r2", "c2"))
            tx.outbox.lease("a process that dies", NOW, later(60), 9)
            tx.replies.start_attempt(Attempt(id="a1", reply="r1", started_at=NOW, recipients=("a@example.org",)))
            tx.outbox.reclaim()

        await store.write(unit)
        found = await store.write(lambda tx: (tx.outbox.withdraw("r1"), tx.outbox.withdraw("r2")))
        assert found == (False, True)


class ListsContract:
    async def test_sessions_are_paged_and_counted_by_when_they_were_opened(self, store: Store) -> None:
        rows = [session(f"s{n}", f"c{n}", Phase.ENDED, opened=9 - n) for n in range(5)]
        rows.append(replace(session("other", "co", Phase.ENDED), channel="shop"))
        rows.append(replace(session("elsewhere", "ce", Phase.ASSIGNED), tenant="globex"))

        def unit(tx: Tx) -> None:
            for one in rows:
                tx.conversations.add(conversation(one.conversation, one.tenant))
                tx.sessions.save(one)

        await store.write(unit)
        every = await store.read(lambda tx: tx.sessions.opened("acme", (None, None), 0, 99))
        assert [one.id for _, one in every] == ["s0", "s1", "s2", "s3", "s4", "other"]
        between = (rows[3].opened_at, rows[1].opened_at)
        some = await store.read(lambda tx: tx.sessions.opened("acme", between, 0, 1))
        assert [one.id for _, one in some] == ["s2"]
        rest = await store.read(lambda tx: tx.sessions.opened("acme", between, some[0][0], 9))
        assert [one.id for _, one in rest] == ["s3"]
        assert await store.read(lambda tx: tx.sessions.count_opened("acme", between)) == {"help": 2}
        counts = await store.read(lambda tx: tx.sessions.count_opened("acme", (None, None)))
        assert counts == {"help": 5, "shop": 1}

    async def test_open_sessions_are_listed_page_by_page_and_by_what_is_wanted(self, store: Store) -> None:
        rows = [session(f"s{n}", f"c{n}", phase, opened=9 - n) for n, phase in enumerate(Phase)]
        rows.append(replace(session("elsewhere", "ce", Phase.ASSIGNED), tenant="globex"))

        def unit(tx: Tx) -> None:
            for one in rows:
                tx.conversations.add(conversation(one.conversation, one.tenant))
                tx.sessions.save(one)

        await store.write(unit)
        seen: list[SessionId] = []
        after = 0
        while page := await store.read(on(lambda tx, n: tx.sessions.open_ones("acme", SessionsLike(), n, 3), after)):
            seen += [one.id for _, one in page]
            after = page[-1][0]
        assert seen == [one.id for one in rows if one.is_open and one.tenant == "acme"]
        for like, expected in (
            (SessionsLike(phase="queued"), ["s2"]),
            (SessionsLike(agent="eve"), ["s3", "s4", "s5"]),
            (SessionsLike(queue="none"), []),
            (SessionsLike(channel="help", phase="assigned", agent="eve", queue="english"), ["s4"]),
        ):
            found = await store.read(on(lambda tx, one: tx.sessions.open_ones("acme", one, 0, 99), like))
            assert [one.id for _, one in found] == expected, like

    async def test_sessions_that_ever_were_offline_are_listed_while_they_are_open(self, store: Store) -> None:
        never, was = session("s1", "c1", Phase.OFFLINE), replace(session("s2", "c2"), was_offline=True)
        ended = replace(session("s3", "c3", Phase.ENDED), was_offline=True)

        def unit(tx: Tx) -> None:
            for one in (never, was, ended):
                tx.conversations.add(conversation(one.conversation))
                tx.sessions.save(one)

        await store.write(unit)
        found = await store.read(lambda tx: tx.sessions.offline_messages("acme", 0, 9))
        assert [one.id for _, one in found] == ["s2"]
        assert await store.read(lambda tx: tx.sessions.offline_messages("acme", found[0][0], 9)) == []

    async def test_a_conversation_knows_every_session_it_had(self, store: Store) -> None:
        rows = [session("s9", phase=Phase.ENDED), session("s1")]

        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation())
            for one in rows:
                tx.sessions.save(one)

        await store.write(unit)
        assert await store.read(lambda tx: tx.sessions.of_conversation(C1)) == rows


class MergingContract:
    async def test_a_conversation_laid_into_another_brings_all_of_its_own(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation("c1"))
            tx.conversations.add(conversation("c2"))
            tx.mails.keep_raw(raw())
            tx.mails.add(mail("m1", "c1"))
            tx.mails.add(mail("m2", "c2", at=1))
            tx.conversations.name("acme", "2@example.org", C2, "inbox", NOW)
            add_reply(tx, "r2", "c2")
            tx.drafts.save(draft("eve", "Hello", "c2"))
            tx.sessions.save(session("s2", "c2", Phase.ENDED))
            tx.sessions.save(session("s1", "c1"))
            for of in ("c2", "c1"):
                tx.journal.append(entry(of))
            tx.conversations.merge(C2, C1)

        await store.write(unit)
        assert [one.id for one in await store.read(lambda tx: tx.mails.of_conversation(C1))] == ["m1", "m2"]
        assert [one.id for one in await store.read(lambda tx: tx.replies.of_conversation(C1))] == ["r2"]
        assert [one.agent for one in await store.read(lambda tx: tx.drafts.of_conversation(C1))] == ["eve"]
        current = await store.read(lambda tx: [tx.conversations.current(one) for one in (C1, C2)])
        assert [one and one.id for one in current] == [C1, C1]
        (hit,) = await store.read(lambda tx: tx.conversations.find("acme", ["2@example.org"]))
        assert hit.conversation.id == C1
        assert [one.id for one in await store.read(lambda tx: tx.sessions.of_conversation(C1))] == ["s2", "s1"]
        decisions = await store.read(lambda tx: tx.journal.of_conversation(C1))
        assert [one.conversation for one in decisions] == [C2, C1]

    async def test_what_was_laid_into_one_goes_on_with_it(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            for name in ("c1", "c2", "c3"):
                tx.conversations.add(conversation(name))
            tx.conversations.merge(C3, C2)
            tx.conversations.merge(C2, C1)

        await store.write(unit)
        found = await store.read(lambda tx: tx.conversations.current(C3))
        assert found is not None
        assert found.id == C1
        assert await store.read(lambda tx: tx.conversations.current(ConversationId("none"))) is None

    async def test_a_mail_put_into_another_conversation_leads_there(self, store: Store) -> None:
        one = replace(mail("m1", "c1"), message_id="1@example.org")

        def unit(tx: Tx) -> None:
            tx.conversations.add(conversation("c1"))
            tx.conversations.add(conversation("c2"))
            tx.mails.add(one)
            tx.conversations.name("acme", "1@example.org", C1, "inbox", NOW)
            tx.conversations.move_mail(one, C2)

        await store.write(unit)
        assert [one.id for one in await store.read(lambda tx: tx.mails.of_conversation(C2))] == ["m1"]
        hits = await store.read(lambda tx: tx.conversations.find("acme", ["1@example.org"]))
        assert [hit.conversation.id for hit in hits] == [C2]
