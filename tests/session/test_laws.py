"""Laws that hold for any row of events, by Hypothesis."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from postroom.session.decide import decide
from postroom.session.effects import AnyEffect, ReleasePlace, TakePlace
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    AnyEvent,
    EndRequested,
    MessageAttached,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    SessionPicked,
)
from postroom.session.policy import Facts
from postroom.session.state import HOLDING, Phase, Session
from tests.session.making import NOW, POLICY, minutes, new_session

AGENTS = st.sampled_from(["anna", "bernd"])
TOKENS = st.sampled_from(["t1", "t2"])

EVENT: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(MessageReceived, mail=st.just("m"), received_at=st.integers(0, 99).map(minutes)),
    st.builds(MessageAttached, mail=st.just("m"), mail_class=st.just("dsn")),
    st.builds(AgentReserved, agent=AGENTS, token=TOKENS),
    st.builds(OfferAccepted, agent=AGENTS, token=TOKENS),
    st.builds(OfferDeclined, agent=AGENTS, token=TOKENS),
    st.builds(OfferExpired, token=TOKENS),
    st.builds(AgentLeft, agent=AGENTS),
    st.builds(SessionPicked, agent=AGENTS, token=TOKENS),
    st.builds(ReplySubmitted, agent=AGENTS, token=TOKENS, reply=st.just("r")),
    st.builds(ReplySent, reply=st.just("r"), sent_at=st.just(NOW)),
    st.builds(ReplyFailed, reply=st.just("r"), words=st.just("no")),
    st.builds(EndRequested, agent=AGENTS, token=TOKENS),
)
STORY = st.lists(st.tuples(EVENT, st.booleans()), max_size=30)


def _live(story: list[tuple[AnyEvent, bool]]) -> list[tuple[Session, AnyEvent, Session, tuple[AnyEffect, ...]]]:
    lived = []
    session = new_session()
    for event, can_take in story:
        after, effects = decide(session, event, Facts(agent_can_take=can_take), POLICY, NOW)
        lived.append((session, event, after, effects))
        session = after
    return lived


@given(STORY)
def test_nothing_ever_raises_and_the_same_story_always_ends_the_same(story: list[tuple[AnyEvent, bool]]) -> None:
    assert _live(story) == _live(story)


@given(STORY)
def test_places_taken_less_places_given_back_are_those_held(story: list[tuple[AnyEvent, bool]]) -> None:
    places: Counter[str] = Counter()
    for before, event, after, effects in _live(story):
        if isinstance(event, AgentReserved | SessionPicked) and before.phase is not Phase.NEW:
            places[event.agent] += 1  # the unit that brings these has taken a place; nobody looks for agents in NEW
        places.update(effect.agent for effect in effects if isinstance(effect, TakePlace))
        places.subtract(effect.agent for effect in effects if isinstance(effect, ReleasePlace))
        assert +places == Counter([after.holder] if after.holder else [])


@given(STORY)
def test_an_ended_session_never_comes_back(story: list[tuple[AnyEvent, bool]]) -> None:
    for before, _, after, _ in _live(story):
        if before.phase is Phase.ENDED:
            assert after == before


@given(STORY)
def test_a_session_that_holds_a_place_has_exactly_one_holder(story: list[tuple[AnyEvent, bool]]) -> None:
    for _, _, after, _ in _live(story):
        assert (after.phase in HOLDING) == (after.holder is not None)
        assert (after.phase is Phase.OFFERED) == (after.offer is not None)


@given(STORY)
def test_returning_to_the_queue_after_an_offer_makes_nobody_younger(story: list[tuple[AnyEvent, bool]]) -> None:
    for before, _, after, _ in _live(story):
        if before.phase is Phase.OFFERED and after.phase is Phase.QUEUED:
            assert after.queued_at == before.queued_at
