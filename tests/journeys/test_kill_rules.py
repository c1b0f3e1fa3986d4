"""SIGKILL where rules act by themselves: automatic replies, hours, timers, changed settings; nothing lost or doubled.

The robot's places are in test_robots.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, days
from tests.journeys.process import wait_for

pytestmark = [pytest.mark.server, pytest.mark.journey]

OFFICE = """
work_time: {workday: ["08:00-17:00"]}
auto_reply: {working: We are at it., non_working: We are closed.}
"""
OFFLINE = "offline_messages: {enabled: true}\n"
SILENCE = "no_customer_reply: {end_after: 1h}\n"


def test_a_kill_before_an_automatic_reply_is_committed_lets_it_leave_once(tmp_path: Path) -> None:
    with days(tmp_path, "2026-03-02 18:00", Written(channel=OFFICE, poll_every=SOON)) as here:
        here.writes("customer")
        here.machine_writes("machine")
        with here.process("automatic_commit_pre:kill:1") as process:
            process.wait_killed("automatic_commit_pre")
        assert here.to("customer") == []
        with here.process():
            here.wait_until_collected()
            assert here.told("customer") == ["We are closed.\n"]
            assert here.to("machine") == []
        here.check()


@pytest.mark.parametrize("place", ["dot_sent", "got_250"])
def test_a_kill_while_an_automatic_reply_leaves_never_sends_it_again(tmp_path: Path, place: str) -> None:
    with days(tmp_path, "2026-03-02 18:00", Written(channel=OFFICE, poll_every=SOON)) as here:
        here.writes("customer")
        with here.process(f"{place}:kill:1") as process:
            process.wait_killed(place)
        with here.process():
            here.wait_until_collected()
            wait_for(here.oracle.is_quiet, "the outbox to be empty")
            assert len(here.to("customer")) <= 1
        here.check()


@pytest.mark.parametrize("place", ["timer_fired_pre_commit", "timer_fired_commit_post"])
def test_a_kill_around_a_timer_lets_it_fire_once(tmp_path: Path, place: str) -> None:
    with days(tmp_path, "2026-03-02 09:00", Written(channel=SILENCE, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process(f"{place}:kill:1") as process:
            here.ready("anna")
            here.writes("customer")
            here.replies("anna", "customer")
            here.later(minutes=61)
            process.wait_killed(place)
        with here.process():
            here.ends("customer")
            assert here.oracle.events("customer").count("customer_stayed_silent") == 1
        here.check()


@pytest.mark.parametrize("nth", [1, 2])
def test_a_kill_before_an_hour_is_committed_brings_it_once(tmp_path: Path, nth: int) -> None:
    written = Written(channel=OFFICE + OFFLINE, poll_every=SOON)
    with days(tmp_path, "2026-03-02 16:59", written) as here:
        with here.process(f"hour_commit_pre:kill:{nth}") as process:
            here.writes("customer")
            here.waits("customer", "queued")
            here.clock("2026-03-02 17:01")
            if nth > 1:
                here.waits("customer", "offline")
                here.clock("2026-03-03 08:00")
            process.wait_killed("hour_commit_pre")
        with here.process():
            here.clock("2026-03-03 08:00")
            here.happens("customer", "opening_reached")
            here.ready("anna")
            here.waits("customer", "offered", agent=None)
            assert here.oracle.events("customer").count("closing_reached") == 1
            assert here.oracle.events("customer").count("opening_reached") == 1
        here.check()


def test_a_kill_when_settings_are_swapped_leaves_the_new_ones_in_force_as_a_whole(tmp_path: Path) -> None:
    before = Written(channel=SILENCE, queue=AT_ONCE, poll_every=SOON)
    with days(tmp_path, "2026-03-02 09:00", before) as here:
        with here.process("reload_swapped:kill:1") as process:
            here.ready("anna")
            here.writes("customer")
            here.replies("anna", "customer")
            here.write(replace(before, channel="no_customer_reply: {end_after: 3h}\n"))
            process.wait_killed("reload_swapped")
        with here.process():
            here.later(minutes=90)
            wait_for(
                lambda: here.oracle.due("customer") == [timedelta(hours=3)], "the timer to be as the new settings say"
            )
            assert here.oracle.session("customer")["phase"] == "awaiting_customer"
            here.later(minutes=91)
            here.ends("customer")
        here.check()
