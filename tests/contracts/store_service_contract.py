"""What every store must do with service: sessions, journal, timers, agents, counts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.errors import PermanentError
from postroom.ports.records import AgentRow, Place, QueueLength
from postroom.ports.store import Store, Tx
from postroom.routing.agents import AgentState
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind
from tests.store.samples import NOW, conversation, entry, later, on, outbox_row, receipt, session, timer


def saved(tx: Tx, *sessions: Session) -> None:
    for one in sessions:
        if tx.conversations.get(one.conversation) is None:
            tx.conversations.add(conversation(one.conversation, one.tenant))
        tx.sessions.save(one)


def waiting_at(name: str, queued: float, priority: int = 0, queue: str = "english", tenant: str = "acme") -> Session:
    one = session(name, of=f"c-{name}", phase=Phase.QUEUED)
    return replace(one, queued_at=later(queued), priority=priority, queue=queue, tenant=tenant)


class SessionsContract:
    @pytest.mark.parametrize("phase", list(Phase))
    async def test_a_session_of_any_phase_is_read_back_as_it_was_saved(self, store: Store, phase: Phase) -> None:
        one = session("s1", phase=phase)
        await store.write(lambda tx: saved(tx, one))
        assert await store.read(lambda tx: tx.sessions.get(SessionId("s1"))) == one
        assert await store.read(lambda tx: tx.sessions.get(SessionId("s2"))) is None

    async def test_several_sessions_are_read_at_once_and_who_is_not_there_is_left_out(self, store: Store) -> None:
        ones = [session(f"s{number}", of=f"c{number}") for number in range(3)]
        await store.write(lambda tx: saved(tx, *ones))
        wanted = [SessionId(name) for name in ("s2", "s0", "nobody", "s2")]
        found = await store.read(lambda tx: tx.sessions.several(wanted))
        assert found == {ones[0].id: ones[0], ones[2].id: ones[2]}
        assert await store.read(lambda tx: tx.sessions.several([])) == {}

    async def test_a_conversation_never_has_two_open_sessions(self, store: Store) -> None:
        """At most one open session a conversation: a unique index."""
        await store.write(lambda tx: saved(tx, session("s1")))
        with pytest.raises(PermanentError, match="refused a row"):
            await store.write(lambda tx: saved(tx, session("s2")))
        await store.write(lambda tx: saved(tx, session("s1", phase=Phase.ENDED)))
        await store.write(lambda tx: saved(tx, session("s2")))
        with pytest.raises(PermanentError, match="refused a row"):
            await store.write(lambda tx: saved(tx, session("s1", phase=Phase.QUEUED)))

    async def test_the_newest_session_is_the_one_begun_last_whatever_the_clock_said(self, store: Store) -> None:
        ended, newer = session("s9", phase=Phase.ENDED, opened=50), session("s1", opened=10)
        await store.write(lambda tx: saved(tx, ended, newer))
        await store.write(lambda tx: saved(tx, replace(ended, ended_because="late")))
        assert await store.read(lambda tx: tx.sessions.latest(ConversationId("c1"))) == newer
        assert await store.read(lambda tx: tx.sessions.latest(ConversationId("c2"))) is None

    async def test_the_turn_goes_by_what_it_was_saved_with_then_by_arrival(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            saved(tx, waiting_at("young", 9), waiting_at("old", 1), waiting_at("twin", 1), waiting_at("first", 3))
            saved(tx, waiting_at("foreign", 0, tenant="globex"), waiting_at("elsewhere", 0, queue="german"))
            tx.sessions.save(waiting_at("first", 3), later(-7))
            tx.sessions.set_turn(SessionId("young"), later(-3))

        await store.write(fill)
        heads = [
            await store.read(on(lambda tx, n: tx.sessions.head("acme", "english", NOW, n), skip)) for skip in range(5)
        ]
        assert [one and one.id for one in heads] == ["first", "young", "old", "twin", None]

    async def test_a_queue_is_read_page_by_page_in_order_of_turn(self, store: Store) -> None:
        """What the loop of the queues stands on: a page costs the same wherever it is."""
        names = ["a", "b", "c", "d", "e"]

        def fill(tx: Tx) -> None:
            saved(tx, *(waiting_at(name, 1 + place // 2) for place, name in enumerate(names)))
            saved(tx, replace(waiting_at("held", 0), held_for="eve"), replace(waiting_at("shadow", 0), is_shadow=True))
            saved(tx, replace(waiting_at("later", 0), not_before=later(1)))

        await store.write(fill)
        seen: list[str] = []
        place: Place | None = None
        while page := await store.read(on(lambda tx, at: tx.sessions.turns("acme", "english", NOW, at, 2), place)):
            seen += [turn.session.id for turn in page]
            place = page[-1].place
        assert seen == names

    async def test_who_left_the_queue_has_no_turn_in_it(self, store: Store) -> None:
        one = waiting_at("s1", 1)
        await store.write(lambda tx: saved(tx, one))
        await store.write(lambda tx: saved(tx, replace(one, phase=Phase.OFFERED)))
        assert await store.read(lambda tx: tx.sessions.head("acme", "english", NOW)) is None
        assert await store.read(lambda tx: tx.sessions.waiting_queues()) == []

    async def test_an_agent_holds_what_is_offered_to_him_his_or_awaits_his_customers(self, store: Store) -> None:
        rows = (
            session("s4", "c4", Phase.AWAITING_CUSTOMER, opened=4),
            session("s1", "c1", Phase.ASSIGNED, opened=1),
            session("s3", "c3", Phase.OFFERED, opened=3),
            session("s5", "c5", Phase.ENDED, opened=5),
            session("s6", "c6", Phase.QUEUED, opened=6),
            session("s7", "c7", Phase.ASSIGNED, agent="bob"),
            replace(session("s8", "c8", Phase.ASSIGNED), tenant="globex"),
        )
        await store.write(lambda tx: saved(tx, *rows))
        held = await store.read(lambda tx: tx.sessions.held_by("acme", "eve"))
        assert [one.id for one in held] == ["s1", "s3", "s4"]

    async def test_of_each_queue_it_is_known_how_many_wait_and_since_when(self, store: Store) -> None:
        rows = (
            waiting_at("e1", 1),
            waiting_at("e2", 4),
            waiting_at("g1", 2, queue="german"),
            waiting_at("g2", 0, queue="german"),
            waiting_at("f1", 9, queue="french"),
        )
        await store.write(lambda tx: saved(tx, *rows))
        assert await store.read(lambda tx: tx.sessions.waiting_queues()) == [
            QueueLength(tenant="acme", queue="english", waiting=2, oldest_at=later(1)),
            QueueLength(tenant="acme", queue="french", waiting=1, oldest_at=later(9)),
            QueueLength(tenant="acme", queue="german", waiting=2, oldest_at=later(0)),
        ]


class JournalContract:
    async def test_decisions_are_numbered_in_order_and_read_back_whole(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            for one in (entry("c1"), entry("c2"), entry("c1", "globex"), entry("c1")):
                tx.journal.append(one)

        await store.write(fill)
        after = await store.read(lambda tx: tx.journal.after("acme", 1, 9))
        assert after == [replace(entry("c2"), seq=2), replace(entry("c1"), seq=4)]
        assert [one.seq for one in await store.read(lambda tx: tx.journal.after("acme", 0, 2))] == [1, 2]
        of = await store.read(lambda tx: tx.journal.of_conversation(ConversationId("c1")))
        assert [one.seq for one in of] == [1, 3, 4]
        lasts = await store.read(lambda tx: [tx.journal.last(tenant) for tenant in ("acme", "globex", "none")])
        assert lasts == [4, 3, 0]

    async def test_a_number_whose_unit_raised_is_given_again(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            tx.journal.append(entry())
            raise KeyError

        with pytest.raises(KeyError):
            await store.write(unit)
        await store.write(lambda tx: tx.journal.append(entry()))
        assert await store.read(lambda tx: tx.journal.last("acme")) == 1


class TimersContract:
    async def test_a_timer_is_replaced_by_a_later_one_of_its_kind(self, store: Store) -> None:
        for one in (timer("s1", 5, "old"), timer("s1", 9, "new")):
            await store.write(on(lambda tx, t: tx.timers.arm(t), one))
        assert await store.read(lambda tx: tx.timers.next_due()) == later(9)
        assert await store.write(lambda tx: tx.timers.take_due(later(8), 9)) == []
        assert await store.write(lambda tx: tx.timers.take_due(later(9), 9)) == [timer("s1", 9, "new")]
        assert await store.read(lambda tx: tx.timers.next_due()) is None

    async def test_a_cancelled_timer_does_not_fire(self, store: Store) -> None:
        for one in (timer("s1"), timer("s2")):
            await store.write(on(lambda tx, t: tx.timers.arm(t), one))
        await store.write(lambda tx: tx.timers.cancel(SessionId("s1"), TimerKind.OFFER_EXPIRY))
        await store.write(lambda tx: tx.timers.cancel(SessionId("none"), TimerKind.OFFER_EXPIRY))
        assert [due.session for due in await store.write(lambda tx: tx.timers.take_due(NOW, 9))] == ["s2"]

    async def test_a_timer_whose_unit_raised_is_still_there(self, store: Store) -> None:
        """Taken and answered in one transaction."""

        def unit(tx: Tx) -> None:
            assert tx.timers.take_due(NOW, 9)
            raise KeyError

        await store.write(lambda tx: tx.timers.arm(timer("s1")))
        with pytest.raises(KeyError):
            await store.write(unit)
        assert len(await store.write(lambda tx: tx.timers.take_due(NOW, 9))) == 1


class AgentsContract:
    async def test_an_agent_begins_offline_and_keeps_his_state_when_his_settings_change(self, store: Store) -> None:
        await store.write(lambda tx: tx.agents.ensure("acme", [("eve", 3), ("bob", 2)]))
        assert await store.read(lambda tx: tx.agents.get("acme", "eve")) == AgentRow(
            tenant="acme", name="eve", capacity=3
        )
        await store.write(lambda tx: tx.agents.set_state("acme", "eve", AgentState.NOT_READY, "lunch", NOW))
        await store.write(lambda tx: tx.agents.ensure("acme", [("eve", 1)]))
        assert await store.read(lambda tx: tx.agents.get("acme", "eve")) == AgentRow(
            tenant="acme", name="eve", capacity=1, state=AgentState.NOT_READY, reason="lunch", heartbeat_at=NOW
        )
        assert [one.name for one in await store.read(lambda tx: tx.agents.all("acme"))] == ["bob", "eve"]
        assert await store.read(lambda tx: tx.agents.get("globex", "eve")) is None

    async def test_becoming_ready_starts_the_idle_time_and_forgets_misses_and_staying_so_does_not(
        self, store: Store
    ) -> None:
        def start(tx: Tx) -> list[int]:
            tx.agents.ensure("acme", [("eve", 3)])
            return [tx.agents.miss("acme", "eve") for _ in range(2)]

        assert await store.write(start) == [1, 2]
        await store.write(lambda tx: tx.agents.set_state("acme", "eve", AgentState.READY, "", later(1)))
        assert await store.write(lambda tx: tx.agents.miss("acme", "eve")) == 1
        await store.write(lambda tx: tx.agents.set_state("acme", "eve", AgentState.READY, "", later(2)))
        eve = await store.read(lambda tx: tx.agents.get("acme", "eve"))
        assert eve is not None
        assert (eve.idle_since, eve.missed_offers, eve.heartbeat_at) == (later(1), 1, later(2))
        await store.write(lambda tx: tx.agents.forget_misses("acme", "eve"))
        assert await store.write(lambda tx: tx.agents.miss("acme", "eve")) == 1

    async def test_the_state_of_an_agent_nobody_knows_cannot_be_set(self, store: Store) -> None:
        with pytest.raises(PermanentError, match="no agent zoe in acme"):
            await store.write(lambda tx: tx.agents.set_state("acme", "zoe", AgentState.READY, "", NOW))

    async def test_only_a_ready_agent_with_a_place_left_is_a_candidate_and_can_be_reserved(self, store: Store) -> None:
        def start(tx: Tx) -> None:
            tx.agents.ensure("acme", [("ann", 1), ("bob", 1), ("eve", 1), ("kim", 1)])
            for name in ("ann", "bob", "eve"):
                tx.agents.set_state("acme", name, AgentState.READY, "", NOW)
            tx.agents.set_state("acme", "kim", AgentState.NOT_READY, "", NOW)
            assert tx.agents.reserve("acme", "bob", later(7))

        await store.write(start)
        found = await store.read(lambda tx: tx.agents.candidates("acme", ["kim", "eve", "bob", "zoe", "eve"]))
        assert [one.name for one in found] == ["eve"]
        assert await store.read(lambda tx: tx.agents.candidates("acme", [])) == []
        for name in ("bob", "kim", "zoe"):
            assert not await store.write(on(lambda tx, n: tx.agents.reserve("acme", n, NOW), name))
        bob = await store.read(lambda tx: tx.agents.get("acme", "bob"))
        assert bob is not None
        assert (bob.load, bob.idle_since) == (1, later(7))

    async def test_weights_are_reserved_whole_or_not_at_all(self, store: Store) -> None:
        def start(tx: Tx) -> list[bool]:
            tx.agents.ensure("acme", [("ann", 5), ("eve", 1)])
            for name in ("ann", "eve"):
                tx.agents.set_state("acme", name, AgentState.READY, "", NOW)
            return [tx.agents.reserve("acme", "ann", NOW, weight) for weight in (3, 3, 2)]

        assert await store.write(start) == [True, False, True]
        assert await store.read(lambda tx: tx.agents.able("acme")) == ["eve"]
        await store.write(lambda tx: tx.agents.release("acme", "ann", 3))
        assert await store.read(lambda tx: tx.agents.able("acme")) == ["ann", "eve"]
        await store.write(lambda tx: tx.agents.take("acme", "ann", 4))
        ann = await store.read(lambda tx: tx.agents.get("acme", "ann"))
        assert ann is not None
        assert ann.load == 6

    async def test_a_place_may_be_taken_over_capacity_and_the_load_never_falls_below_nothing(
        self, store: Store
    ) -> None:
        def unit(tx: Tx) -> list[int]:
            tx.agents.ensure("acme", [("eve", 1)])
            loads = []
            for change in (tx.agents.take, tx.agents.take, *[tx.agents.release] * 3):
                change("acme", "eve")
                eve = tx.agents.get("acme", "eve")
                loads.append(eve.load if eve else -1)
            return loads

        assert await store.write(unit) == [1, 2, 1, 0, 0]


class CountsContract:
    async def test_an_empty_store_counts_nothing(self, store: Store) -> None:
        counts = await store.read(lambda tx: tx.counts())
        assert (counts.phases, counts.queues, counts.agents, counts.quarantined) == ((), (), (), ())
        assert (counts.outbox_pending, counts.outbox_oldest_at, counts.timers_pending) == (0, None, 0)

    async def test_the_gauges_count_what_is_open(self, store: Store) -> None:
        def fill(tx: Tx) -> None:
            saved(tx, waiting_at("s1", 5), waiting_at("s2", 3), session("s3", "c3", Phase.ENDED))
            saved(tx, waiting_at("s4", 1, tenant="globex"), session("s5", "c5", Phase.ASSIGNED))
            tx.agents.ensure("acme", [("ann", 1), ("bob", 1), ("eve", 1)])
            tx.agents.set_state("acme", "eve", AgentState.READY, "", NOW)
            for name, outcome in (("r1", Outcome.QUARANTINED), ("r2", Outcome.QUARANTINED), ("r3", Outcome.OWN)):
                tx.ledger.receive(receipt(name, uid=name))
                tx.ledger.settle(name, outcome, "", None)
            tx.outbox.add(replace(outbox_row("o1"), created_at=later(8)))
            tx.outbox.add(replace(outbox_row("o2"), created_at=later(6)))
            tx.outbox.add(replace(outbox_row("o3"), created_at=later(1)))
            tx.outbox.done("o3")
            tx.timers.arm(timer("s1"))

        await store.write(fill)
        counts = await store.read(lambda tx: tx.counts())
        assert counts.phases == (
            ("acme", "help", "assigned", 1),
            ("acme", "help", "queued", 2),
            ("globex", "help", "queued", 1),
        )
        assert [(one.tenant, one.waiting, one.oldest_at) for one in counts.queues] == [
            ("acme", 2, later(3)),
            ("globex", 1, later(1)),
        ]
        assert counts.agents == (("acme", "offline", 2), ("acme", "ready", 1))
        assert counts.quarantined == (("acme", "inbox", 2),)
        assert (counts.outbox_pending, counts.outbox_oldest_at, counts.timers_pending) == (2, later(6), 1)
