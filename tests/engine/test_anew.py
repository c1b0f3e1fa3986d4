"""Every open session gone over: for its timers when the settings changed, for its agent's time after a start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.anew import AT_ONCE, OPEN, Anew, wake_all
from postroom.errors import TemporaryError
from postroom.ports.records import TimerRow
from postroom.ports.store import Store, Topic, Tx
from postroom.session.deadlines import deadlines, due_at
from postroom.session.policy import AgentSilence, CustomerSilence, LastAgentPolicy, OfflinePolicy, Policy, RobotPolicy
from postroom.session.state import Assignment, ConversationId, Offer, Phase, Session, SessionId, TimerKind
from tests.dispatch.house import ACME, NINE, House, open_house
from tests.engine.test_timers import Broken

K = TimerKind
QUEUED_KINDS = {K.MAX_WAIT, K.OVERFLOW, K.HOLD, K.CONTACT}
KINDS: dict[Phase, set[TimerKind]] = {
    Phase.ROBOT: {K.ROBOT_TURN, K.CUSTOMER_SILENCE},
    Phase.QUEUED: QUEUED_KINDS,
    Phase.OFFERED: {K.OFFER_EXPIRY},
    Phase.ASSIGNED: {K.AGENT_SILENCE, K.AGENT_GONE},
    Phase.AWAITING_CUSTOMER: {K.REMINDER, K.CUSTOMER_SILENCE},
    Phase.OFFLINE: {K.CONTACT},
    Phase.WRAP_UP: {K.WRAP_UP},
}


def strict(policy: Policy, seconds: float = 3600.0) -> Policy:
    """Rules that give every deadline an end after that time."""
    queue = {"max_wait": seconds, "overflow_after": seconds, "overflow": "orders", "offer_for": seconds}
    return replace(
        policy,
        queues={name: replace(one, **queue) for name, one in policy.queues.items()},
        robot=RobotPolicy(name="rita", timeout=seconds),
        offline=OfflinePolicy(route_within=seconds, contact_within=seconds),
        last_agent=LastAgentPolicy(wait=seconds),
        customer_silence=CustomerSilence(end_after=seconds, remind_after=seconds, after_offline=seconds),
        agent_silence=AgentSilence(transfer_after=seconds),
        agent_gone_after=seconds,
        wrap_up=seconds,
    )


def loose(policy: Policy) -> Policy:
    """Rules that give hardly a deadline an end."""
    return replace(
        strict(policy),
        queues={name: replace(one, max_wait=None, overflow_after=None) for name, one in policy.queues.items()},
        offline=OfflinePolicy(route_within=3600.0),
        customer_silence=CustomerSilence(end_after=None),
        agent_silence=AgentSilence(),
    )


def a_session(phase: Phase, number: int = 0) -> Session:
    """A session of that phase all of whose deadlines began at nine."""
    name = f"{phase.value}-{number}"
    owner = Assignment(agent="anna", token="t", assigned_at=NINE)
    has_owner = phase in {Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.WRAP_UP, Phase.ENDED}
    return Session(
        id=SessionId(f"s-{name}"),
        conversation=ConversationId(f"c-{name}"),
        tenant=ACME,
        channel="support",
        opened_at=NINE,
        phase=phase,
        queue="help",
        queued_at=NINE,
        waiting_since=NINE,
        held_for="ben" if phase is Phase.QUEUED else "",
        held_since=NINE if phase is Phase.QUEUED else None,
        is_offline_message=phase in {Phase.QUEUED, Phase.OFFLINE},
        offer=Offer(agent="anna", token="t", offered_at=NINE, expires_at=NINE) if phase is Phase.OFFERED else None,
        assignment=owner if has_owner else None,
        gone_since=NINE,
        customer_wrote_at=NINE,
        answer_due_since=NINE,
        silent_since=NINE,
        robot_asked_since=NINE,
        robot_turn=1,
        wrap_up_since=NINE,
    )


async def put(house: House, *sessions: Session) -> None:
    def unit(tx: Tx) -> None:
        for one in sessions:
            conversation = house.conversation("It broke", one.channel)
            tx.conversations.add(replace(conversation, id=one.conversation))
            tx.sessions.save(one)

    await house.write(unit)


async def timers(house: House, session: Session) -> dict[TimerKind, TimerRow]:
    rows = await house.read(lambda tx: list(tx.timers.of_session(session.id)))
    return {row.kind: row for row in rows}


def expected(house: House, session: Session) -> dict[TimerKind, TimerRow]:
    """What stands in the store when the rules in force are kept."""
    policy = house.policy(session.tenant, session.channel)
    found = {}
    for kind, one in deadlines(session).items():
        due = due_at(kind, one.started_at, session, policy)
        if due is not None:
            found[kind] = TimerRow(
                session=session.id, tenant=ACME, kind=kind, due_at=due, started_at=one.started_at, token=one.token
            )
    return found


async def test_every_kind_of_open_session_gets_has_moved_and_loses_the_timers_of_the_rules(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        sessions = [a_session(phase) for phase in OPEN]
        await put(house, *sessions)
        anew = Anew(house.store, house.step)
        house.ruled = strict
        assert await anew.timers() == len(OPEN)
        for one in sessions:
            assert (await timers(house, one)).keys() == KINDS[one.phase], one.phase
            assert await timers(house, one) == expected(house, one)
        house.ruled = lambda policy: strict(policy, 7200.0)
        await anew.timers()
        for one in sessions:
            rows = await timers(house, one)
            assert rows == expected(house, one)
            assert {row.due_at for row in rows.values()} == {NINE + timedelta(hours=2)}
        house.ruled = loose
        await anew.timers()
        for one in sessions:
            assert await timers(house, one) == expected(house, one)
        left = {one.phase: set(await timers(house, one)) for one in sessions}
        assert left == {
            **KINDS,
            Phase.ROBOT: {K.ROBOT_TURN},
            Phase.QUEUED: {K.MAX_WAIT, K.HOLD},
            Phase.ASSIGNED: {K.AGENT_GONE},
            Phase.AWAITING_CUSTOMER: set(),
            Phase.OFFLINE: set(),
        }


async def test_a_stored_timer_the_session_does_not_have_is_removed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        session = a_session(Phase.OFFLINE)
        await put(house, session)
        stray = TimerRow(session=session.id, tenant=ACME, kind=K.REMINDER, due_at=NINE, started_at=NINE)
        await house.write(lambda tx: tx.timers.arm(stray))
        await Anew(house.store, house.step).timers()
        assert await timers(house, session) == {}


async def test_new_sessions_and_ended_ones_are_not_looked_at(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        await put(house, a_session(Phase.NEW), a_session(Phase.ENDED))
        assert await Anew(house.store, house.step).timers() == 0
        assert await house.read(lambda tx: tx.timers.next_due()) is None


async def test_the_timer_loop_is_woken_where_a_timer_moved_and_only_there(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        await put(house, a_session(Phase.WRAP_UP))
        anew, bell = Anew(house.store, house.step), house.store.bell(Topic.TIMERS)
        await anew.timers()
        assert await bell.wait(0)
        await anew.timers()
        assert not await bell.wait(0)
        bell.close()


async def test_more_sessions_than_a_page_holds_are_all_looked_at(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        sessions = [a_session(Phase.WRAP_UP, number) for number in range(2 * AT_ONCE + 3)]
        await put(house, *sessions)
        assert await Anew(house.store, house.step).timers() == len(sessions)
        counts = await house.read(lambda tx: tx.counts())
        assert counts.timers_pending == len(sessions)


class Unruly(Broken):
    """The real door; the rules of some channels cannot be told."""

    def policy(self, tenant: str, channel: str) -> Policy:
        if channel == "shop":
            raise ZeroDivisionError("a fault of ours")
        return super().policy(tenant, channel)


async def test_a_session_that_cannot_be_decided_keeps_no_other_from_its_turn(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        sessions = [a_session(phase, number) for phase in (Phase.OFFERED, Phase.ASSIGNED) for number in range(4)]
        broken = replace(sessions[1], channel="shop")
        await put(house, sessions[0], broken, *sessions[2:])
        step = Unruly(house, {sessions[6].id})
        anew = Anew(house.store, step)  # type: ignore[arg-type] # the real one with a fault in it
        assert await anew.timers() == 8
        assert [bool(await timers(house, one)) for one in sessions] == [True, False] + [True] * 6
        house.clock.passed += 60
        assert await anew.agents_time() == 8
        began = [one.offer.offered_at for one in [await house.session(s.id) for s in sessions[:4]] if one.offer]
        assert began == [house.clock.now()] * 4
        began_again = [(await house.session(one.id)).answer_due_since for one in sessions[4:]]
        assert [one == house.clock.now() for one in began_again] == [True, True, False, True]


async def test_while_the_store_is_away_nothing_is_passed_over(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        await put(house, a_session(Phase.WRAP_UP))
        with pytest.raises(TemporaryError):
            await Anew(Away(house.store), house.step).timers()  # type: ignore[arg-type] # of a store it needs these two


class Away:
    """A store whose disk is full: it reads, and writes nothing."""

    def __init__(self, real: Store) -> None:
        self.read = real.read

    async def write(self, _unit: object) -> None:
        raise TemporaryError("the disk is full")


async def test_offers_and_agents_clocks_begin_anew_in_full(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = strict
        held, offered, assigned = (a_session(phase) for phase in (Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED))
        await put(house, held, offered, assigned)
        anew = Anew(house.store, house.step)
        await anew.timers()
        house.clock.passed += 1800
        now, full = house.clock.now(), timedelta(hours=1)
        assert await anew.agents_time() == 3
        held, offered, assigned = [await house.session(one.id) for one in (held, offered, assigned)]
        assert (held.held_for, held.held_since) == ("ben", now)
        assert offered.offer is not None
        assert (offered.offer.agent, offered.offer.token) == ("anna", "t")
        assert (offered.offer.offered_at, offered.offer.expires_at) == (now, now + full)
        assert (assigned.answer_due_since, assigned.gone_since) == (now, now)
        due = {
            kind: row.due_at for one in (held, offered, assigned) for kind, row in (await timers(house, one)).items()
        }
        assert due == {
            K.HOLD: now + full,
            K.OFFER_EXPIRY: now + full,
            K.AGENT_SILENCE: now + full,
            K.AGENT_GONE: now + full,
            K.MAX_WAIT: NINE + full,
            K.OVERFLOW: NINE + full,
            K.CONTACT: NINE + full,
        }


async def test_who_waits_for_anybody_or_for_the_customer_is_untouched(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        waiting = replace(a_session(Phase.QUEUED), held_for="", held_since=None)
        others = [a_session(phase) for phase in (Phase.ROBOT, Phase.AWAITING_CUSTOMER, Phase.OFFLINE, Phase.WRAP_UP)]
        await put(house, waiting, *others)
        house.clock.passed += 60
        assert await Anew(house.store, house.step).agents_time() == 1
        for one in (waiting, *others):
            assert await house.session(one.id) == one
        assert await house.read(lambda tx: tx.journal.last(ACME)) == 0


async def test_whoever_waits_for_a_time_or_the_settings_is_woken(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        topics = (Topic.QUEUES, Topic.HOURS, Topic.TIMERS, Topic.OUTBOX)
        bells = [house.store.bell(topic) for topic in topics]
        await house.write(wake_all)
        assert [await bell.wait(0) for bell in bells] == [True] * 4
        for bell in bells:
            bell.close()
