"""Days of service in the real process: weekends, nights, customers and agents who stay silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, days, owner

pytestmark = [pytest.mark.server, pytest.mark.journey]

OFFICE = """
work_time:
  workday: ["08:00-17:00"]
  calendar: office
  time_zone: Europe/Berlin
"""
CALENDAR = """
calendars:
  - name: office
    weekly_off: [sat, sun]
    make_up: [{name: Made up for Monday, from: 2026-03-07}]
"""
CLOSED = """
auto_reply:
  non_working: We are closed and answer from {next_opening} on.
"""


def test_a_weekend_with_a_saturday_that_is_worked(tmp_path: Path) -> None:
    written = Written(channel=OFFICE + CLOSED, queue=AT_ONCE, tenant=CALENDAR, poll_every=SOON)
    with days(tmp_path, "2026-03-06 18:00", written) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("friday")
            assert here.told("friday") == ["We are closed and answer from 2026-03-07 08:00 (Europe/Berlin) on.\n"]
            assert here.waits("friday", "queued")["not_before"] == "2026-03-07T07:00:00Z"
            process.kill()
        with here.process():
            here.ready("anna")
            here.clock("2026-03-07 06:59")
            assert here.oracle.session("friday")["phase"] == "queued"
            here.clock("2026-03-07 07:00")
            here.replies("anna", "friday")
            here.clock("2026-03-08 10:00")
            here.writes("sunday")
            assert "from 2026-03-09 08:00" in here.told("sunday")[0]
            here.clock("2026-03-09 07:00")
            here.waits("sunday", "assigned", agent="anna")
            assert len(here.to("friday")) == 2
        here.check()


def test_a_mail_of_a_customer_who_was_silent_too_long_opens_a_new_session_with_the_same_agent(tmp_path: Path) -> None:
    channel = "last_agent: {enabled: true, valid_for: 7d, wait: 10m}\nno_customer_reply: {end_after: 1h}\n"
    with days(tmp_path, "2026-03-02 09:00", Written(channel=channel, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("first")
            here.replies("anna", "first")
            here.ready("bernd")
            here.later(minutes=61)
            assert here.ends("first") == "no_customer_reply"
            here.writes("second", answers="first")
            here.waits("second", "assigned", agent="anna")
            process.kill()
        with here.process():
            here.ready("anna", "bernd")
            here.replies("anna", "second")
            here.later(days=8)
            here.ends("second")
            assert [one["phase"] for one in here.oracle.sessions("first")] == ["ended", "ended"]
            with here.agent("anna") as anna:
                anna.be("not_ready")
            here.writes("third", answers="first")
            here.waits("third", "assigned", agent="bernd")
            assert owner(here.oracle.sessions("first")[1]) == "anna"
        here.check()
