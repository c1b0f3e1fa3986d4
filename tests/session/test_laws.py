"""Laws that hold for any row of events, under any rules, by Hypothesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from postroom.session import events as e
from postroom.session.automatic import AutomaticKind, AutomaticPolicy
from postroom.session.deadlines import deadlines, due_at
from postroom.session.decide import decide
from postroom.session.effects import AnyEffect, ArmTimer, CancelTimer, ReleasePlace, SendRobotAnswer, TakePlace
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import (
    AgentSilence,
    CustomerSilence,
    LastAgentPolicy,
    OfflinePolicy,
    Policy,
    QueuePolicy,
    RobotPolicy,
)
from postroom.session.state import HOLDING, Phase, Session, TimerKind
from tests.session.making import ANSWERABLE, NOW, POLICY, SUPPORT, minutes, new_session

NAMES = ("anna", "bernd", "chen")
AGENTS = st.sampled_from(NAMES)
TOKENS = st.sampled_from(["t1", "t2"])
WHEN = st.integers(0, 60 * 24 * 9).map(minutes)
RESERVING = e.AgentReserved | e.SessionPicked | e.SessionAssigned
BY_QUEUE = e.AgentReserved | e.OfferAccepted

STRICT = replace(
    POLICY,
    queues={
        "support": replace(SUPPORT, max_wait=1800.0, overflow="second", overflow_after=900.0),
        "second": QueuePolicy(members=frozenset(NAMES), auto_accept=True, max_length=3),
    },
    agent_silence=AgentSilence(transfer_after=600.0, max_transfers=2, escalate_to="queue:second"),
    customer_silence=CustomerSilence(end_after=3600.0, remind_after=1200.0, in_work_time=True),
    last_agent=LastAgentPolicy(enabled=True),
    wrap_up=60.0,
)
OFFLINE = replace(
    STRICT,
    offline=OfflinePolicy(enabled=True, contact_within=86_400.0, to_last_agent=True, ask_robot=True),
    robot=RobotPolicy(name="rita", max_turns=2, in_work_time=True),
    automatic=AutomaticPolicy(texts=frozenset(AutomaticKind), each=True),
    agent_silence=AgentSilence(transfer_after=600.0, to="agent:bernd", max_transfers=1, escalate_to="agent:chen"),
    count_awaiting=True,
)
LENIENT = replace(POLICY, finish_queue=True, robot=RobotPolicy(name="rita", hand_off_on_failure=False))
SHADOW = replace(STRICT, is_shadow=True)
EVERY_POLICY = (POLICY, STRICT, OFFLINE, LENIENT, SHADOW)

EVENT: st.SearchStrategy[e.AnyEvent] = st.one_of(
    st.builds(e.MessageReceived, mail=st.just("m"), received_at=WHEN, keyword=st.sampled_from(["", "", "agent"])),
    st.builds(e.MessageAttached, mail=st.just("m"), mail_class=st.just("dsn")),
    st.builds(e.AgentReserved, agent=AGENTS, token=TOKENS),
    st.builds(e.SessionPicked, agent=AGENTS, token=TOKENS),
    st.builds(e.SessionAssigned, agent=AGENTS, token=TOKENS, by=st.just("sue")),
    st.builds(e.OfferDeclined, agent=AGENTS, token=TOKENS),
    st.builds(e.OfferExpired, token=TOKENS),
    st.builds(e.AgentLeft, agent=AGENTS, is_gone=st.booleans()),
    st.builds(e.AgentReturned, agent=AGENTS),
    st.builds(e.AgentWroteFirst, agent=AGENTS, token=TOKENS, reply=st.just("r")),
    st.builds(e.ReplySubmitted, agent=AGENTS, token=TOKENS, reply=st.just("r")),
    st.builds(e.ReplyWithdrawn, agent=AGENTS, token=TOKENS, reply=st.just("r")),
    st.builds(e.WorkSaved, agent=AGENTS, token=TOKENS),
    st.builds(e.NoteWritten, agent=AGENTS, token=TOKENS, text=st.just("n")),
    st.builds(e.ForwardSubmitted, agent=AGENTS, token=TOKENS, reply=st.just("f")),
    st.builds(e.ForwardFailed, reply=st.just("f"), words=st.just("no")),
    st.builds(e.SessionParked, agent=AGENTS, token=TOKENS, until=st.none() | WHEN),
    st.builds(
        e.SessionTransferred,
        by=AGENTS,
        token=TOKENS,
        queue=st.sampled_from(["support", "second"]),
        by_supervisor=st.booleans(),
    ),
    st.builds(
        e.SessionTransferred, by=AGENTS, token=TOKENS, agent=AGENTS, new_token=TOKENS, by_supervisor=st.booleans()
    ),
    st.builds(e.EndRequested, agent=AGENTS, token=TOKENS),
    st.builds(e.WrapUpDone, agent=AGENTS, token=TOKENS),
    st.builds(e.SessionFiled, by=AGENTS, token=TOKENS, reason=st.just("spam"), by_supervisor=st.booleans()),
    st.builds(e.ConversationMerged, by=AGENTS, into=st.just("c2")),
    st.builds(e.RobotAnswered, turn=st.integers(1, 3), text=st.just("Hello")),
    st.builds(e.RobotHandedOff, turn=st.integers(1, 3), reason=st.just(""), failed=st.booleans()),
    st.builds(e.ReplySent, reply=st.just("r"), sent_at=WHEN),
    st.builds(e.ReplyFailed, reply=st.just("r"), words=st.just("no")),
    st.builds(e.ReplyDelayed, reply=st.just("r"), agent=AGENTS, words=st.just("later")),
    st.sampled_from([e.OpeningReached(), e.ClosingReached(), e.ServiceResumed()]),
    st.sampled_from([*e.OF_TIMER.values()]),
)
NEXT = st.sampled_from(["take", "reply", "write", "wait"])
"""What mostly happens, so that stories come far: an agent takes it, answers, the customer writes, a timer fires."""


class Turn(Struct, frozen=True):
    """One thing that happens, so long after the last, to a world in which agents stand like that."""

    what: e.AnyEvent | str
    after: float
    able: frozenset[str]


STORY = st.lists(
    st.builds(
        Turn,
        what=st.one_of(NEXT, NEXT, EVENT),
        after=st.integers(0, 900).map(float) | st.sampled_from([36_000.0, 86_400.0]),
        able=st.frozensets(AGENTS),
    ),
    max_size=40,
)
POLICIES = st.sampled_from(EVERY_POLICY)


class Lived(Struct, frozen=True):
    """One decision, with what came before and after it."""

    before: Session
    event: e.AnyEvent
    after: Session
    effects: tuple[AnyEffect, ...]
    policy: Policy
    now: datetime


def live(story: list[Turn], policy: Policy) -> Iterator[Lived]:
    """Let it all happen to one session."""
    session, now = new_session(), NOW
    for turn in story:
        now += timedelta(seconds=turn.after)
        event = meant(turn, session, policy, now)
        after, effects = decide(session, event, facts(session, event, turn), policy, now)
        yield Lived(session, event, after, effects, policy, now)
        session = after


def meant(turn: Turn, session: Session, policy: Policy, now: datetime) -> e.AnyEvent:
    """The event a turn means to the session as it stands."""
    held = session.offer or session.assignment
    agent, token = (held.agent, held.token) if held else ("anna", "t1")
    match turn.what:
        case "take" if session.offer is not None:
            return e.OfferAccepted(agent=agent, token=token)
        case "take":
            return e.AgentReserved(agent=session.held_for or max(turn.able | {"anna"}), token="t1")
        case "reply" if session.phase is Phase.AWAITING_CUSTOMER:
            return e.ReplySent(reply="r", sent_at=now)
        case "reply":
            return e.ReplySubmitted(agent=agent, token=token, reply="r")
        case "wait":
            return fired(session, policy)
        case str():
            return e.MessageReceived(mail="m", received_at=now)
        case event:
            return event


def fired(session: Session, policy: Policy) -> e.AnyEvent:
    """The session's next timer, or the opening."""
    due = {kind: due_at(kind, one.started_at, session, policy) for kind, one in deadlines(session).items()}
    pending = sorted((when, kind.value) for kind, when in due.items() if when is not None)
    if not pending:
        return e.OpeningReached()
    kind = TimerKind(pending[0][1])
    offer = session.offer
    return e.OfferExpired(token=offer.token) if offer and kind is TimerKind.OFFER_EXPIRY else e.OF_TIMER[kind]


