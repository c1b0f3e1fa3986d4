"""A night of offline messages in the real process: opened at eight, oldest first, at the channel's pace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, Days, days
from tests.journeys.process import wait_for

pytestmark = [pytest.mark.server, pytest.mark.journey]

NIGHT = """
work_time: {workday: ["08:00-17:00"]}
offline_messages: {enabled: true, opening_rate: 3, route_within: 10m, agent_contact_within: 12h}
"""
MAILS = [f"night{number}" for number in range(8)]


def test_a_night_of_offline_messages_is_opened_at_eight(tmp_path: Path) -> None:
    written = Written(channel=NIGHT, queue=AT_ONCE, poll_every=SOON)
    with days(tmp_path, "2026-03-02 19:00", written) as here:
        with here.process("hour_commit_pre:kill:2") as process:
            here.writes("evening")
            here.waits("evening", "offline")
            here.clock("2026-03-03 02:00")
            write_all(here)
            here.clock("2026-03-03 07:30")
            assert here.waits("evening", "ended")["ended_because"] == "uncontacted"
            assert here.oracle.effects("evening", "raise_alarm") == [{"type": "raise_alarm", "what": "uncontacted"}]
            wait_for(lambda: phases(here) == {"offline"}, "all to wait")
            here.clock("2026-03-03 08:00")
            process.wait_killed("hour_commit_pre")
        with here.process():
            wait_for(lambda: phases(here) == {"queued"}, "all to be routed")
            are_opened_at_the_channels_pace(here)
            here.later(minutes=11)
            wait_for(lambda: phases(here) == {"offline"}, "all to be listed as to be assigned")
            here.later(minutes=25)
            assert phases(here) == {"offline"}
            here.later(minutes=6)
            wait_for(lambda: len(here.oracle.when("opening_reached")) == 2 * len(MAILS), "all to be routed again")
            here.ready("anna")
            for token in MAILS[:-1]:
                here.replies("anna", token)
            here.later(minutes=6)
            assert here.ends(MAILS[0]) == "no_customer_reply"
            here.later(hours=12)
            here.waits(MAILS[-1], "assigned", agent="anna")
        here.check()


def write_all(here: Days) -> None:
    """A mail a minute."""
    for token in MAILS:
        here.writes(token)
        here.waits(token, "offline")
        here.later(minutes=1)


def phases(here: Days) -> set[str]:
    """The phases that the mails of the night are in."""
    return {here.oracle.session(token)["phase"] for token in MAILS}


def are_opened_at_the_channels_pace(here: Days) -> None:
    """The oldest first, and no four within a second."""
    opened = here.oracle.when("opening_reached")
    assert [token for token, _ in opened] == MAILS
    for (_, earlier), (_, later) in zip(opened, opened[3:], strict=False):
        assert later - earlier > timedelta(seconds=0.9)
