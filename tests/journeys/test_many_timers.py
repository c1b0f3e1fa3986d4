"""Thousands of timers that fall due while nobody serves, and a process that is killed while it fires them (P24)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.benchmarks.many_sessions import fill
from tests.journeys.config import Written
from tests.journeys.days import SOON, days
from tests.journeys.process import wait_for

pytestmark = [pytest.mark.server, pytest.mark.journey]

SESSIONS = 2_500
WRAP_UPS, SILENCES = SESSIONS // 10, SESSIONS * 7 // 10
RULES = "wrap_up: 1h\nno_customer_reply: {end_after: 30d}\n"
DEATHS = ("timer_fired_pre_commit:kill:2", "timer_fired_commit_post:kill:3", "timer_fired_pre_commit:kill:4")


def test_two_thousand_timers_fire_once_each_whatever_kills_the_process(tmp_path: Path) -> None:
    with days(tmp_path, "2026-04-02 09:00", Written(channel=RULES, poll_every=SOON)) as here:
        asyncio.run(fill(here.config / "var", SESSIONS, "acme", "support"))
        for death in DEATHS:
            with here.process(death) as process:
                process.wait_killed(death)
        with here.process():
            wait_for(lambda: fired(here.oracle.when("customer_stayed_silent")) == SILENCES, "all silences to end")
            wait_for(lambda: fired(here.oracle.when("wrap_up_ended")) == WRAP_UPS, "all work to be written up")
        for event in ("customer_stayed_silent", "wrap_up_ended"):
            assert max(Counter(customer for customer, _ in here.oracle.when(event)).values()) == 1
        here.oracle.check_quiet()


def fired(happened: Sequence[tuple[str, object]]) -> int:
    """To how many conversations it happened."""
    return len({customer for customer, _ in happened})
