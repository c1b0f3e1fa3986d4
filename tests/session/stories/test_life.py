"""A session's life up to the first answer, a story for each line: new, robot, queue, offer, owner."""

from __future__ import annotations

from pathlib import Path

from postroom.session.state import Phase, TimerKind
from tests.session.stories.office import BY_DAY, Office

ROBOT = "    robot: rita\n    transfer_keywords: [agent]\n"
OFFLINE = BY_DAY + "    offline_messages: {enabled: true}\n"
SILENT = BY_DAY + "    no_agent_reply: {enabled: true, transfer_after: 30m}\n"


def assigned(office: Office, name: str = "anna") -> None:
    """Carla wrote, and an agent took it."""
    office.ready(name)
    office.carla_writes()
    office.accepts(name)
    assert office.holder == name


# -- NEW ----------------------------------------------------------------------------------------------------------


def test_an_agent_writes_first_and_a_bounce_brings_it_back_to_him(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    auto_reply: {working: Thank you}\n")
    office.ready("anna")
    office.writes_first("anna")
    assert (office.phase, office.session.owner, office.out) == (Phase.AWAITING_CUSTOMER, "anna", ["r1"])
    office.server_refused("r1")
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_a_first_mail_at_night_waits_for_the_morning(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY + "    auto_reply: {working: Thank you, non_working: Tomorrow}\n")
    office.ready("anna")
    office.wait_until("Fri 19:00")
    office.carla_writes()
    assert (office.phase, office.out) == (Phase.QUEUED, ["non_working to m1"])
    office.wait_until("Mon 07:59")
    assert office.phase is Phase.QUEUED
    office.wait_until("Mon 08:00")
    assert (office.phase, office.holder) == (Phase.OFFERED, "anna")


# -- ROBOT --------------------------------------------------------------------------------------------------------


def test_a_robot_answers_and_a_content_customer_ends_the_session(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=ROBOT)
    office.carla_writes()
    office.robot_answers("It is on its way.")
    assert (office.phase, office.out) == (Phase.ROBOT, ["robot: It is on its way."])
    office.wait(minutes=60)
    assert (office.phase, office.session.ended_because) == (Phase.ENDED, "robot_answered")


def test_a_customer_who_writes_again_makes_the_older_question_void(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=ROBOT)
    office.carla_writes()
    office.carla_writes("I mean the other order.")
    office.robot_answers("The first is here.", turn=1)
    assert (office.out, office.notes) == ([], ["robot, too late: The first is here."])
    office.robot_answers("The other too.", turn=2)
    assert office.out == ["robot: The other too."]


def test_a_keyword_leads_from_the_robot_to_a_person_and_its_answer_is_a_note(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=ROBOT + "    auto_reply: {working: Thank you}\n")
    office.carla_writes()
    office.carla_writes("An AGENT, please!")
    assert (office.phase, office.out) == (Phase.QUEUED, ["working to m2"])
    office.robot_answers("Here.", turn=1)
    assert (office.out, office.notes) == (["working to m2"], ["robot, too late: Here."])


def test_a_robot_that_hands_off_breaks_or_is_late_leaves_it_to_people(tmp_path: Path) -> None:
    for leaves in (
        Office.robot_hands_off,
        lambda office: office.robot_hands_off(failed=True),
        lambda office: office.wait(seconds=30),
    ):
        office = Office(tmp_path, channel=ROBOT)
        office.carla_writes()
        leaves(office)
        assert office.phase is Phase.QUEUED


def test_after_its_turns_people_take_over(tmp_path: Path) -> None:
    office = Office(tmp_path, channel="    robot: {name: rita, max_turns: 2}\n    transfer_keywords: [agent]\n")
    for _ in range(2):
        office.carla_writes()
        office.robot_answers("So.")
    office.carla_writes()
    assert office.phase is Phase.QUEUED


def test_a_supervisor_takes_it_from_the_robot(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=ROBOT)
    office.carla_writes()
    office.sue_assigns("bernd")
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "bernd")


