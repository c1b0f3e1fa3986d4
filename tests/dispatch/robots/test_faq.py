from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from postroom.dispatch.robots.faq import LONGEST_MAIL, MOST_TERMS, FaqRobot, Sureness
from postroom.dispatch.robots.knowledge import Knowledge
from postroom.engine.world import ThreadOffload
from postroom.ports.robots import Fail, HandOff, RobotAnswer, Verdict
from tests.support.robots import a_question

ENTRIES = """\
- questions: [How do I cancel my order?]
  answer: In your account.
- questions: [How do I change my order?]
  answer: By telephone.
- questions: [Kann ich meine Bestellung stornieren?]
  answer: Im Konto.
  language: de
"""


@pytest.fixture
def offload() -> Iterator[ThreadOffload]:
    threads = ThreadOffload({})
    yield threads
    threads.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "faq.yaml"
    path.write_text(ENTRIES)
    return path


def asked(file: Path, offload: ThreadOffload, text: str, *, subject: str = "", language: str | None = None) -> Verdict:
    robot = FaqRobot(Knowledge(file, offload), Sureness())
    return asyncio.run(robot.ask(a_question(text, subject=subject, language=language), 5.0))


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, HandOff)
    return verdict.reason


def test_a_question_of_the_list_is_answered_with_its_source(file: Path, offload: ThreadOffload) -> None:
    verdict = asked(file, offload, "Hello, how can I cancel an order? Thanks")
    assert isinstance(verdict, RobotAnswer)
    assert (verdict.text, verdict.source) == ("In your account.", "How do I cancel my order?")
    assert verdict.confidence > 0.6


def test_what_is_unknown_two_things_at_once_and_a_no_are_handed_off_and_why(file: Path, offload: ThreadOffload) -> None:
    assert reason(asked(file, offload, "The lamp is broken")) == "no question of the list is like this mail"
    assert "the nearest is" in reason(asked(file, offload, "I ordered a lamp and a table"))
    assert "two questions" in reason(asked(file, offload, "May I cancel or change the order?"))
    assert "says no" in reason(asked(file, offload, "Do not cancel my order"))


def test_a_mail_that_says_more_than_its_question_is_handed_off(file: Path, offload: ThreadOffload) -> None:
    asks_more = asked(file, offload, "How do I cancel my order? Who?\nAnd which elephant?")
    assert "the mail says more" in reason(asks_more)
    assert "two questions" in reason(asked(file, offload, "How do I cancel my order? How do I change my order?"))


def test_a_mail_longer_than_a_question_is_handed_off(file: Path, offload: ThreadOffload) -> None:
    assert "longer" in reason(asked(file, offload, "cancel order " * MOST_TERMS))
    assert "longer" in reason(asked(file, offload, "cancel order" + " " * LONGEST_MAIL))


def test_the_subject_is_asked_where_the_mail_says_nothing_else(file: Path, offload: ThreadOffload) -> None:
    assert isinstance(asked(file, offload, "Hello\n\nThanks!", subject="How to cancel my order"), RobotAnswer)


def test_an_answer_in_another_language_is_not_given(file: Path, offload: ThreadOffload) -> None:
    assert isinstance(asked(file, offload, "Bestellung stornieren", language="de"), RobotAnswer)
    assert isinstance(asked(file, offload, "Bestellung stornieren", language=None), RobotAnswer)
    assert isinstance(asked(file, offload, "Bestellung stornieren", language="en"), HandOff)
    assert isinstance(asked(file, offload, "cancel order", language="de"), RobotAnswer), "an entry may serve all"


async def test_a_changed_file_is_read_again_and_a_broken_one_is_not(file: Path, offload: ThreadOffload) -> None:
    robot = FaqRobot(Knowledge(file, offload), Sureness())
    question = a_question("cancel order")
    before = await robot.ask(question, 5.0)

    file.write_text(ENTRIES.replace("In your account.", "In the shop."))
    os.utime(file, ns=(1, 1))
    changed = await robot.ask(question, 5.0)

    file.write_text("- questions: [")
    os.utime(file, ns=(2, 2))
    kept = await robot.ask(question, 5.0)

    file.unlink()
    still = await robot.ask(question, 5.0)
    texts = [one.text for one in (before, changed, kept, still) if isinstance(one, RobotAnswer)]
    assert texts == ["In your account.", "In the shop.", "In the shop.", "In the shop."]


async def test_a_file_that_was_never_readable_is_a_failure_that_may_pass(
    tmp_path: Path, offload: ThreadOffload
) -> None:
    robot = FaqRobot(Knowledge(tmp_path / "none.yaml", offload), Sureness())
    verdict = await robot.ask(a_question("cancel order"), 5.0)
    assert isinstance(verdict, Fail)
    assert verdict.temporary
    assert "none.yaml" in verdict.reason
    await robot.close()
