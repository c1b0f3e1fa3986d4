"""What every store must know of who waits: whose turn it is, for whom, until when, and which channels and agents."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.ports.store import Store, Tx
from postroom.session.state import Phase, Session, SessionId
from tests.contracts.store_service_contract import saved, waiting_at
from tests.store.samples import NOW, conversation, later, on, session


def offline_at(name: str, queued: float, not_before: datetime | None = None) -> Session:
    return replace(waiting_at(name, queued), phase=Phase.OFFLINE, not_before=not_before)


class TurnsContract:
    async def test_who_waits_for_a_later_time_for_one_agent_or_in_shadow_has_no_turn(self, store: Store) -> None:
        rows = (
            replace(waiting_at("tomorrow", 0, priority=9), not_before=later(1)),
            replace(waiting_at("kept", 0, priority=9), held_for="eve"),
            replace(waiting_at("shadow", 0, priority=9), is_shadow=True),
            replace(waiting_at("now", 5), not_before=NOW),
        )
        await store.write(lambda tx: saved(tx, *rows))
        head = await store.read(lambda tx: tx.sessions.head("acme", "english", NOW))
        assert head is not None
        assert head.id == "now", "the time until which it waits is the first at which it has its turn"
        waiting = await store.read(lambda tx: tx.broker.unoffered("acme", "english", NOW, 9))
        assert [one.id for one in waiting] == ["now"]
        waiting = await store.read(lambda tx: tx.broker.unoffered("acme", "english", later(1), 9))
        assert [one.id for one in waiting] == ["tomorrow", "now"]

    async def test_what_is_kept_for_an_agent_is_his_in_order_of_turn_whatever_its_queue(self, store: Store) -> None:
        rows = (
            replace(waiting_at("young", 9), held_for="eve"),
            replace(waiting_at("old", 1, queue="german"), held_for="eve"),
            replace(waiting_at("urgent", 9, priority=1), held_for="eve"),
            replace(waiting_at("later", 0, priority=9), held_for="eve", not_before=later(1)),
            replace(waiting_at("shadow", 0, priority=9), held_for="eve", is_shadow=True),
            replace(waiting_at("bobs", 0, priority=9), held_for="bob"),
            replace(waiting_at("foreign", 0, priority=9, tenant="globex"), held_for="eve"),
            waiting_at("anybodys", 0, priority=9),
        )
        await store.write(lambda tx: saved(tx, *rows))
        await store.write(lambda tx: tx.sessions.save(rows[2], turn_at=later(0)))  # its priority, as points of waiting
        turns = [await store.read(on(lambda tx, n: tx.sessions.kept("acme", "eve", NOW, n), skip)) for skip in range(4)]
        assert [one and one.id for one in turns] == ["urgent", "old", "young", None]

    async def test_only_agents_for_whom_somebody_waits_are_named_once(self, store: Store) -> None:
        rows = (
            replace(waiting_at("s1", 1), held_for="eve"),
            replace(waiting_at("s2", 2), held_for="eve"),
            replace(waiting_at("s3", 3, tenant="globex"), held_for="zoe"),
            replace(waiting_at("s4", 4), held_for="shadow", is_shadow=True),
            replace(waiting_at("s5", 5), held_for="taken", phase=Phase.OFFERED),
            waiting_at("s6", 6),
        )
        await store.write(lambda tx: saved(tx, *rows))
        assert await store.read(lambda tx: tx.sessions.kept_for()) == [("acme", "eve"), ("globex", "zoe")]

    async def test_a_queue_is_counted_up_to_a_bound_and_only_who_waits_for_anybody(self, store: Store) -> None:
        rows = (
            *(waiting_at(f"s{n}", n) for n in range(4)),
            replace(waiting_at("tomorrow", 5), not_before=later(9)),
            replace(waiting_at("kept", 6), held_for="eve"),
            replace(waiting_at("shadow", 7), is_shadow=True),
            waiting_at("german", 8, queue="german"),
            waiting_at("foreign", 9, tenant="globex"),
            replace(waiting_at("taken", 9), phase=Phase.OFFERED),
        )
        await store.write(lambda tx: saved(tx, *rows))

        def lengths(tx: Tx) -> list[int]:
            return [tx.sessions.queue_length("acme", "english", bound) for bound in (0, 3, 5, 99)]

        assert await store.read(lengths) == [0, 3, 5, 5]
        assert await store.read(lambda tx: tx.sessions.queue_length("acme", "none", 9)) == 0


class HoursContract:
    async def test_channels_with_somebody_queued_or_offline_are_named_once(self, store: Store) -> None:
        rows = (
            waiting_at("s1", 1),
            waiting_at("s2", 2),
            offline_at("s3", 3),
            replace(offline_at("s4", 4), channel="shop"),
            replace(waiting_at("s5", 5, tenant="globex"), not_before=later(9)),
            replace(waiting_at("s6", 6), channel="busy", phase=Phase.ASSIGNED),
            replace(waiting_at("s7", 7), channel="over", phase=Phase.ENDED),
        )
        await store.write(lambda tx: saved(tx, *rows))
        found = await store.read(lambda tx: tx.sessions.waiting_channels())
        assert sorted(found) == [("acme", "help"), ("acme", "shop"), ("globex", "help")]

    async def test_offline_messages_are_routed_oldest_first_and_none_before_its_time(self, store: Store) -> None:
        rows = (
            offline_at("young", 9),
            offline_at("again", 5, NOW),
            offline_at("old", 1),
            offline_at("twin", 1),
            offline_at("paused", 0, later(1)),
            replace(offline_at("shop", 0), channel="shop"),
            replace(offline_at("foreign", 0), tenant="globex"),
            waiting_at("queued", 0),
        )
        await store.write(lambda tx: saved(tx, *rows))
        assert await store.read(lambda tx: tx.sessions.to_open("acme", "help", NOW, 9)) == [
            "old",
            "twin",
            "again",
            "young",
        ]
        assert await store.read(lambda tx: tx.sessions.to_open("acme", "help", NOW, 2)) == ["old", "twin"]
        assert (await store.read(lambda tx: tx.sessions.to_open("acme", "help", later(1), 1))) == ["paused"]

    async def test_who_waits_for_an_opening_and_who_could_be_offered_are_told_apart(self, store: Store) -> None:
        rows = (
            replace(waiting_at("second", 2), not_before=later(60)),
            replace(waiting_at("first", 1), not_before=later(60)),
            replace(waiting_at("come", 4), not_before=NOW),
            waiting_at("free", 3),
            replace(waiting_at("shop", 0), channel="shop"),
            replace(waiting_at("foreign", 0, tenant="globex"), not_before=later(60)),
            offline_at("offline", 0, later(60)),
            replace(waiting_at("taken", 0), phase=Phase.OFFERED),
        )
        await store.write(lambda tx: saved(tx, *rows))

        def both(tx: Tx, at: datetime) -> tuple[list[SessionId], list[SessionId]]:
            early, close = tx.sessions.opened_early, tx.sessions.to_close
            return list(early("acme", "help", at, 9)), list(close("acme", "help", at, 9))

        assert await store.read(on(both, NOW)) == (["first", "second"], ["free", "come"])
        assert await store.read(on(both, later(60))) == ([], ["first", "second", "free", "come"])
        assert await store.read(lambda tx: tx.sessions.opened_early("acme", "help", NOW, 1)) == ["first"]
        assert await store.read(lambda tx: tx.sessions.to_close("acme", "help", NOW, 1)) == ["free"]


class OpenSessionsContract:
    async def test_sessions_of_a_phase_come_page_by_page_in_the_order_of_their_making(self, store: Store) -> None:
        rows = [
            replace(waiting_at(f"s{9 - n}", 9 - n), tenant="globex" if n == 2 else "acme", phase=phase)
            for n, phase in enumerate([Phase.QUEUED] * 4 + [Phase.OFFLINE])
        ]
        await store.write(lambda tx: saved(tx, *rows))
        seen: list[str] = []
        after = 0
        while page := await store.read(on(lambda tx, n: tx.sessions.of_phase(Phase.QUEUED, n, 3), after)):
            seen += [one.id for _, one in page]
            after = page[-1][0]
        assert seen == ["s9", "s8", "s7", "s6"]

    async def test_a_session_that_left_its_phase_is_on_no_later_page_and_ended_ones_are_on_none(
        self, store: Store
    ) -> None:
        rows = [waiting_at(f"s{n}", n) for n in range(3)]
        await store.write(lambda tx: saved(tx, *rows))
        (first,) = await store.read(lambda tx: tx.sessions.of_phase(Phase.QUEUED, 0, 1))
        await store.write(lambda tx: saved(tx, replace(rows[1], phase=Phase.ENDED)))
        rest = await store.read(lambda tx: tx.sessions.of_phase(Phase.QUEUED, first[0], 9))
        assert [one.id for _, one in rest] == ["s2"]
        assert await store.read(lambda tx: tx.sessions.of_phase(Phase.ENDED, 0, 9)) == []

    async def test_channels_and_queues_with_open_sessions_are_counted(self, store: Store) -> None:
        rows = (
            waiting_at("s1", 1),
            replace(waiting_at("s2", 2), phase=Phase.ASSIGNED),
            waiting_at("s3", 3, queue="german"),
            replace(waiting_at("s4", 4, tenant="globex"), channel="shop", is_shadow=True),
            replace(waiting_at("s5", 5), phase=Phase.ENDED),
        )
        await store.write(lambda tx: saved(tx, *rows))
        assert await store.read(lambda tx: tx.sessions.channels_in_use()) == [
            ("acme", "help", "english", 2),
            ("acme", "help", "german", 1),
            ("globex", "shop", "english", 1),
        ]

    async def test_agents_who_have_are_held_out_or_are_kept_sessions_are_counted(self, store: Store) -> None:
        rows = (
            session("s1", "c1", Phase.ASSIGNED),
            session("s2", "c2", Phase.AWAITING_CUSTOMER),
            session("s3", "c3", Phase.OFFERED, agent="bob"),
            replace(waiting_at("s4", 4), held_for="kim"),
            replace(session("s5", "c5", Phase.ASSIGNED), tenant="globex"),
            session("s6", "c6", Phase.ENDED, agent="gone"),
            waiting_at("s7", 7),
        )
        await store.write(lambda tx: saved(tx, *rows))
        assert await store.read(lambda tx: tx.sessions.agents_in_use()) == [
            ("acme", "bob", 1),
            ("acme", "eve", 2),
            ("acme", "kim", 1),
            ("globex", "eve", 1),
        ]


class CustomersAgentContract:
    async def test_who_has_the_customers_newest_other_session_in_hand_is_known(self, store: Store) -> None:
        mine = replace(conversation("mine"), customer="Anna@Example.org")

        def begin(tx: Tx) -> None:
            tx.conversations.add(mine)
            saved(tx, session("s0", "mine", Phase.ASSIGNED, agent="my_own"))

        await store.write(begin)
        assert await store.read(lambda tx: tx.sessions.with_customer(mine)) is None
        await store.write(lambda tx: saved(tx, session("s1", "c1", Phase.ASSIGNED, agent="eve")))
        assert await store.read(lambda tx: tx.sessions.with_customer(mine)) == "eve", "letter case is no difference"
        await store.write(lambda tx: saved(tx, session("s2", "c2", Phase.AWAITING_CUSTOMER, agent="bob")))
        assert await store.read(lambda tx: tx.sessions.with_customer(mine)) == "bob"

    async def test_who_served_another_customer_channel_or_tenant_or_serves_no_more_is_not_named(
        self, store: Store
    ) -> None:
        others = (
            replace(conversation("c1"), customer="ben@example.org"),
            replace(conversation("c2"), channel="shop"),
            replace(conversation("c3"), tenant="globex"),
            conversation("c4"),
            conversation("c5"),
        )

        def begin(tx: Tx) -> None:
            for one in others:
                tx.conversations.add(one)
                tx.sessions.save(
                    session(
                        f"s-{one.id}",
                        one.id,
                        {"c4": Phase.ENDED, "c5": Phase.OFFERED}.get(one.id, Phase.ASSIGNED),
                    )
                )

        await store.write(begin)
        assert await store.read(lambda tx: tx.sessions.with_customer(conversation("new"))) is None
