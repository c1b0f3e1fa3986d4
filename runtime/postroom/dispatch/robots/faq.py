"""The built-in robot: answers from a file of questions and answers, offline, and hands off whenever it is not sure.

Sure means: one entry explains the mail and the mail says one of its questions (`threshold`), the next best entry does
so much less (`margin`), nothing in the mail turns the question around, and no sentence speaks of anything else. The
same mail has the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from postroom.dispatch.robots.knowledge import Found, Knowledge
from postroom.dispatch.robots.terms import terms
from postroom.errors import TemporaryError
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Verdict

LONGEST_MAIL = 4_000
MOST_TERMS = 60
"""Characters, and terms, of a mail beyond which it says more than a question of a list."""


class Sureness(Struct, frozen=True, kw_only=True):
    """How sure the robot must be; both from 0 to 1."""

    threshold: float = 0.6
    margin: float = 0.15


class FaqRobot:
    """Answers from the file."""

    def __init__(self, knowledge: Knowledge, sureness: Sureness) -> None:
        self._knowledge = knowledge
        self._sureness = sureness

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:  # noqa: ARG002 the guard keeps the deadline
        """Answer what the customer wrote last; his subject is asked where he wrote nothing else."""
        newest = question.newest
        if len(newest) > LONGEST_MAIL or len(terms(newest)) > MOST_TERMS:
            return HandOff(reason="the mail is longer than a question")
        text = newest if terms(newest) else question.subject
        try:
            found = await self._knowledge.find(text, question.language)
        except TemporaryError as error:
            return Fail(reason=str(error), temporary=True)
        return judge(found, self._sureness)

    async def close(self) -> None:
        """Nothing is held."""


def judge(found: Sequence[Found], sureness: Sureness) -> RobotAnswer | HandOff:
    """Answer with the best entry, or hand off and say why."""
    if not found:
        return HandOff(reason="no question of the list is like this mail")
    best = found[0]
    question = best.entry.questions[0]
    if best.confidence < sureness.threshold:
        return HandOff(reason=f"no question of the list is close enough; the nearest is: {question}")
    # An equal answer below another question is no rival.
    rival = next((other for other in found[1:] if other.entry.answer != best.entry.answer), None)
    if rival is not None and (rival.is_said or best.confidence - rival.confidence < sureness.margin):
        return HandOff(reason=f"two questions of the list are close: {question} / {rival.entry.questions[0]}")
    if best.is_turned:
        return HandOff(reason=f"the mail says no, or asks why, about: {question}")
    if best.says_more:
        return HandOff(reason=f"the mail says more than: {question}")
    return RobotAnswer(text=best.entry.answer, confidence=round(best.confidence, 3), source=question)
