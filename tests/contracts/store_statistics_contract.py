"""What every store must do for figures: count what happened in a span, each tenant's alone, and forget what is old."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from postroom.ports.statistics import Counted, FirstReply, Group, Marked, Span, Waiting
from postroom.ports.store import Store, Tx
from postroom.session.milestones import Mark, Milestone
from postroom.session.state import Phase, SessionId
from tests.store.samples import NOW, conversation, later, mail, raw, reply, session

SPAN = Span(since=NOW, until=later(60))
ONE = Milestone(tenant="acme", at=NOW, mark=Mark.WORKED, channel="help", queue="q", agent="eve", took=1.5)
WHOSE = Group(channel="help", queue="q", agent="eve")


def by_group(counted: Sequence[Counted]) -> dict[Group, int]:
    return dict(counted)


class StatisticsContract:
    async def test_what_happened_in_a_span_is_counted_by_whose_it_is(self, store: Store) -> None:
        first = replace(ONE, mark=Mark.FIRST_REPLY, took=90.25, in_time=True)
        late = replace(ONE, at=later(60))
        foreign, early = replace(ONE, tenant="globex"), replace(ONE, at=later(-1))
        kept = (ONE, replace(ONE, at=later(59)), first, replace(ONE, mark=Mark.TAKEN, took=0), late, foreign, early)
        await store.write(lambda tx: tx.statistics.add(kept))
        piece = await store.read(lambda tx: tx.statistics.within("acme", SPAN))
        assert {one.mark: one for one in piece.marks} == {
            Mark.WORKED: Marked(mark=Mark.WORKED, group=WHOSE, count=2, took=3.0),
            Mark.TAKEN: Marked(mark=Mark.TAKEN, group=WHOSE, count=1, took=0.0),
        }
        assert list(piece.first_replies) == [FirstReply(group=WHOSE, took=90.25, in_time=True)]

    async def test_mails_and_replies_are_counted_where_they_are_kept(self, store: Store) -> None:
        of = conversation("c1")

        def unit(tx: Tx) -> None:
            tx.conversations.add(of)
            tx.mails.keep_raw(raw())
            tx.mails.add(replace(mail("m1"), received_at=later(1), channel="help", conversation=None))
            tx.mails.add(replace(mail("m2"), received_at=later(61), channel="help", conversation=None))
            tx.mails.add(replace(mail("m3"), received_at=later(1), channel="help", conversation=None, incoming=False))
            for number, agent in enumerate(("eve", "eve", "")):
                one = replace(
                    reply(f"r{number}"), agent=agent, conversation=of.id, channel="help", accepted_at=later(2)
                )
                tx.replies.add(one)

        await store.write(unit)
        piece = await store.read(lambda tx: tx.statistics.within("acme", SPAN))
        assert by_group(piece.mails) == {Group(channel="help"): 1}
        assert by_group(piece.replies) == {Group(channel="help", agent="eve"): 2, Group(channel="help"): 1}

    async def test_what_waits_and_who_has_what_is_how_it_is_now(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            for name, phase in (("1", Phase.QUEUED), ("2", Phase.OFFLINE), ("3", Phase.ENDED), ("4", Phase.ROBOT)):
                tx.conversations.add(conversation(f"c{name}"))
                one = session(f"s{name}", of=f"c{name}")
                tx.sessions.save(
                    replace(one, phase=phase, queue="q", queued_at=later(int(name)), offer=None, assignment=None)
                )

        await store.write(unit)
        (waiting,) = await store.read(lambda tx: tx.statistics.waiting("acme"))
        channel = waiting.group.channel
        assert waiting == Waiting(group=Group(channel=channel, queue="q"), count=2, oldest_at=later(1))
        assert await store.read(lambda tx: tx.statistics.open_by_agent("acme")) == []

        def kept(tx: Tx) -> None:
            found = tx.sessions.get(SessionId("s1"))
            assert found is not None
            tx.sessions.save(replace(found, held_for="eve"))

        await store.write(kept)
        assert await store.read(lambda tx: tx.statistics.open_by_agent("acme")) == [(Group(agent="eve"), 1)]

    async def test_what_is_old_is_forgotten_in_pieces(self, store: Store) -> None:
        ones = [replace(ONE, at=later(number)) for number in range(5)]
        await store.write(lambda tx: tx.statistics.add(ones))
        forgotten = [await store.write(lambda tx: tx.statistics.forget_before("acme", later(3), 2)) for _ in range(3)]
        assert forgotten == [2, 1, 0]
        piece = await store.read(lambda tx: tx.statistics.within("acme", SPAN))
        assert [one.count for one in piece.marks] == [2]
