"""Agents and customers who do not answer, in the real process: transfers, escalation, reminders and ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, days, owner

pytestmark = [pytest.mark.server, pytest.mark.journey]

OFFICE = 'work_time: {workday: ["08:00-18:00"]}\n'
TRANSFERS = "no_agent_reply: {enabled: true, transfer_after: 30m, max_transfers: 3, escalate_to: queue:second_line}\n"
SECOND_LINE = "- {name: second_line, members: [clara], auto_accept: true}"


def test_a_week_without_an_answer_goes_once_to_everybody_and_ends_with_an_alarm(tmp_path: Path) -> None:
    written = Written(channel=OFFICE + TRANSFERS, queue=AT_ONCE, queues=SECOND_LINE, poll_every=SOON)
    with days(tmp_path, "2026-03-02 17:45", written) as here:
        with here.process() as process:
            here.ready("anna", "bernd", "clara")
            here.writes("first")
            one = owner(here.waits("first", "assigned"))
            other = {"anna": "bernd", "bernd": "anna"}[one]
            here.clock("2026-03-02 23:00")
            assert owner(here.oracle.session("first")) == one
            here.clock("2026-03-03 08:16")
            here.waits("first", "assigned", agent=other)
            process.kill()
        with here.process():
            here.ready("anna", "bernd", "clara")
            here.clock("2026-03-03 09:00")
            here.waits("first", "assigned", agent="clara")
            here.clock("2026-03-06 12:00")
            here.happens("first", "agent_stayed_silent", 3)
            here.clock("2026-03-09 12:00")
            assert here.waits("first", "assigned", agent="clara")["transfers"] == 2
            assert here.oracle.effects("first", "raise_alarm") == [{"type": "raise_alarm", "what": "agent_silent"}]
            here.replies("clara", "first")
            assert here.oracle.session("first").get("transfers", 0) == 0
        here.check()


def test_what_an_agent_has_who_signed_out_is_taken_back_after_a_while(tmp_path: Path) -> None:
    with days(tmp_path, "2026-03-02 17:50", Written(channel=OFFICE, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("first")
            here.waits("first", "assigned", agent="anna")
            with here.agent("anna") as anna:
                anna.be("offline")
            here.happens("first", "agent_left")
            here.clock("2026-03-03 07:59")
            assert here.oracle.session("first")["phase"] == "assigned"
            process.kill()
        with here.process():
            here.ready("bernd")
            here.clock("2026-03-03 08:16")
            here.replies("bernd", "first")
        here.check()


REMINDER = "no_customer_reply: {remind_after: 30m, end_after: 60m, remind_with: Do you still need us?}\n"


def test_a_silent_customer_is_reminded_once_and_then_not_expected_any_more(tmp_path: Path) -> None:
    with days(tmp_path, "2026-03-02 09:00", Written(channel=REMINDER, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("silent")
            here.replies("anna", "silent")
            here.later(minutes=31)
            assert here.told("silent", 2)[1] == "Do you still need us?\n"
            process.kill()
        with here.process():
            here.later(minutes=15)
            assert here.oracle.session("silent")["phase"] == "awaiting_customer"
            here.later(minutes=15)
            assert here.ends("silent") == "no_customer_reply"
            assert here.oracle.events("silent").count("reminder_fell_due") == 1
            assert len(here.to("silent")) == 2
        here.check()


def test_an_answer_that_lies_in_the_mailbox_when_the_silence_ends_keeps_the_session(tmp_path: Path) -> None:
    channel = "no_customer_reply: {end_after: 60m}\n"
    with days(tmp_path, "2026-03-02 09:00", Written(channel=channel, queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("question")
            here.writes("silent")
            here.replies("anna", "question")
            here.replies("anna", "silent")
            process.kill()
        here.begin("2026-03-02 10:30")
        here.writes("answer", answers="question")
        with here.process():
            here.ready("anna")
            here.waits("answer", "assigned", agent="anna")
            assert len(here.oracle.sessions("question")) == 1
            assert here.ends("silent") == "no_customer_reply"
        here.check()


def test_work_is_written_up_and_the_time_for_it_ends_by_itself(tmp_path: Path) -> None:
    with days(tmp_path, "2026-03-02 09:00", Written(channel="wrap_up: 5m", queue=AT_ONCE, poll_every=SOON)) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("first")
            session = here.waits("first", "assigned", agent="anna")
            with here.agent("anna") as anna:
                token = {"token": session["assignment"]["token"]}
                anna.post(f"/sessions/{session['id']}/end", token).raise_for_status()
            here.waits("first", "wrap_up")
            process.kill()
        with here.process():
            here.later(minutes=4)
            assert here.oracle.session("first")["phase"] == "wrap_up"
            here.later(minutes=2)
            assert here.waits("first", "ended")["ended_because"] == "ended_by_agent"
        here.check()


def test_an_agent_transfers_only_to_whom_the_channel_names(tmp_path: Path) -> None:
    channel = "session_transfer: [queue:second_line, agent:bernd]"
    written = Written(channel=channel, queue=AT_ONCE, queues=SECOND_LINE, poll_every=SOON)
    with days(tmp_path, "2026-03-02 09:00", written) as here:
        with here.process() as process:
            here.ready("anna")
            here.writes("first")
            session = here.waits("first", "assigned", agent="anna")
            token = {"token": session["assignment"]["token"]}
            with here.agent("anna") as anna:
                path = f"/sessions/{session['id']}/transfer"
                assert anna.post(path, {**token, "queue": "first_line"}).status_code == 409
                anna.post(path, {**token, "queue": "second_line"}).raise_for_status()
                assert anna.post(path, {**token, "queue": "second_line"}).status_code in {403, 404, 409}
            assert here.waits("first", "queued")["queue"] == "second_line"
            process.kill()
        with here.process():
            here.ready("clara")
            here.replies("clara", "first")
        here.check()
