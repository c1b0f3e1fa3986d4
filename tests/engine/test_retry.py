from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.engine.retry import BREAKER_LAST, FIRST_RETRY, LAST_RETRY, Backoff, Fate, fate, next_try
from postroom.ports.gateways import RecipientResult

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CODES = st.one_of(st.just(0), st.integers(200, 599))


def test_tries_after_a_4xx_begin_at_five_minutes_and_double_up_to_4000_seconds() -> None:
    waits = [(next_try(attempt, NOW) - NOW).total_seconds() for attempt in range(1, 8)]
    assert waits == [300, 600, 1200, 2400, 4000, 4000, 4000]


def test_tries_after_a_fault_of_the_gateway_begin_soon_and_end_at_a_quarter_of_an_hour() -> None:
    waits = [(next_try(attempt, NOW, is_gateway_fault=True) - NOW).total_seconds() for attempt in (1, 2, 3, 8, 9, 99)]
    assert waits == [5, 10, 20, 640, 900, 900]


@given(st.integers(0, 10_000), st.booleans())
def test_a_next_try_is_never_now_and_never_far(attempts: int, is_fault: bool) -> None:
    wait = next_try(attempts, NOW, is_gateway_fault=is_fault) - NOW
    assert timedelta(seconds=2) < wait <= max(LAST_RETRY, FIRST_RETRY)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_gateways_pauses_are_spread_over_the_upper_half_of_their_step(failures: int, jitter: float) -> None:
    step = Backoff(failures=failures).seconds(1.0)
    assert step / 2 <= Backoff(failures=failures).seconds(jitter) <= step <= BREAKER_LAST


@given(CODES, st.floats(0, 1e6))
def test_a_recipients_fate_follows_the_class_of_his_code_until_it_is_given_up(code: int, age: float) -> None:
    accepted_at = NOW - timedelta(seconds=age)
    found = fate(RecipientResult("a@b", code, ""), accepted_at, NOW, 3600.0)
    if 200 <= code < 300:
        assert found is Fate.SENT
    elif code >= 500:
        assert found is Fate.FAILED
    else:
        assert found is (Fate.FAILED if NOW - accepted_at >= timedelta(hours=1) else Fate.AGAIN)


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_one_more_failure_makes_the_pause_longer(failures: int) -> None:
    assert Backoff(failures=failures).failed().seconds(0.5) == 2 * Backoff(failures=failures).seconds(0.5)
