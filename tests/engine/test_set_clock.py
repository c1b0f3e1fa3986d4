from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.engine.set_clock import CLOCK_START, HeardClock, SetClock, clock_from
from postroom.engine.world import TEST_MODE
from postroom.errors import ConfigurationError
from postroom.ports.store import Topic
from tests.store.opened import opened

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
A_MOMENT = timedelta(minutes=1)


def test_a_set_clock_shows_the_time_it_was_set_to_and_runs_on() -> None:
    clock = SetClock()
    clock.set(MONDAY)
    first, second = clock.now(), clock.now()
    assert MONDAY <= first <= second < MONDAY + A_MOMENT


def test_seconds_that_never_jump_do_not() -> None:
    clock = SetClock()
    before = clock.monotonic()
    clock.set(MONDAY)
    assert before <= clock.monotonic() < before + A_MOMENT.total_seconds()


def test_only_a_service_under_test_has_a_clock_that_can_be_set() -> None:
    assert not isinstance(clock_from({}), SetClock)
    assert isinstance(clock_from({TEST_MODE: "1"}), SetClock)


def test_a_service_under_test_begins_at_the_time_it_is_told() -> None:
    clock = clock_from({TEST_MODE: "1", CLOCK_START: "2026-03-02T09:00:00+01:00"})
    assert MONDAY <= clock.now() < MONDAY + A_MOMENT
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({CLOCK_START: "2026-03-02T09:00:00Z"}, "POSTROOM_TEST_MODE is not 1"),
        ({TEST_MODE: "yes", CLOCK_START: "2026-03-02T09:00:00Z"}, "POSTROOM_TEST_MODE is not 1"),
        ({TEST_MODE: "1", CLOCK_START: "2026-03-02T09:00:00"}, "is not a time like"),
        ({TEST_MODE: "1", CLOCK_START: "soon"}, "is not a time like"),
    ],
)
def test_a_time_that_may_not_be_set_is_refused_at_the_start(environment: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        clock_from(environment)


async def test_everybody_who_waits_for_a_time_hears_of_a_move(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        bells = [store.bell(topic) for topic in (Topic.TIMERS, Topic.HOURS, Topic.QUEUES, Topic.OUTBOX)]
        clock = HeardClock(SetClock(), store)
        await clock.set(MONDAY)
        assert clock.now() >= MONDAY
        assert [await bell.wait(0) for bell in bells] == [True] * 4
