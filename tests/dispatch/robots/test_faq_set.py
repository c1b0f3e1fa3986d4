"""How often the built-in robot answers right: figures over two sets of questions and mails in three languages."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from postroom.dispatch.robots.faq import Sureness, judge
from postroom.dispatch.robots.knowledge import Known, known
from postroom.ports.robots import RobotAnswer
from postroom.settings.faq import load

SETS = Path(__file__).parent / "questions"


def knowledge_of(file: str) -> Known:
    faq = load(SETS / file)
    assert faq.problems == ()
    return known(faq.entries)


def counted(questions: str, mails: str, *, says_language: bool) -> Counter[str]:
    """How many mails of the set were answered right, answered wrong, handed off though known, or rightly handed off."""
    knowledge, counts = knowledge_of(questions), Counter[str]()
    with (SETS / mails).open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            verdict = judge(knowledge.find(row["text"], row["language"] if says_language else None), Sureness())
            if isinstance(verdict, RobotAnswer):
                counts["right" if verdict.source == row["expected"] else "wrong"] += 1
            else:
                counts["handed off" if row["expected"] else "rightly handed off"] += 1
    return counts


@pytest.mark.parametrize("says_language", [True, False])
def test_mails_to_a_shop_are_answered_right_or_not_at_all(says_language: bool) -> None:
    counts = counted("shop.yaml", "mails.csv", says_language=says_language)
    assert counts.total() == 134
    assert counts["wrong"] == 0
    assert counts["right"] >= 57
    assert counts["rightly handed off"] == 60


@pytest.mark.parametrize("says_language", [True, False])
def test_mails_to_a_library_which_no_rule_was_made_for_are_answered_right_or_not_at_all(says_language: bool) -> None:
    counts = counted("library.csv", "library_mails.csv", says_language=says_language)
    assert counts.total() == 56
    assert counts["wrong"] == 0
    assert counts["right"] >= 27
    assert counts["rightly handed off"] == 24


def test_letters_that_tell_a_story_or_ask_two_things_are_handed_off_rather_than_answered_beside_the_point() -> None:
    counts = counted("shop.yaml", "letters.csv", says_language=True)
    assert counts.total() == 28
    assert counts["wrong"] == 0
    assert counts["rightly handed off"] == 15


def test_every_question_of_the_lists_finds_its_own_answer() -> None:
    for file in ("shop.yaml", "library.csv"):
        knowledge = knowledge_of(file)
        for entry in knowledge.entries:
            for question in entry.questions:
                found = knowledge.find(question, entry.language)
                assert found[0].entry.answer == entry.answer, question
