"""The robot's dialogue: when it is asked, what becomes of its answers, and how a session leaves it for people.

It is asked only about mail that may be answered automatically; its answer counts only while its question is the last.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AskRobot, KeepRobotNote, Noted, RaiseAlarm, SendRobotAnswer
from postroom.session.events import MessageReceived, RobotAnswered, RobotHandedOff, RobotTimedOut
from postroom.session.facts import Facts
from postroom.session.policy import Policy, RobotPolicy
from postroom.session.rules import waiting
from postroom.session.rules.confirming import confirmed
from postroom.session.rules.ruling import Ruling, ignored
from postroom.session.state import Phase, Session


def asked_first(session: Session, event: MessageReceived, facts: Facts, policy: Policy, now: datetime) -> Ruling | None:
    """Ask the robot about a session's first mail, or give None where people serve it."""
    robot = policy.robot
    if robot is None or event.keyword or facts.had_agent or policy.is_shadow or _why_not(facts, robot):
        return None
    if not _is_its_hour(robot, policy, now):
        return None
    return _ask(replace(session, robot_asked_once=_is_asked_once(policy, now)), robot, now)


def asked_again(session: Session, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The customer wrote again: the next turn, while the robot has one left."""
    robot = policy.robot
    if robot is None:
        return left(session, "the channel has no robot any more", facts, policy, now)
    if session.robot_turn >= robot.max_turns:
        return left(session, f"the robot had its {robot.max_turns} turns", facts, policy, now)
    if session.robot_asked_once and session.robot_answered:
        return left(session, "the robot is asked once out of work time", facts, policy, now)
    if not _is_its_hour(robot, policy, now):
        return left(session, "the robot is not asked out of work time", facts, policy, now)
    why_not = _why_not(facts, robot)
    return left(session, why_not, facts, policy, now) if why_not else _ask(session, robot, now)


def left(session: Session, why: str, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """People take over, by the hour; and only now is the customer told that he waits."""
    over = replace(session, robot_asked_since=None, silent_since=None)
    waits, effects = confirmed(waiting.arrive(over, facts, policy, now), facts, policy, now)
    return waits, (Noted(what="robot", words=f"leaves it to people: {why}"), *effects)


def answered(session: Session, event: RobotAnswered, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The answer to the last question is sent; one to an older question is only shown."""
    if event.turn != session.robot_turn or session.robot_asked_since is None:
        return session, (KeepRobotNote(turn=event.turn, text=event.text),)
    said = replace(session, robot_asked_since=None, robot_answered=True, silent_since=now, unanswered_since=None)
    return said, (SendRobotAnswer(turn=event.turn, text=event.text, mail=session.customer_mail),)


def answered_too_late(session: Session, event: RobotAnswered, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """People have the session: what the robot says is a note, and never sent."""
    return session, (KeepRobotNote(turn=event.turn, text=event.text),)


def handed_off(session: Session, event: RobotHandedOff, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The robot does not know, or broke: people take over."""
    if event.turn != session.robot_turn or session.robot_asked_since is None:
        return ignored(session, "the robot was asked something else since")
    if event.failed:
        return _failed(session, event.reason, facts, policy, now)
    return left(session, event.reason or "it hands off", facts, policy, now)


def timed_out(session: Session, _event: RobotTimedOut, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """An answer that comes later is a note."""
    if session.robot_asked_since is None:
        return ignored(session, "the robot is asked nothing")
    return _failed(session, "it did not answer in time", facts, policy, now)


def _failed(session: Session, why: str, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    robot = policy.robot
    if robot is None or robot.hand_off_on_failure:
        return left(session, why, facts, policy, now)
    silent = replace(session, robot_asked_since=None, silent_since=now)
    return silent, (RaiseAlarm(what="robot_failed"), Noted(what="robot", words=why))


def _ask(session: Session, robot: RobotPolicy, now: datetime) -> Ruling:
    turn = session.robot_turn + 1
    asked = replace(session, phase=Phase.ROBOT, robot_turn=turn, robot_asked_since=now, silent_since=None)
    return asked, (AskRobot(robot=robot.name, turn=turn, mail=session.customer_mail),)


def _is_asked_once(policy: Policy, now: datetime) -> bool:
    """Whether it is an hour at which the robot is asked about an offline message, before that waits."""
    return policy.offline.enabled and policy.offline.ask_robot and not policy.hours.is_open(now)


def _is_its_hour(robot: RobotPolicy, policy: Policy, now: datetime) -> bool:
    return not robot.in_work_time or policy.hours.is_open(now) or _is_asked_once(policy, now)


def _why_not(facts: Facts, robot: RobotPolicy) -> str:
    """Why a robot may not answer the newest mail, or nothing."""
    if facts.robot_answers_today >= robot.answers_a_day:
        return f"robots gave this customer {facts.robot_answers_today} answers today"
    mail = facts.automatic
    if mail is None or not mail.answerable or not mail.recipient or mail.new_participant:
        return (mail.why_not if mail else "") or "the mail may not be answered automatically"
    if mail.paused:
        return "automatic mail is paused"
    return ""
