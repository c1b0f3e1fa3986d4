"""The choice of an agent: examples, and the laws that hold for every queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.assign import Candidate, choose

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)

names = st.sampled_from(["anna", "ben", "chen", "dora", "emil", "fatima"])
candidates = st.lists(
    st.builds(
        Candidate,
        name=names,
        is_ready=st.booleans(),
        load=st.integers(0, 3),
        capacity=st.integers(0, 3),
        idle_since=st.none() | st.integers(0, 5).map(lambda minutes: NINE + timedelta(minutes=minutes)),
    ),
    max_size=6,
    unique_by=lambda one: one.name,
)
passed_over = st.lists(names, unique=True, max_size=6)


def agent(name: str, idle_minutes: int = 0, *, ready: bool = True, load: int = 0) -> Candidate:
    return Candidate(
        name=name, is_ready=ready, load=load, capacity=2, idle_since=NINE - timedelta(minutes=idle_minutes)
    )


def test_the_longest_idle_agent_is_asked_first() -> None:
    assert choose((), [agent("anna", 5), agent("ben", 20), agent("chen", 10)]) == "ben"


def test_an_agent_who_was_never_given_anything_is_idle_longest() -> None:
    fresh = Candidate(name="zoe", is_ready=True, load=0, capacity=1)
    assert choose((), [agent("anna", 600), fresh]) == "zoe"


def test_a_tie_goes_by_name_whatever_the_order_of_the_rows() -> None:
    assert choose((), [agent("ben"), agent("anna")]) == choose((), [agent("anna"), agent("ben")]) == "anna"


def test_an_agent_who_let_the_session_go_is_asked_after_everybody_else() -> None:
    assert choose(("ben",), [agent("anna", 1), agent("ben", 90)]) == "anna"


def test_of_those_who_let_it_go_the_one_longest_ago_is_asked_first() -> None:
    assert choose(("ben", "anna"), [agent("anna", 90), agent("ben", 1)]) == "ben"


def test_the_only_agent_is_asked_again_though_he_let_it_go() -> None:
    assert choose(("anna",), [agent("anna")]) == "anna"


def test_nobody_is_chosen_where_all_are_busy_or_away() -> None:
    assert choose((), [agent("anna", load=2), agent("ben", ready=False)]) is None
    assert choose((), []) is None


@given(passed_over, candidates)
def test_nobody_is_chosen_who_is_not_ready_or_has_no_place(let_go: list[str], queue: list[Candidate]) -> None:
    chosen = choose(let_go, queue)
    able = {one.name for one in queue if one.is_ready and one.load < one.capacity}
    assert (chosen in able) if able else chosen is None


@given(passed_over, candidates)
def test_the_choice_does_not_depend_on_the_order_of_the_rows(let_go: list[str], queue: list[Candidate]) -> None:
    shuffled = sorted(queue, key=lambda one: (one.load, one.name[::-1]))
    assert choose(let_go, queue) == choose(let_go, shuffled) == choose(let_go, list(reversed(queue)))


@given(passed_over, candidates)
def test_one_who_let_it_go_is_chosen_only_where_every_able_agent_did(let_go: list[str], queue: list[Candidate]) -> None:
    if (chosen := choose(let_go, queue)) in let_go:
        assert all(one.name in let_go for one in queue if one.can_take), chosen


@given(candidates)
def test_nobody_able_was_idle_longer_than_the_chosen(queue: list[Candidate]) -> None:
    chosen = next((one for one in queue if one.name == choose((), queue)), None)
    for other in queue:
        if chosen is not None and other.can_take and chosen.idle_since is not None:
            assert other.idle_since is not None
            assert chosen.idle_since <= other.idle_since
