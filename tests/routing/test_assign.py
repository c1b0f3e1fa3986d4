"""The choice of agents: examples, and the laws that hold for every queue."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.assign import Candidate, Rules, Stage, Strategy, Waiter, assigned, choose

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = ("anna", "ben", "chen", "dora", "emil", "fatima")

names = st.sampled_from(NAMES)
levels = st.integers(0, 5)
candidates = st.lists(
    st.builds(
        Candidate,
        name=names,
        is_ready=st.booleans(),
        load=st.integers(0, 4),
        capacity=st.integers(1, 4),
        idle_since=st.none() | st.integers(0, 5).map(lambda minutes: NINE + timedelta(minutes=minutes)),
    ),
    max_size=6,
    unique_by=lambda one: one.name,
)
rules = st.builds(
    Rules,
    strategy=st.sampled_from(Strategy),
    levels=st.dictionaries(names, levels),
    wanted=levels,
    relaxation=st.lists(st.builds(Stage, after=st.integers(1, 60).map(float), level=levels), max_size=3).map(tuple),
)
waiters = st.lists(
    st.builds(
        Waiter,
        name=st.uuids().map(str),
        waited=st.integers(0, 90).map(float),
        weight=st.integers(1, 3),
        passed_over=st.lists(names, unique=True, max_size=3),
        left_out=st.lists(names, unique=True, max_size=3),
    ),
    max_size=8,
    unique_by=lambda one: one.name,
)


def agent(name: str, idle_minutes: int = 0, *, ready: bool = True, load: int = 0, capacity: int = 2) -> Candidate:
    return Candidate(
        name=name, is_ready=ready, load=load, capacity=capacity, idle_since=NINE - timedelta(minutes=idle_minutes)
    )


def chosen(*candidates: Candidate, rules: Rules = Rules(), **waiter: object) -> str | None:  # noqa: B008 a frozen value
    return choose(Waiter(name="s", **waiter), candidates, rules)  # type: ignore[arg-type]  # the fields of a waiter


def test_the_longest_idle_agent_is_asked_first() -> None:
    assert chosen(agent("anna", 5), agent("ben", 20), agent("chen", 10)) == "ben"


def test_an_agent_who_was_never_given_anything_is_idle_longest() -> None:
    new = Candidate(name="zoe", is_ready=True, load=0, capacity=1)
    assert chosen(agent("anna", 500), new) == "zoe"


def test_equally_idle_agents_are_asked_by_name() -> None:
    assert chosen(agent("ben", 3), agent("anna", 3)) == "anna"


def test_who_is_not_ready_or_full_is_not_asked() -> None:
    assert chosen(agent("anna", ready=False), agent("ben", load=2)) is None


def test_nobody_can_be_chosen_from_nobody() -> None:
    assert chosen() is None


def test_who_let_it_go_longest_ago_is_asked_before_who_just_did_and_after_everybody_else() -> None:
    anna, ben, chen = agent("anna", 30), agent("ben", 20), agent("chen")
    assert chosen(anna, ben, chen, passed_over=("ben", "anna")) == "chen"
    assert chosen(anna, ben, passed_over=("ben", "anna")) == "ben"


def test_who_is_left_out_is_never_asked_even_when_alone() -> None:
    assert chosen(agent("anna"), left_out=("anna",)) is None


def test_a_heavy_session_needs_as_many_places() -> None:
    assert chosen(agent("anna", 9, load=1), agent("ben", 1), weight=2) == "ben"
    assert chosen(agent("anna"), weight=3) is None


def test_the_least_loaded_is_who_has_the_smallest_share_of_his_places_taken() -> None:
    least = Rules(strategy=Strategy.LEAST_LOADED)
    assert chosen(agent("anna", 9, load=1), agent("ben", 1, load=2, capacity=8), rules=least) == "ben"
    assert chosen(agent("anna", 1), agent("ben", 9), rules=least) == "ben"


def test_the_one_who_knows_most_is_asked_first_where_the_queue_says_so() -> None:
    best = Rules(strategy=Strategy.SKILL_LEVEL, levels={"anna": 3, "ben": 7})
    assert chosen(agent("anna", 9), agent("ben"), agent("chen", 99), rules=best) == "ben"


def test_the_level_wanted_falls_stage_by_stage_while_the_session_waits() -> None:
    staged = Rules(
        levels={"anna": 5, "ben": 2},
        wanted=5,
        relaxation=(Stage(after=60, level=2), Stage(after=600, level=0)),
    )
    asked = [
        chosen(*(agent(name) for name in there), rules=staged, waited=waited)
        for there, waited in ((("ben",), 59.0), (("ben",), 60.0), (("chen",), 599.0), (("chen",), 600.0))
    ]
    assert asked == [None, "ben", None, "chen"]


def test_who_cannot_be_served_keeps_nobody_behind_him_waiting() -> None:
    hard = Waiter(name="hard", left_out=("anna",))
    easy = Waiter(name="easy")
    assert [(one.name, name) for one, name in assigned((hard, easy), (agent("anna"),), Rules(), NINE)] == [
        ("easy", "anna")
    ]


def test_several_sessions_are_spread_over_idle_agents() -> None:
    three = [Waiter(name=name) for name in ("s1", "s2", "s3")]
    found = assigned(three, (agent("anna", 2), agent("ben", 1)), Rules(), NINE)
    assert [name for _, name in found] == ["anna", "ben", "anna"]


Offered = list[tuple[Waiter, str]]


def _all(waiting: list[Waiter], there: list[Candidate], chosen_by: Rules) -> Offered:
    return list(assigned(waiting, there, chosen_by, NINE))


def _may_serve(one: Candidate, waiter: Waiter, chosen_by: Rules, load: int) -> bool:
    knows = chosen_by.levels.get(one.name, 0) >= chosen_by.wanted_after(waiter.waited)
    return one.is_ready and knows and one.name not in waiter.left_out and load + waiter.weight <= one.capacity


@given(waiters, candidates, rules)
def test_no_agent_is_ever_over_his_capacity(waiting: list[Waiter], there: list[Candidate], chosen_by: Rules) -> None:
    taken: Counter[str] = Counter()
    for waiter, name in _all(waiting, there, chosen_by):
        taken[name] += waiter.weight
    places = {one.name: one.capacity - one.load for one in there if one.is_ready}
    assert all(weight <= places[name] for name, weight in taken.items())


@given(waiters, candidates, rules)
def test_no_session_ever_has_two_agents(waiting: list[Waiter], there: list[Candidate], chosen_by: Rules) -> None:
    given_out = [waiter.name for waiter, _ in _all(waiting, there, chosen_by)]
    assert len(given_out) == len(set(given_out))


@given(waiters, candidates, rules)
def test_nobody_waits_while_somebody_who_may_serve_him_has_room(
    waiting: list[Waiter], there: list[Candidate], chosen_by: Rules
) -> None:
    found = _all(waiting, there, chosen_by)
    load = Counter({one.name: one.load for one in there})
    for waiter, name in found:
        load[name] += waiter.weight
    served = {waiter.name for waiter, _ in found}
    idle = [
        (waiter, one)
        for waiter in waiting
        for one in there
        if waiter.name not in served and _may_serve(one, waiter, chosen_by, load[one.name])
    ]
    assert idle == []


@given(waiters, candidates, rules)
def test_nobody_is_passed_over_for_one_behind_him_whose_agent_could_have_served_him(
    waiting: list[Waiter], there: list[Candidate], chosen_by: Rules
) -> None:
    found = {waiter.name: name for waiter, name in _all(waiting, there, chosen_by)}
    by_name = {one.name: one for one in there}
    load = Counter({one.name: one.load for one in there})
    for place, waiter in enumerate(waiting):
        name = found.get(waiter.name)
        if name is not None:
            load[name] += waiter.weight
            continue
        behind = {found[one.name] for one in waiting[place + 1 :] if one.name in found}
        assert not any(_may_serve(by_name[one], waiter, chosen_by, load[one]) for one in behind)


@given(waiters, candidates, rules, st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_agents(
    waiting: list[Waiter], there: list[Candidate], chosen_by: Rules, random: object
) -> None:
    shuffled = list(there)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' own source of chance
    assert _all(waiting, there, chosen_by) == _all(waiting, shuffled, chosen_by)


@given(rules, st.floats(0, 100), st.floats(0, 100))
def test_the_level_wanted_never_rises_while_one_waits(chosen_by: Rules, one: float, other: float) -> None:
    assert chosen_by.wanted_after(max(one, other)) <= chosen_by.wanted_after(min(one, other))
