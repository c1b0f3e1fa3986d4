"""A question within bounds before any robot sees it, and what a robot says within bounds before anybody else does.

Pure. Of a long dialogue the newest turns are kept; a text that is cut says so by an ellipsis.
"""

from __future__ import annotations

from unicodedata import category

from msgspec.structs import replace

from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Turn, Verdict

MOST_TURNS = 20
LONGEST_TURN = 8_000
LONGEST_DIALOGUE = 24_000
LONGEST_SUBJECT = 500
LONGEST_ANSWER = 20_000
LONGEST_REASON = 500
_NO_TEXT = frozenset({"Cc", "Cs"})
"""Control characters, and halves of a character, which cannot be written in UTF-8."""


def bounded(question: RobotQuestion) -> RobotQuestion:
    """Give the question with its subject and its dialogue cut to what a robot is asked at most."""
    kept: list[Turn] = []
    left = LONGEST_DIALOGUE
    for turn in reversed(question.dialogue[-MOST_TURNS:]):
        text = _cut(turn.text, LONGEST_TURN)
        left -= len(text)
        if left < 0:
            break
        kept.append(replace(turn, text=text))
    return replace(question, subject=_cut(question.subject, LONGEST_SUBJECT), dialogue=tuple(reversed(kept)))


def sound(verdict: Verdict) -> Verdict:
    """Give the verdict as it may be used; an answer that is empty, endless or no text is a failure."""
    match verdict:
        case RobotAnswer():
            return _answer(verdict)
        case HandOff():
            return HandOff(reason=_words(verdict.reason) or "the robot did not say why")
        case Fail():
            return replace(verdict, reason=_words(verdict.reason) or "the robot failed")


def _answer(answer: RobotAnswer) -> RobotAnswer | Fail:
    text = answer.text.replace("\r\n", "\n").strip()
    if not text:
        return Fail(reason="the answer is empty", temporary=False)
    if len(text) > LONGEST_ANSWER:
        return Fail(reason=f"the answer has more than {LONGEST_ANSWER:,} characters", temporary=False)
    if not all(char in "\n\t" or category(char) not in _NO_TEXT for char in text):
        return Fail(reason="the answer holds characters that are no text", temporary=False)
    confidence = answer.confidence if 0.0 <= answer.confidence <= 1.0 else 0.0
    return RobotAnswer(text=text, confidence=confidence, source=_words(answer.source))


def _words(text: str) -> str:
    """One line that may be shown and logged."""
    shown = "".join(char if char.isprintable() else " " for char in text[: LONGEST_REASON * 2])
    return _cut(" ".join(shown.split()), LONGEST_REASON)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
