from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.dispatch.robots.dialogue import (
    LONGEST_ANSWER,
    LONGEST_DIALOGUE,
    LONGEST_REASON,
    LONGEST_SUBJECT,
    LONGEST_TURN,
    MOST_TURNS,
    bounded,
    sound,
)
from postroom.ports.robots import Fail, HandOff, RobotAnswer, Speaker, Turn
from tests.support.robots import a_question


def turns(*texts: str) -> tuple[Turn, ...]:
    speakers = [Speaker.CUSTOMER, Speaker.ROBOT]
    return tuple(Turn(speaker=speakers[number % 2], text=text) for number, text in enumerate(texts))


def test_a_question_within_bounds_stays_as_it_is() -> None:
    question = replace(a_question("Hello"), dialogue=turns("a", "b", "c"))
    assert bounded(question) == question


def test_of_a_long_dialogue_the_newest_turns_are_kept() -> None:
    question = replace(a_question(""), dialogue=turns(*(str(number) for number in range(50))))
    kept = bounded(question).dialogue
    assert [turn.text for turn in kept] == [str(number) for number in range(50 - MOST_TURNS, 50)]


def test_a_long_mail_and_a_long_subject_are_cut_and_say_so() -> None:
    question = bounded(a_question("x" * 1_000_000, subject="y" * 10_000))
    assert (len(question.newest), len(question.subject)) == (LONGEST_TURN, LONGEST_SUBJECT)
    assert question.newest.endswith("…")


@given(st.lists(st.integers(0, 20_000), max_size=40))
def test_no_dialogue_is_longer_than_the_bound_and_its_end_is_kept(lengths: list[int]) -> None:
    question = replace(a_question(""), dialogue=turns(*("x" * length for length in lengths)))
    kept = bounded(question).dialogue
    assert sum(len(turn.text) for turn in kept) <= LONGEST_DIALOGUE
    assert len(kept) <= MOST_TURNS
    assert [turn.speaker for turn in kept] == [turn.speaker for turn in question.dialogue[len(lengths) - len(kept) :]]


def test_what_the_customer_wrote_since_he_was_answered_is_the_newest() -> None:
    dialogue = (*turns("first", "answer", "second"), Turn(speaker=Speaker.CUSTOMER, text="and third"))
    assert replace(a_question(""), dialogue=dialogue).newest == "second\nand third"
    assert replace(a_question(""), dialogue=turns("first", "answer")).newest == ""


@pytest.mark.parametrize("text", ["", " \n\t", "x" * (LONGEST_ANSWER + 1), "a\x00b", "a\x1b[2J", "a\rb", "half \ud83d"])
def test_an_answer_that_is_no_text_for_a_customer_is_a_failure(text: str) -> None:
    assert isinstance(sound(RobotAnswer(text=text)), Fail)


def test_an_answer_keeps_its_lines_and_its_letters() -> None:
    text = "Grüße,\n\n\tאבג\u200f 👩\u200d👩 退款"
    assert sound(RobotAnswer(text=f" {text.replace(chr(10), chr(13) + chr(10))}\n")) == RobotAnswer(text=text)


@pytest.mark.parametrize("confidence", [-1.0, 1.1, float("nan"), float("inf")])
def test_a_confidence_that_is_no_share_is_none(confidence: float) -> None:
    assert sound(RobotAnswer(text="x", confidence=confidence)) == RobotAnswer(text="x", confidence=0.0)


def test_a_reason_is_one_short_line() -> None:
    assert sound(HandOff(reason="a\r\n\x1b[31mb")) == HandOff(reason="a [31mb")
    assert sound(HandOff(reason="\n")) == HandOff(reason="the robot did not say why")
    long = sound(Fail(reason="x" * 10_000, temporary=True))
    assert isinstance(long, Fail)
    assert len(long.reason) == LONGEST_REASON
    assert sound(Fail(reason="", temporary=False)) == Fail(reason="the robot failed", temporary=False)
