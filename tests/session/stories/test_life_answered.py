"""A session's life after the first answer, and without one: awaiting the customer, offline, written up, ended."""

from __future__ import annotations

from pathlib import Path

from postroom.session.state import Phase, TimerKind
from tests.session.stories.office import BY_DAY, Office

OFFLINE = BY_DAY + "    offline_messages: {enabled: true}\n"


def assigned(office: Office, name: str = "anna") -> None:
    """Carla wrote, and an agent took it."""
    office.ready(name)
    office.carla_writes()
    office.accepts(name)
    assert office.holder == name


def awaiting(office: Office) -> None:
    """Anna answered; Carla has the word."""
    assigned(office)
    office.replies("anna")
    assert (office.phase, office.holder) == (Phase.AWAITING_CUSTOMER, None)


# -- AWAITING_CUSTOMER --------------------------------------------------------------------------------------------


def test_the_silence_clock_starts_when_a_server_took_the_reply(tmp_path: Path) -> None:
    office = Office(tmp_path, is_sent_at_once=False)
    assigned(office)
    reply = office.replies("anna")
    office.wait(hours=5)
    assert office.phase is Phase.AWAITING_CUSTOMER
    office.server_took(reply)
    assert office.due(TimerKind.CUSTOMER_SILENCE) == "Mon 15:00"
    office.wait(minutes=59)
    office.is_sent_at_once = True
    office.replies("anna")
    assert office.due(TimerKind.CUSTOMER_SILENCE) == "Mon 15:59"
    office.wait(minutes=60)
    assert (office.phase, office.session.ended_because) == (Phase.ENDED, "no_customer_reply")


def test_a_reply_taken_back_gives_the_word_back(tmp_path: Path) -> None:
    office = Office(tmp_path, is_sent_at_once=False)
    assigned(office)
    reply = office.replies("anna")
    office.withdraws("anna", reply)
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_an_answer_goes_to_an_owner_with_a_place_by_day_and_night(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=OFFLINE + "    no_customer_reply: {end_after: 7d}\n")
    awaiting(office)
    office.wait_until("Mon 20:00")
    office.carla_writes()
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_an_answer_to_an_owner_at_lunch_is_kept_for_him_ten_minutes(tmp_path: Path) -> None:
    office = Office(tmp_path)
    awaiting(office)
    office.not_ready("anna")
    office.ready("bernd")
    office.carla_writes()
    assert (office.phase, office.session.held_for) == (Phase.QUEUED, "anna")
    office.wait(minutes=9)
    assert office.phase is Phase.QUEUED
    office.wait(minutes=1)
    assert office.holder == "bernd"


def test_an_answer_to_an_owner_who_went_home_waits_by_the_hour(tmp_path: Path) -> None:
    keeps = "    no_customer_reply: {end_after: 7d}\n"
    for channel, phase in ((OFFLINE + keeps, Phase.OFFLINE), (BY_DAY + keeps, Phase.QUEUED)):
        office = Office(tmp_path, channel=channel)
        awaiting(office)
        office.leaves("anna")
        office.wait_until("Mon 20:00")
        office.carla_writes()
        assert (office.phase, office.session.held_for) == (phase, "")
        office.ready("bernd")
        office.wait_until("Tue 08:00")
        assert office.holder == "bernd"


def test_an_absence_note_does_not_touch_the_clock(tmp_path: Path) -> None:
    office = Office(tmp_path)
    awaiting(office)
    due = office.due(TimerKind.CUSTOMER_SILENCE)
    office.wait(minutes=30)
    office.her_absence_note_comes()
    assert (office.phase, office.due(TimerKind.CUSTOMER_SILENCE)) == (Phase.AWAITING_CUSTOMER, due)
    assert office.told[-1] == "anna: note:automatic_response"


def test_a_reply_that_reached_nobody_is_the_owners_again(tmp_path: Path) -> None:
    office = Office(tmp_path, is_sent_at_once=False)
    assigned(office)
    office.server_refused(office.replies("anna"))
    assert (office.phase, office.holder, office.told[-1]) == (Phase.ASSIGNED, "anna", "anna: reply_failed")