def test_who_had_an_agent_never_gets_the_robot_again(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=ROBOT)
    office.carla_writes()
    office.sue_assigns("anna")
    office.ends("anna")
    office.carla_writes()
    assert (len(office.sessions), office.phase) == (2, Phase.QUEUED)


# -- QUEUED -------------------------------------------------------------------------------------------------------


def test_a_waiting_session_keeps_its_place_while_the_customer_writes_on(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.carla_writes()
    age = office.session.queued_at
    office.wait(minutes=20)
    office.carla_writes()
    assert (office.phase, office.session.queued_at) == (Phase.QUEUED, age)
    office.picks("bernd")
    assert office.holder == "bernd"


def test_what_waits_too_long_overflows_once_with_its_age(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY, queue="    overflow: {queue: second_line, after: 1h}\n")
    office.wait_until("Mon 17:30")
    office.carla_writes()
    age = office.session.queued_at
    office.wait_until("Tue 08:29")
    assert office.session.queue == "first_line"
    office.wait_until("Tue 08:30")
    assert (office.session.queue, office.session.queued_at) == ("second_line", age)


def test_what_waits_longer_than_max_wait_is_offline_or_stays_with_an_alarm(tmp_path: Path) -> None:
    for channel, phase, alarms in ((OFFLINE, Phase.OFFLINE, []), (BY_DAY, Phase.QUEUED, ["max_wait"])):
        office = Office(tmp_path, channel=channel, queue="    max_wait: 1h\n")
        office.carla_writes()
        office.wait(minutes=60)
        assert (office.phase, office.alarms) == (phase, alarms)


def test_at_closing_what_waits_goes_offline_or_waits_for_the_opening_or_is_finished(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=OFFLINE)
    office.carla_writes()
    office.wait_until("Mon 18:00")
    assert office.phase is Phase.OFFLINE
    office = Office(tmp_path, channel=BY_DAY)
    office.carla_writes()
    office.wait_until("Mon 19:00")
    office.ready("anna")
    assert office.phase is Phase.QUEUED
    office = Office(tmp_path, channel="    work_time: {workday: ['08:00-18:00'], finish_queue: true}\n")
    office.carla_writes()
    office.wait_until("Mon 19:00")
    office.ready("anna")
    assert office.phase is Phase.OFFERED


def test_spam_is_filed_wherever_it_waits(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.carla_writes()
    office.sue_files()
    assert (office.phase, office.session.ended_because, office.timers) == (Phase.ENDED, "spam", {})


# -- OFFERED ------------------------------------------------------------------------------------------------------


def test_an_offer_declined_or_expired_goes_to_the_other_with_its_place(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.ready("anna", "bernd")
    office.carla_writes()
    age = office.session.queued_at
    office.declines("anna")
    assert (office.holder, office.session.queued_at) == ("bernd", age)
    office.wait(seconds=60)
    assert (office.holder, office.session.queued_at) == ("anna", age)
    office.not_ready("anna")
    assert office.holder == "bernd"
    office.leaves("bernd")
    assert (office.phase, office.session.queued_at) == (Phase.QUEUED, age)


def test_a_mail_during_an_offer_is_shown_with_it_and_closing_lets_it_stand(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY, queue="    offer_for: 5m\n")
    office.ready("anna")
    office.wait_until("Mon 17:58")
    office.carla_writes()
    office.carla_writes()
    assert office.told == ["anna: customer_wrote"]
    office.wait_until("Mon 18:01")
    office.accepts("anna")
    assert (office.phase, office.holder) == (Phase.ASSIGNED, "anna")


def test_an_offer_that_expires_after_closing_waits_for_the_morning(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY, queue="    offer_for: 5m\n")
    office.ready("anna", "bernd")
    office.wait_until("Mon 17:58")
    office.carla_writes()
    office.wait_until("Mon 20:00")
    assert office.phase is Phase.QUEUED
    office.wait_until("Tue 08:00")
    assert office.holder == "bernd"


def test_a_supervisor_takes_an_offer_away(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.ready("anna")
    office.carla_writes()
    office.sue_assigns("bernd")
    assert office.holder == "bernd"
    office.accepts("anna")
    assert (office.holder, office.notes[-1]) == ("bernd", "the offer is over")


# -- ASSIGNED -----------------------------------------------------------------------------------------------------


def test_a_silent_agent_loses_it_in_work_time_and_the_next_one_gets_it(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=SILENT)
    office.wait_until("Mon 17:50")
    assigned(office)
    office.ready("bernd")
    office.wait_until("Tue 08:19")
    assert office.holder == "anna"
    office.wait_until("Tue 08:20")
    assert (office.phase, office.holder) == (Phase.OFFERED, "bernd")
    office.declines("bernd")
    office.leaves("bernd")
    assert office.session.phase is Phase.QUEUED  # anna is there, and not asked again


def test_his_time_runs_from_the_oldest_unanswered_mail_and_a_draft_restarts_it_once(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=SILENT)
    assigned(office)
    office.wait(minutes=20)
    office.carla_writes()
    assert office.due(TimerKind.AGENT_SILENCE) == "Mon 09:30"
    office.saves_a_draft("anna")
    assert office.due(TimerKind.AGENT_SILENCE) == "Mon 09:50"
    office.wait(minutes=20)
    office.saves_a_draft("anna")
    assert office.due(TimerKind.AGENT_SILENCE) == "Mon 09:50"


def test_what_nobody_answers_goes_up_once_and_stays_with_an_alarm(tmp_path: Path) -> None:
    rules = "{enabled: true, transfer_after: 10m, max_transfers: 1, escalate_to: 'queue:second_line'}"
    office = Office(tmp_path, channel=f"    no_agent_reply: {rules}\n")
    assigned(office)
    office.ready("bernd", "chen")
    age = office.session.queued_at
    for name in ("bernd", "chen"):
        office.wait(minutes=10)
        assert (office.holder, office.session.queued_at) == (name, age)
        office.accepts(name)
    office.wait(minutes=10)
    assert (office.holder, office.alarms) == ("chen", ["agent_silent"])


def test_a_parked_session_takes_no_place_until_its_time_or_a_mail_comes(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=SILENT)
    assigned(office)
    office.parks("anna", until="Wed 10:00")
    assert (office.phase, office.holder, set(office.timers)) == (Phase.ASSIGNED, None, {TimerKind.PARK})
    office.wait_until("Wed 10:00")
    assert (office.holder, office.due(TimerKind.AGENT_SILENCE)) == ("anna", "Wed 10:30")
    office.parks("anna")
    office.carla_writes()
    assert office.holder == "anna"


def test_a_transfer_to_an_agent_is_offered_to_him_and_goes_to_the_queue_where_he_does_not_take_it(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    assigned(office)
    age = office.session.queued_at
    office.ready("chen", "bernd")
    office.transfers("anna", agent="chen")
    assert (office.phase, office.holder) == (Phase.OFFERED, "chen")
    office.declines("chen")
    assert office.holder == "bernd"
    assert office.session.queued_at == age


def test_who_is_signed_out_too_long_gives_his_work_back_and_who_returns_keeps_it(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=BY_DAY, parameters="  agent_gone_after: 20m\n")
    assigned(office)
    office.leaves("anna")
    office.wait(minutes=10)
    office.ready("anna")
    office.wait(minutes=60)
    assert office.holder == "anna"
    office.wait_until("Mon 17:50")
    office.leaves("anna")
    office.wait_until("Tue 08:09")
    assert office.holder == "anna"
    office.wait_until("Tue 08:10")
    assert (office.phase, office.told[-1]) == (Phase.QUEUED, "anna: taken_back")


def test_closing_leaves_an_agent_his_work(tmp_path: Path) -> None:
    office = Office(tmp_path, channel=OFFLINE)
    assigned(office)
    office.wait_until("Mon 20:00")
    assert office.holder == "anna"
