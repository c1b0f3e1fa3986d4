"""What an administrator writes for a channel, and what it does: a story for each key that is about sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.session.state import Phase, TimerKind
from tests.session.stories.office import BY_DAY, Office

OFFLINE = BY_DAY + "    offline_messages: {enabled: true%s}\n"


def answered(office: Office, name: str = "anna") -> None:
    """Carla wrote, and somebody took it and answered."""
    office.ready(name)
    office.carla_writes()
    office.accepts(name)
    office.replies(name)


def test_skill_queue_and_priority_are_the_channels(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    priority: 7\n")
    office.carla_writes()
    assert (office.session.queue, office.session.priority) == ("first_line", 7)


def test_a_night_shift_is_one_stretch(tmp_path: Path) -> None:
    """`work_time`: what ends at midnight and begins there does not close."""
    shift = "    work_time: {workday: ['22:00-24:00', '00:00-06:00']}\n"
    office = Office(tmp_path, channel=shift + "    no_agent_reply: {enabled: true, transfer_after: 3h}\n")
    office.wait_until("Mon 23:00")
    office.ready("anna")
    office.carla_writes()
    office.accepts("anna")
    assert office.due(TimerKind.AGENT_SILENCE) == "Tue 02:00"


def test_a_week_and_the_hour_that_a_clock_skips_count_as_they_are_served(tmp_path: Path) -> None:
    """`work_time` over the change of clocks on Sunday, 29 March 2026."""
    round_the_clock = "    work_time: {workday: ['00:00-24:00'], non_workday: ['00:00-24:00']}\n"
    office = Office(tmp_path, channel=round_the_clock + "    no_agent_reply: {enabled: true, transfer_after: 24h}\n")
    office.wait(days=26, hours=11)  # Saturday, 20:00
    office.ready("anna")
    office.carla_writes()
    office.accepts("anna")
    assert office.clock == "Sat 20:00"
    assert office.due(TimerKind.AGENT_SILENCE) == "Sun 21:00"


@pytest.mark.parametrize(("written", "kept_for"), [("true", "anna"), ("false", "")])
def test_last_agent(tmp_path: Path, written: str, kept_for: str) -> None:
    """The next matter waits for who answered the last one, for `wait`, and then for anybody."""
    office = Office(tmp_path, channel=f"    last_agent: {{enabled: {written}, valid_for: 2d, wait: 20m}}\n")
    answered(office)
    office.ends("anna")
    office.not_ready("anna")
    office.wait(hours=30)
    office.carla_writes()
    assert office.session.held_for == kept_for
    office.wait(minutes=19)
    office.ready("bernd")
    assert office.holder == (None if kept_for else "bernd")
    office.wait(minutes=1)
    assert office.holder == "bernd"


def test_last_agent_is_forgotten_after_a_while_and_not_waited_for_when_he_is_gone(tmp_path: Path) -> None:
    channel = "    last_agent: {enabled: true, valid_for: 2d}\n"
    office = Office(tmp_path, channel=channel)
    answered(office)
    office.ends("anna")
    office.not_ready("anna")
    office.wait(hours=49)
    office.carla_writes()
    assert office.session.held_for == ""
    office = Office(tmp_path, channel=channel)
    answered(office)
    office.ends("anna")
    office.leaves("anna")
    office.carla_writes()
    assert office.session.held_for == ""


def test_last_agent_who_signs_out_is_not_waited_for_any_longer(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    last_agent: {enabled: true, wait: 2h}\n")
    answered(office)
    office.ends("anna")
    office.not_ready("anna")
    office.ready("bernd")
    office.carla_writes()
    assert office.session.held_for == "anna"
    office.leaves("anna")
    assert office.holder == "bernd"


def test_last_agent_of_another_queue_by_scope(tmp_path: Path) -> None:
    for scope, kept_for in (("queue", ""), ("any", "chen")):
        office = Office(tmp_path, channel=f"    last_agent: {{enabled: true, scope: {scope}}}\n")
        office.carla_writes()
        office.sue_assigns("chen")
        office.replies("chen")
        office.ends("chen")
        office.agents["chen"].is_signed_in = True
        office.carla_writes()
        assert office.session.held_for == kept_for


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("{}", "Mon 18:50"),
        ("{end_after: 2d}", "Wed 17:50"),
        ("{end_after: 2h, clock: work_time}", "Tue 09:50"),
        ("{enabled: false}", ""),
    ],
)
def test_no_customer_reply(tmp_path: Path, written: str, end: str) -> None:
    office = Office(tmp_path, channel=BY_DAY + f"    no_customer_reply: {written}\n")
    office.wait_until("Mon 17:50")
    answered(office)
    if end:
        assert office.due(TimerKind.CUSTOMER_SILENCE) == end
    else:
        office.wait(days=60)
        assert office.phase is Phase.AWAITING_CUSTOMER
    assert office.out == ["r1"]


@pytest.mark.parametrize(
    ("to", "queue", "holder"),
    [
        ("same_queue", "first_line", "bernd"),
        ("queue:second_line", "second_line", "chen"),
        ("agent:chen", "first_line", "chen"),
    ],
)
def test_no_agent_reply_leads_to(tmp_path: Path, to: str, queue: str, holder: str) -> None:
    office = Office(tmp_path, channel=f"    no_agent_reply: {{enabled: true, transfer_after: 30m, to: '{to}'}}\n")
    office.ready("anna")
    office.carla_writes()
    office.accepts("anna")
    office.ready("bernd", "chen")
    office.wait(minutes=30)
    assert (office.session.queue, office.holder, office.told[-1]) == (queue, holder, "anna: taken_away")


def test_no_agent_reply_never_leads_back_for_days(tmp_path: Path) -> None:
    """Anna and Bernd let it wait in turn; nobody gets it twice, and it stays with an alarm."""
    office = Office(
        tmp_path, channel=BY_DAY + "    no_agent_reply: {enabled: true, transfer_after: 30m, max_transfers: 10}\n"
    )
    office.ready("anna", "bernd")
    office.carla_writes()
    holders = []
    for _ in range(6):
        if office.phase is Phase.OFFERED:
            office.accepts(str(office.holder))
        holders.append(office.holder)
        office.wait(days=1)
    assert holders == ["anna", "bernd", "bernd", "bernd", "bernd", "bernd"]
    assert office.alarms == ["agent_silent"]
    office.replies("bernd")
    office.carla_writes()
    assert office.session.left_out == ()


@pytest.mark.parametrize(
    ("written", "moved"),
    [("all", True), ("none", False), ("['queue:second_line']", True), ("['agent:chen']", False)],
)
def test_session_transfer(tmp_path: Path, written: str, moved: bool) -> None:
    office = Office(tmp_path, channel=f"    session_transfer: {written}\n")
    office.ready("anna")
    office.carla_writes()
    office.accepts("anna")
    office.transfers("anna", queue="second_line")
    assert (office.session.queue == "second_line") is moved


def test_offline_messages_off_lets_them_wait_for_the_opening(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY)
    office.wait_until("Mon 20:00")
    office.carla_writes()
    assert office.phase is Phase.QUEUED


def test_offline_messages_agent_contact_within_nothing_lets_nobody_answer(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=OFFLINE % ", agent_contact_within: 0m")
    office.wait_until("Mon 20:00")
    office.carla_writes()
    office.wait(seconds=1)
    assert (office.phase, office.alarms) == (Phase.ENDED, ["uncontacted"])


def test_offline_messages_called_customer_reply_counts_from_the_agents_answer(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=OFFLINE % ", called_customer_reply: 2m")
    office.wait_until("Mon 20:00")
    office.carla_writes()
    office.ready("anna")
    office.wait_until("Tue 08:00")
    office.accepts("anna")
    office.replies("anna")
    assert office.due(TimerKind.CUSTOMER_SILENCE) == "Tue 08:02"


def test_offline_messages_routing_to_the_last_agent(tmp_path: Path) -> None:
    channel = OFFLINE % ", routing: last_agent" + "    last_agent: {enabled: true}\n"
    office = Office(tmp_path, channel=channel)
    answered(office)
    office.ends("anna")
    office.wait_until("Mon 20:00")
    office.carla_writes()
    office.not_ready("anna")
    office.ready("bernd")
    office.wait_until("Tue 08:09")
    assert (office.phase, office.session.held_for) == (Phase.QUEUED, "anna")
    office.wait_until("Tue 08:10")
    assert office.holder == "bernd"


def test_offline_messages_routing_asks_the_robot_once(tmp_path: Path) -> None:
    robot = "    robot: {name: rita, hours: work_time}\n    transfer_keywords: [agent]\n"
    office = Office(tmp_path, channel=OFFLINE % ", routing: robot" + robot)
    office.wait_until("Mon 20:00")
    office.carla_writes()
    office.robot_answers("So.")
    assert office.out == ["robot: So."]
    office.carla_writes()
    assert office.phase is Phase.OFFLINE


def test_offline_messages_auto_reply_each(tmp_path: Path) -> None:
    text = "    auto_reply: {non_working: Tomorrow}\n"
    for each, out in (
        (", auto_reply_each: true", ["non_working to m1", "non_working to m2"]),
        ("", ["non_working to m1"]),
    ):
        office = Office(tmp_path, channel=OFFLINE % each + text)
        office.wait_until("Mon 20:00")
        office.carla_writes()
        office.wait(minutes=20)
        office.carla_writes()
        assert office.out == out


def test_auto_reply_is_sent_once_a_session_and_not_again_for_a_day(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    auto_reply: {working: Thank you}\n    no_customer_reply: {end_after: 30d}\n")
    answered(office)
    office.leaves("anna")
    office.wait(hours=5)
    office.carla_writes()
    office.sue_files()
    office.carla_writes()
    office.sue_files()
    assert office.out == ["working to m1", "r1"]
    assert [note for note in office.notes if note.startswith("no ")] == [
        "no working: once_a_session",
        "no working: again_after",
    ]
    office.wait(hours=20)
    office.carla_writes()
    assert office.out == ["working to m1", "r1", "working to m4"]


def test_a_mail_that_must_not_be_answered_is_served_all_the_same(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    auto_reply: {working: Thank you}\n", is_answerable=False)
    office.carla_writes()
    assert (office.phase, office.out, office.notes) == (Phase.QUEUED, [], ["no working: not_answerable"])


def test_mode_shadow_decides_and_does_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    mode: shadow\n    auto_reply: {working: Thank you}\n")
    office.ready("anna", "bernd")
    office.carla_writes()
    office.picks("anna")
    office.sue_assigns("bernd")
    assert (office.phase, office.holder, office.out) == (Phase.QUEUED, None, [])
    assert office.notes[0] == "no working: shadow"


@pytest.mark.parametrize("written", ["true", "false"])
def test_robot_hand_off_on_failure(tmp_path: Path, written: str) -> None:
    robot = f"    robot: {{name: rita, hand_off_on_failure: {written}}}\n    transfer_keywords: [agent]\n"
    office = Office(tmp_path, channel=robot)
    office.carla_writes()
    office.robot_hands_off(failed=True)
    assert office.phase is (Phase.QUEUED if written == "true" else Phase.ROBOT)
    assert office.alarms == ([] if written == "true" else ["robot_failed"])


def test_count_awaiting_keeps_the_agents_place_while_the_customer_has_the_word(tmp_path: Path) -> None:
    office = Office(tmp_path, parameters="  count_awaiting: true\n")
    answered(office)
    assert (office.phase, office.holder, office.agents["anna"].load) == (Phase.AWAITING_CUSTOMER, "anna", 1)
    office.carla_writes()
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_auto_accept_assigns_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path, queue="    auto_accept: true\n")
    office.ready("anna")
    office.carla_writes()
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_time_in_which_nobody_served_the_agents_is_given_back(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    no_agent_reply: {enabled: true, transfer_after: 30m}\n")
    office.ready("anna")
    office.carla_writes()
    office.accepts("anna")
    office.wait(minutes=29)
    office.now = office.now.replace(hour=12)  # nobody served the door, and no timer fired
    office.service_resumes()
    assert (office.holder, office.due(TimerKind.AGENT_SILENCE)) == ("anna", "Mon 12:59")


def test_a_dialogue_of_weeks_keeps_one_session_and_one_owner(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY + "    no_customer_reply: {end_after: 7d}\n")
    answered(office)
    for _ in range(5):
        office.wait(days=6)
        office.carla_writes()
        assert (office.phase, office.holder, len(office.sessions)) == (Phase.ASSIGNED, "anna", 1)
        office.replies("anna")
    office.wait(days=7)
    assert office.session.ended_because == "no_customer_reply"
    office.carla_writes()
    assert len(office.sessions) == 2