def test_a_silent_customer_is_reminded_once_and_then_the_session_ends(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    no_customer_reply: {end_after: 3d, remind_after: 2d, remind_with: Hello?}\n")
    awaiting(office)
    office.leaves("anna")
    office.wait_until("Wed 09:00")
    assert (office.phase, office.out) == (Phase.AWAITING_CUSTOMER, ["r1", "reminder to m1"])
    office.wait_until("Thu 09:00")
    assert (office.phase, office.out) == (Phase.ENDED, ["r1", "reminder to m1"])


def test_a_transfer_while_the_customer_has_the_word_changes_only_the_owner(tmp_path: Path) -> None:
    office = Office(tmp_path)
    awaiting(office)
    office.ready("chen")
    office.transfers("anna", agent="chen")
    assert (office.phase, office.session.owner) == (Phase.AWAITING_CUSTOMER, "chen")
    office.carla_writes()
    assert office.holder == "chen"
    office.replies("chen")
    office.transfers("chen", queue="first_line")
    office.carla_writes()
    assert (office.holder, office.session.queue) == ("anna", "first_line")


# -- OFFLINE ------------------------------------------------------------------------------------------------------


def test_an_offline_message_is_routed_in_work_time_again_and_again_with_its_age(tmp_path: Path) -> None:
    channel = BY_DAY + "    offline_messages: {enabled: true, route_within: 30m}\n"
    office = Office(tmp_path, channel=channel, parameters="  offline_reassign_after: 1h\n")
    office.wait_until("Mon 20:00")
    office.carla_writes()
    age = office.session.queued_at
    office.carla_writes()
    seen = []
    for when in ("Tue 07:59", "Tue 08:00", "Tue 08:30", "Tue 09:29", "Tue 09:30", "Tue 10:00"):
        office.wait_until(when)
        seen.append(office.phase)
    assert seen == [Phase.OFFLINE, Phase.QUEUED, Phase.OFFLINE, Phase.OFFLINE, Phase.QUEUED, Phase.OFFLINE]
    assert office.session.queued_at == age
    office.ready("anna")
    office.wait_until("Tue 11:00")
    office.accepts("anna")
    office.replies("anna")
    assert office.due(TimerKind.CUSTOMER_SILENCE) == "Tue 11:05"


def test_what_nobody_may_answer_any_more_ends_and_is_alarmed(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY + "    offline_messages: {enabled: true, agent_contact_within: 24h}\n")
    office.wait_until("Fri 20:00")
    office.carla_writes()
    office.wait_until("Sat 10:00")
    office.carla_writes()
    office.wait_until("Sun 09:59")
    assert office.phase is Phase.OFFLINE
    office.wait_until("Sun 10:00")
    assert (office.phase, office.session.ended_because, office.alarms) == (Phase.ENDED, "uncontacted", ["uncontacted"])


def test_an_offline_message_may_be_picked_and_assigned_at_night(tmp_path: Path) -> None:
    for takes in (Office.picks, Office.sue_assigns):
        office = Office(tmp_path, channel=OFFLINE)
        office.wait_until("Mon 20:00")
        office.carla_writes()
        takes(office, "anna")
        assert office.holder == "anna"


# -- WRAP_UP and ENDED --------------------------------------------------------------------------------------------


def test_an_ending_is_written_up_and_a_mail_or_a_failed_reply_withdraws_it(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    wrap_up: 2m\n")
    assigned(office)
    office.ends("anna")
    assert (office.phase, office.holder) == (Phase.WRAP_UP, "anna")
    office.carla_writes()
    assert office.phase is Phase.ASSIGNED
    office.ends("anna")
    office.server_refused("r0")
    assert office.phase is Phase.ASSIGNED
    office.ends("anna")
    office.gives_code("anna", "refund")
    assert (office.phase, office.session.wrap_up_code) == (Phase.ENDED, "refund")


def test_writing_up_ends_with_its_time_and_with_its_agent(tmp_path: Path) -> None:
    for is_gone in (False, True):
        office = Office(tmp_path, channel="    wrap_up: 2m\n")
        assigned(office)
        office.ends("anna")
        if is_gone:
            office.leaves("anna")
        else:
            office.wait(minutes=2)
        assert (office.phase, office.session.ended_because) == (Phase.ENDED, "solved")


def test_a_mail_after_the_end_is_a_new_session_however_soon(tmp_path: Path) -> None:
    office = Office(tmp_path)
    assigned(office)
    office.ends("anna")
    office.carla_writes()
    assert (len(office.sessions), office.phase) == (2, Phase.OFFERED)


def test_a_reply_that_fails_after_the_end_is_a_new_session_and_no_automatic_mail(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    auto_reply: {working: Thank you}\n", is_sent_at_once=False)
    assigned(office)
    reply = office.replies("anna")
    office.ends("anna")
    office.server_refused(reply)
    assert (len(office.sessions), office.phase, office.holder) == (2, Phase.OFFERED, "anna")
    assert office.out == ["working to m1", "r1"]
