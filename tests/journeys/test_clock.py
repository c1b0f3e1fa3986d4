"""Clocks that jump under the real process (P23): nothing happens before its time, and nothing twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, Days, at, days

pytestmark = [pytest.mark.server, pytest.mark.journey]

A_SECOND = timedelta(seconds=1)
SILENCE = "no_customer_reply: {end_after: 60m}\n"
BERLIN = 'work_time: {workday: ["00:00-24:00"], non_workday: ["00:00-24:00"], time_zone: Europe/Berlin}\n'
SILENT_AGENT = "no_agent_reply: {enabled: true, transfer_after: 120m}\n"


def went_silent(here: Days, token: str) -> None:
    """A customer whose mail anna answers now."""
    here.writes(token)
    here.replies("anna", token)


def test_a_day_forward_and_a_day_back_end_each_silence_once_and_none_too_early(tmp_path: Path) -> None:
    with days(tmp_path, "2026-03-03 09:00", Written(channel=SILENCE, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            went_silent(here, "before")
            here.later(days=1)
            here.ends("before")
            went_silent(here, "between")
            here.later(days=-1)
            went_silent(here, "after")
            here.later(minutes=59)
            assert here.oracle.session("after")["phase"] == "awaiting_customer"
            here.later(minutes=2)
            here.ends("after")
            assert here.oracle.session("between")["phase"] == "awaiting_customer"
            process.kill()
        with here.process():
            here.later(days=1)
            here.ends("between")
            for token in ("before", "between", "after"):
                assert silence_of(here, token) >= timedelta(minutes=60) - A_SECOND
        here.check()


def silence_of(here: Days, token: str) -> timedelta:
    """How long the session waited for the customer, by the clock, until it ended; it did so once."""
    happened = here.oracle.history(token)
    (answered,) = (entry["at"] for entry in happened if entry["event"]["type"] == "reply_sent")
    (ended,) = (entry["at"] for entry in happened if entry["event"]["type"] == "customer_stayed_silent")
    silence = ended - answered
    assert isinstance(silence, timedelta)
    return silence


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_a_night_with_a_change_of_clocks_gives_an_agent_his_two_hours(tmp_path: Path, night: str) -> None:
    written = Written(channel=BERLIN + SILENT_AGENT, queue=AT_ONCE, poll_every=SOON)
    with days(tmp_path, f"{night} 00:00", written) as here:
        with here.process():
            here.ready("anna")
            here.writes("first")
            here.waits("first", "assigned", agent="anna")
            here.clock(f"{night} 01:59")
            assert here.oracle.session("first")["phase"] == "assigned"
            here.ready("bernd")
            here.clock(f"{night} 02:01")
            here.waits("first", "assigned", agent="bernd")
            (entry,) = (one for one in here.oracle.history("first") if one["event"]["type"] == "agent_stayed_silent")
            assert entry["at"] >= at(f"{night} 02:00") - A_SECOND
        here.check()
