"""The robot's dialogue: what is asked, what counts, and when people take over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import AskRobot, KeepRobotNote, RaiseAlarm, SendRobotAnswer
from postroom.session.events import RobotAnswered, RobotHandedOff, RobotTimedOut
from postroom.session.facts import Facts
from postroom.session.policy import OfflinePolicy, Policy, RobotPolicy
from postroom.session.state import Phase, Session, TimerKind
from tests.session.making import (
    ANSWERABLE,
    ASKABLE,
    EVERY_PHASE,
    NIGHT,
    NOW,
    POLICY,
    ROBOT,
    Ruled,
    asked,
    is_ignored,
    mail,
    minutes,
    new_session,
    tell,
    timers,
)

BY_DAY = replace(ROBOT, robot=RobotPolicy(name="rita", in_work_time=True))
ROUTED = replace(BY_DAY, offline=OfflinePolicy(enabled=True, ask_robot=True))


def said(session: Session, turn: int = 1, policy: Policy = ROBOT) -> Ruled:
    return tell(session, RobotAnswered(turn=turn, text="So."), at=minutes(1), policy=policy)


def test_the_robot_is_asked_about_a_new_matter() -> None:
    session, effects = tell(new_session(), mail(), facts=ASKABLE, policy=ROBOT)
    assert (session.phase, session.queued_at) == (Phase.ROBOT, None)
    assert effects[0] == AskRobot(robot="rita", turn=1, mail="m1")
    assert timers(effects) == {TimerKind.ROBOT_TURN: minutes(0.5)}


NOT_ASKED = [
    (ASKABLE, POLICY),
    (ASKABLE, replace(ROBOT, is_shadow=True)),
    (replace(ASKABLE, had_agent=True), ROBOT),
    (replace(ASKABLE, robot_answers_today=20), ROBOT),
    (Facts(), ROBOT),
    (Facts(automatic=replace(ANSWERABLE, answerable=False, why_not="list")), ROBOT),
    (Facts(automatic=replace(ANSWERABLE, recipient="")), ROBOT),
    (Facts(automatic=replace(ANSWERABLE, new_participant=True)), ROBOT),
]


@pytest.mark.parametrize(("facts", "policy"), NOT_ASKED)
def test_people_serve_what_a_robot_may_not_answer(facts: Facts, policy: Policy) -> None:
    assert tell(new_session(), mail(), facts=facts, policy=policy)[0].phase is Phase.QUEUED


def test_a_keyword_leads_to_people_at_once() -> None:
    assert tell(new_session(), mail(keyword="agent"), facts=ASKABLE, policy=ROBOT)[0].phase is Phase.QUEUED
    session, _ = tell(asked(), mail("m2", keyword="agent"), facts=ASKABLE, policy=ROBOT)
    assert (session.phase, session.queued_at) == (Phase.QUEUED, NOW)


def test_out_of_work_time_the_robot_is_asked_where_its_hours_or_the_offline_routing_say_so() -> None:
    night = mail(at=NIGHT)
    assert tell(new_session(), night, at=NIGHT, facts=ASKABLE, policy=ROBOT)[0].phase is Phase.ROBOT
    assert tell(new_session(), night, at=NIGHT, facts=ASKABLE, policy=BY_DAY)[0].phase is Phase.QUEUED
    session, _ = tell(new_session(), night, at=NIGHT, facts=ASKABLE, policy=ROUTED)
    assert (session.phase, session.robot_asked_once) == (Phase.ROBOT, True)
    answered, _ = said(session, policy=ROUTED)
    again, _ = tell(answered, mail("m2", NIGHT), at=NIGHT, facts=ASKABLE, policy=ROUTED)
    assert again.phase is Phase.OFFLINE


def test_a_dialogue_that_outlasts_the_robots_hours_goes_to_people() -> None:
    by_day, _ = tell(new_session(), mail(), facts=ASKABLE, policy=BY_DAY)
    answered, _ = said(by_day, policy=BY_DAY)
    assert tell(answered, mail("m2"), at=minutes(9), facts=ASKABLE, policy=BY_DAY)[0].phase is Phase.ROBOT
    assert tell(answered, mail("m2"), at=NIGHT, facts=ASKABLE, policy=BY_DAY)[0].phase is Phase.QUEUED


def test_an_answer_is_sent_and_the_customer_has_the_word() -> None:
    session, effects = said(asked())
    assert (session.phase, session.unanswered_since) == (Phase.ROBOT, None)
    assert SendRobotAnswer(turn=1, text="So.", mail="m1") in effects
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(61)}


def test_a_mail_makes_the_older_question_void() -> None:
    session, effects = tell(asked(), mail("m2"), facts=ASKABLE, policy=ROBOT)
    assert AskRobot(robot="rita", turn=2, mail="m2") in effects
    late, effects = said(session)
    assert (late, effects) == (session, (KeepRobotNote(turn=1, text="So."),))
    assert is_ignored(tell(session, RobotHandedOff(turn=1, reason="late"), policy=ROBOT)[1])
    assert said(session, turn=2)[1][0] == SendRobotAnswer(turn=2, text="So.", mail="m2")


@pytest.mark.parametrize("phase", [one for one in Phase if one not in {Phase.NEW, Phase.ROBOT}])
def test_an_answer_in_a_later_phase_is_a_note_and_never_sent(phase: Phase) -> None:
    session = EVERY_PHASE[phase]()
    assert said(session) == (session, (KeepRobotNote(turn=1, text="So."),))


def test_after_its_turns_and_without_a_robot_or_leave_people_take_over() -> None:
    session = replace(asked(), robot_turn=3)
    assert tell(session, mail("m4"), facts=ASKABLE, policy=ROBOT)[0].phase is Phase.QUEUED
    assert tell(asked(), mail("m2"), facts=ASKABLE, policy=POLICY)[0].phase is Phase.QUEUED
    assert tell(asked(), mail("m2"), facts=Facts(), policy=ROBOT)[0].phase is Phase.QUEUED


@pytest.mark.parametrize("reason", ["", "it does not know"])
def test_a_robot_that_hands_off_fails_or_is_late_leaves_it_to_people(reason: str) -> None:
    for event in (
        RobotHandedOff(turn=1, reason=reason),
        RobotHandedOff(turn=1, reason=reason, failed=True),
        RobotTimedOut(),
    ):
        session, _ = tell(asked(), event, policy=ROBOT)
        assert (session.phase, session.robot_asked_since) == (Phase.QUEUED, None)
        assert tell(asked(), event, policy=POLICY)[0].phase is Phase.QUEUED


def test_a_robot_that_fails_where_people_shall_not_take_over_leaves_the_customer_the_word() -> None:
    alone = replace(ROBOT, robot=RobotPolicy(name="rita", hand_off_on_failure=False))
    session, effects = tell(asked(), RobotTimedOut(), policy=alone)
    assert (session.phase, session.silent_since) == (Phase.ROBOT, NOW)
    assert RaiseAlarm(what="robot_failed") in effects
    assert is_ignored(tell(session, RobotTimedOut(), policy=alone)[1])
    assert said(session, policy=alone)[1] == (KeepRobotNote(turn=1, text="So."),)