def facts(session: Session, event: e.AnyEvent, turn: Turn) -> Facts:
    """How the agents stand; who is able is ready with a place, who is not is signed out."""
    target = event.agent if isinstance(event, e.SessionTransferred | e.SessionAssigned) else ""
    return Facts(
        owner=standing(session.owner, turn),
        target=standing(target, turn),
        last_agent=standing("chen", turn),
        last_replied_at=NOW,
        queue=QueueFact(name="support", waiting=len(turn.able), signed_in=len(turn.able)),
        automatic=replace(ANSWERABLE, answerable="anna" in turn.able),
    )


@lru_cache
def agent(name: str, is_able: bool) -> AgentFact:
    return AgentFact(name=name, is_ready=is_able, has_place=is_able, is_signed_in=is_able)


def standing(name: str, turn: Turn) -> AgentFact | None:
    return agent(name, name in turn.able) if name else None


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_nothing_ever_raises_and_the_same_story_always_ends_the_same(story: list[Turn], policy: Policy) -> None:
    assert list(live(story, policy)) == list(live(story, policy))


@given(STORY, POLICIES)
def test_a_session_is_read_back_as_it_was_written(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        assert msgspec.json.decode(msgspec.json.encode(one.after), type=Session) == one.after


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_places_taken_less_places_given_back_are_those_held(story: list[Turn], policy: Policy) -> None:
    places: Counter[str] = Counter()
    for one in live(story, policy):
        if isinstance(one.event, RESERVING):
            places[one.event.agent] += 1  # the unit that brings these has taken a place
        places.update(effect.agent for effect in one.effects if isinstance(effect, TakePlace))
        places.subtract(effect.agent for effect in one.effects if isinstance(effect, ReleasePlace))
        assert {name: count for name, count in places.items() if count} == ({h: 1} if (h := one.after.holder) else {})


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_the_timers_that_were_set_are_the_deadlines_of_the_session(story: list[Turn], policy: Policy) -> None:
    stored: dict[TimerKind, tuple[datetime, datetime, str]] = {}
    for one in live(story, policy):
        for effect in one.effects:
            if isinstance(effect, ArmTimer):
                stored[effect.kind] = (effect.started_at, effect.due_at, effect.token)
            elif isinstance(effect, CancelTimer):
                stored.pop(effect.kind, None)
        expected = {}
        for kind, deadline in deadlines(one.after).items():
            due = due_at(kind, deadline.started_at, one.after, policy)
            if due is not None:
                expected[kind] = (deadline.started_at, due, deadline.token)
        assert stored == expected


@given(STORY, POLICIES)
def test_an_ended_session_never_comes_back(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        if one.before.phase is Phase.ENDED:
            assert one.after == one.before


@given(STORY, POLICIES)
def test_a_session_has_one_owner_or_one_offer_and_a_phase_to_match(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        after = one.after
        assert (after.phase is Phase.OFFERED) == (after.offer is not None)
        assert not (after.offer and after.assignment)
        if after.phase in HOLDING and after.parked_since is None:
            assert after.holder
        if after.phase in {Phase.NEW, Phase.ROBOT, Phase.QUEUED, Phase.OFFERED, Phase.OFFLINE}:
            assert after.assignment is None
        if after.phase in {Phase.ROBOT, Phase.QUEUED, Phase.OFFLINE}:
            assert after.holder is None
        assert after.ended_because == "" or after.phase in {Phase.WRAP_UP, Phase.ENDED}


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_nobody_grows_younger_but_by_a_customers_mail(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        if one.before.queued_at is not None and one.after.queued_at != one.before.queued_at:
            assert isinstance(one.event, e.MessageReceived)
            assert one.before.phase is Phase.AWAITING_CUSTOMER
            assert one.after.queued_at == one.now


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_who_let_the_customer_wait_is_not_led_back_by_the_queue(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        assert one.after.held_for not in one.after.left_out or one.after.held_for == ""
        if isinstance(one.event, BY_QUEUE) and one.before.holder != one.after.holder:
            assert one.after.holder not in one.before.left_out


@settings(max_examples=300)
@given(STORY, POLICIES)
def test_a_session_is_taken_from_silent_agents_so_often_and_no_more(story: list[Turn], policy: Policy) -> None:
    silent = 0
    for one in live(story, policy):
        if one.before.phase is Phase.ASSIGNED and isinstance(one.event, e.ReplySubmitted):
            silent = 0 if one.after.phase is Phase.AWAITING_CUSTOMER else silent
        if isinstance(one.event, e.AgentStayedSilent) and one.after.owner != one.before.owner:
            silent += 1
        assert silent <= policy.agent_silence.max_transfers + 1


@given(STORY, POLICIES)
def test_whoever_waits_is_somewhere_and_can_be_found(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        if one.after.phase in {Phase.QUEUED, Phase.OFFERED, Phase.OFFLINE}:
            assert one.after.queue
            assert one.after.queued_at is not None
        if one.after.phase is Phase.QUEUED:
            assert one.after.waiting_since is not None
        if one.after.held_for:
            assert one.after.phase in {Phase.QUEUED, Phase.OFFERED, Phase.OFFLINE}


@given(STORY)
def test_in_shadow_nobody_is_offered_anything(story: list[Turn]) -> None:
    for one in live(story, SHADOW):
        assert one.after.phase in {Phase.NEW, Phase.QUEUED, Phase.OFFLINE, Phase.ENDED}


@given(STORY, POLICIES)
def test_a_robots_answer_is_sent_only_while_its_question_is_the_last(story: list[Turn], policy: Policy) -> None:
    for one in live(story, policy):
        if any(isinstance(effect, SendRobotAnswer) for effect in one.effects):
            assert isinstance(one.event, e.RobotAnswered)
            assert one.before.phase is Phase.ROBOT
            assert one.before.robot_turn == one.event.turn
            assert one.before.robot_asked_since is not None
