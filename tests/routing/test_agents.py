"""An agent's own state machine, values in and values out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.agents import (
    AGENT_HEARTBEAT,
    HEARTBEAT_LOST,
    MISSED_OFFERS,
    AgentState,
    Sight,
    Standing,
    asked,
    let_offer_run_out,
    loses_offers,
    seen,
)

READY = Standing(state=AgentState.READY)
BREAK = Standing(state=AgentState.NOT_READY, reason="lunch")

standings = st.builds(
    Standing,
    state=st.sampled_from(AgentState),
    reason=st.sampled_from(["", "lunch", MISSED_OFFERS]),
    missed_offers=st.integers(0, 9),
)
sights = st.builds(Sight, streams=st.integers(0, 3), silent_for=st.floats(0, 1000))


def test_an_agent_who_says_ready_needs_no_reason() -> None:
    assert asked(BREAK, AgentState.READY, "lunch") == READY


def test_becoming_ready_forgets_the_offers_he_missed() -> None:
    tired = Standing(state=AgentState.NOT_READY, reason=MISSED_OFFERS, missed_offers=3)
    assert asked(tired, AgentState.READY, "") == READY


def test_saying_ready_twice_changes_nothing() -> None:
    missed_one = Standing(state=AgentState.READY, missed_offers=1)
    assert asked(missed_one, AgentState.READY, "again") is missed_one


def test_a_break_keeps_its_reason() -> None:
    assert asked(READY, AgentState.NOT_READY, "lunch") == BREAK


def test_the_third_missed_offer_in_a_row_sets_him_not_ready() -> None:
    standing = READY
    states = []
    for _ in range(3):
        standing = let_offer_run_out(standing, 3)
        states.append(standing.state)
    assert states == [AgentState.READY, AgentState.READY, AgentState.NOT_READY]
    assert standing.reason == MISSED_OFFERS


def test_a_missed_offer_never_replaces_the_reason_of_a_break() -> None:
    assert let_offer_run_out(BREAK, 1).reason == "lunch"


def test_an_agent_silent_for_a_heartbeat_is_offline() -> None:
    gone = seen(READY, Sight(streams=0, silent_for=AGENT_HEARTBEAT))
    assert (gone.state, gone.reason) == (AgentState.OFFLINE, HEARTBEAT_LOST)


def test_an_agent_with_an_open_stream_is_there_however_silent() -> None:
    assert seen(READY, Sight(streams=1, silent_for=9_999)) is READY


def test_an_agent_heard_of_within_the_heartbeat_stays() -> None:
    assert seen(READY, Sight(streams=0, silent_for=AGENT_HEARTBEAT - 1)) is READY


def test_his_offers_go_back_when_he_leaves_and_stay_when_he_comes() -> None:
    assert loses_offers(READY, BREAK)
    assert not loses_offers(BREAK, READY)
    assert not loses_offers(BREAK, Standing(state=AgentState.NOT_READY, reason="meeting"))


@given(standings, sights)
def test_being_seen_never_makes_anybody_ready(standing: Standing, sight: Sight) -> None:
    after = seen(standing, sight)
    assert after == standing or after.state is AgentState.OFFLINE


@given(standings, sights)
def test_looking_twice_is_looking_once(standing: Standing, sight: Sight) -> None:
    once = seen(standing, sight)
    assert seen(once, sight) == once


@given(standings, st.integers(1, 5))
def test_a_missed_offer_counts_one_and_never_makes_anybody_ready(standing: Standing, limit: int) -> None:
    after = let_offer_run_out(standing, limit)
    assert after.missed_offers == standing.missed_offers + 1
    assert after.state is standing.state or after.state is AgentState.NOT_READY


@given(standings, st.sampled_from(AgentState), st.sampled_from(["", "lunch"]))
def test_an_agent_always_gets_the_state_he_asked_for(standing: Standing, state: AgentState, reason: str) -> None:
    assert asked(standing, state, reason).state is state
