"""A robot before the agents, in the real process: its answers, the word that leads to people, and its being late."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.a_robot import robot_service
from tests.journeys.config import Written
from tests.journeys.days import AT_ONCE, SOON, Days, days
from tests.journeys.process import wait_for

pytestmark = [pytest.mark.server, pytest.mark.journey]

FAQ = "- {questions: [How long does delivery take?], answer: Two to three working days.}\n"
WITH_FAQ = """
robot: faq
transfer_keywords: [human being]
auto_reply: {working: An agent will answer you.}
"""
WITH_SERVICE = """
robot: {name: service, timeout: 60s}
transfer_keywords: [human being]
auto_reply: {working: An agent will answer you.}
"""
FAQ_ROBOT = "robots: [{kind: faq, name: faq, file: faq.yaml}]"
SERVICE = "robots: [{{kind: http, name: service, url: 'http://127.0.0.1:{port}/', secret: 'file:secret'}}]"

SIGNED = "\r\n\r\n-- \r\nA customer"


def place(here: Days) -> None:
    """Lay the files that robots need beside the configuration."""
    (here.config / "faq.yaml").write_text(FAQ)
    secret = here.config / "secret"
    secret.write_text("a secret of the journey, long enough\n")
    secret.chmod(0o600)


def test_the_robot_answers_until_the_customer_asks_for_a_human_being(tmp_path: Path) -> None:
    written = Written(channel=WITH_FAQ, queue=AT_ONCE, tenant=FAQ_ROBOT, poll_every=SOON)
    with days(tmp_path, "2026-03-02 09:00", written) as here:
        place(here)
        with here.process() as process:
            here.ready("anna")
            here.writes("first", f"How long does delivery take?{SIGNED}")
            assert "Two to three working days." in here.told("first")[0]
            assert here.to("first")[0]["Auto-Submitted"] == "auto-replied"
            here.waits("first", "robot")
            process.kill()
        with here.process():
            here.ready("anna")
            here.writes("second", f"I want to talk to a human being.{SIGNED}", answers="first")
            assert here.told("first", 2)[1] == "An agent will answer you.\n"
            here.replies("anna", "second")
            assert here.to("first")[2]["Auto-Submitted"] is None
            assert len(here.to("first")) == 3
        here.check()


def test_a_robot_that_is_late_hands_off_and_its_answer_is_never_sent(tmp_path: Path) -> None:
    with robot_service() as robot:
        written = Written(channel=WITH_SERVICE, queue=AT_ONCE, tenant=SERVICE.format(port=robot.port), poll_every=SOON)
        with days(tmp_path, "2026-03-02 09:00", written) as here:
            place(here)
            robot.may_answer.clear()
            with here.process() as process:
                here.writes("first")
                wait_for(lambda: robot.asked, "the robot to be asked")
                here.later(seconds=61)
                here.waits("first", "queued")
                assert here.told("first") == ["An agent will answer you.\n"]
                robot.may_answer.set()
                here.happens("first", "robot_answered")
                process.kill()
            with here.process():
                here.ready("anna")
                here.replies("anna", "first")
                assert len(here.oracle.effects("first", "keep_robot_note")) == 1
                assert len(here.to("first")) == 2
            here.check()


@pytest.mark.parametrize("place_of_death", ["robot_asked_pre", "robot_commit_pre", "robot_commit_post"])
def test_a_kill_around_the_robots_answer_lets_it_be_sent_once(tmp_path: Path, place_of_death: str) -> None:
    with robot_service() as robot:
        written = Written(channel=WITH_SERVICE, tenant=SERVICE.format(port=robot.port), poll_every=SOON)
        with days(tmp_path, "2026-03-02 09:00", written) as here:
            place(here)
            with here.process(f"{place_of_death}:kill:1") as process:
                here.writes("first")
                process.wait_killed(place_of_death)
            with here.process():
                assert here.told("first")[0].startswith("The robot's answer")
                wait_for(here.oracle.is_quiet, "the outbox to be empty")
                assert here.oracle.events("first").count("robot_answered") == 1
                assert len({asked["id"] for asked in robot.asked}) == 1
                assert len(here.to("first")) == 1
            here.check()
