from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.dispatch.robots.breaker import Breaker, Permit, Plan, State, admit, failed, given_up, succeeded

PLAN = Plan(failures=3, pause=10.0)


def after_failures(count: int, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(count):
        breaker, permit = admit(breaker, PLAN, now)
        assert permit is not None
        breaker = failed(breaker, PLAN, permit, now)
    return breaker


def probing(now: float = 10.0) -> tuple[Breaker, Permit]:
    breaker, permit = admit(after_failures(3), PLAN, now)
    assert permit is not None
    return breaker, permit


def test_failures_in_a_row_open_it_and_it_admits_nobody_for_the_pause() -> None:
    assert after_failures(2).state is State.CLOSED
    opened = after_failures(3)
    assert opened.state is State.OPEN
    assert admit(opened, PLAN, 9.9) == (opened, None)


def test_a_success_between_failures_forgets_them() -> None:
    breaker, permit = admit(after_failures(2), PLAN, 0.0)
    assert permit is not None
    assert succeeded(breaker, permit) == Breaker()


def test_after_the_pause_one_probe_is_admitted_and_no_second() -> None:
    breaker, _ = probing()
    assert breaker.state is State.HALF_OPEN
    assert admit(breaker, PLAN, 100.0) == (breaker, None)


def test_a_probe_that_succeeds_closes_it_and_one_that_fails_opens_it_again() -> None:
    breaker, permit = probing()
    closed = succeeded(breaker, permit)
    assert (closed.state, closed.failures) == (State.CLOSED, 0)
    opened = failed(breaker, PLAN, permit, 11.0)
    assert (opened.state, opened.opened_at) == (State.OPEN, 11.0)


def test_a_probe_that_is_withdrawn_is_made_again_at_once() -> None:
    breaker, permit = probing()
    again, second = admit(given_up(breaker, permit), PLAN, 10.0)
    assert again.state is State.HALF_OPEN
    assert second not in {None, permit}
    assert given_up(Breaker(), Permit(0)) == Breaker()


def test_what_comes_of_questions_asked_before_it_opened_changes_nothing() -> None:
    old = Permit(0)
    for breaker in (after_failures(3), probing()[0]):
        assert succeeded(breaker, old) == failed(breaker, PLAN, old, 50.0) == given_up(breaker, old) == breaker


@given(st.lists(st.tuples(st.floats(0, 8), st.sampled_from(["success", "failure", "withdrawn", "late"]))))
def test_never_are_more_asked_than_the_failures_allow_before_a_pause(steps: list[tuple[float, str]]) -> None:
    breaker, now, pending = Breaker(), 0.0, list[Permit]()
    for seconds, outcome in steps:
        now += seconds
        before = breaker
        breaker, permit = admit(breaker, PLAN, now)
        if before.state is State.OPEN and permit is not None:
            assert now - before.opened_at >= PLAN.pause
        pending += [permit] if permit is not None else []
        if not pending:
            continue
        one = pending.pop(0 if outcome == "late" else -1)
        if outcome == "withdrawn":
            breaker = given_up(breaker, one)
        else:
            breaker = succeeded(breaker, one) if outcome == "success" else failed(breaker, PLAN, one, now)
        assert breaker.state is not State.CLOSED or breaker.failures < PLAN.failures
