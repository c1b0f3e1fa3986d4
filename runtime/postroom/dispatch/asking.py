"""Puts a session's dialogue to its robot and brings what comes of it back as an event: the performer of AskRobot.

A question that is void by now (the customer wrote again, people took over) is not asked. Asked twice after a crash, a
robot is given the same question id; the table takes the first answer and keeps any other as a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from postroom.dispatch.robots.guarded import RobotName
from postroom.dispatch.robots.roster import Robots
from postroom.errors import PermanentError
from postroom.mail.language import language_of
from postroom.mail.quotes import new_text
from postroom.ports.desk import MailReader
from postroom.ports.records import Conversation, OutboxRow, StoredMail
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Speaker, Turn, Verdict
from postroom.ports.step import Step
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint
from postroom.routing.outcome import Outcome
from postroom.session.effects import AskRobot
from postroom.session.events import AnyEvent, RobotAnswered, RobotHandedOff
from postroom.session.state import Phase, Session

MOST_MAILS = 20
"""Mails of a dialogue that a robot is shown, the newest."""


class Open(Struct, frozen=True, kw_only=True):
    """A question that still waits for its answer, with the mails it is about; `within` is in seconds."""

    session: Session
    conversation: Conversation
    mails: tuple[StoredMail, ...]
    within: float


class Asking:
    """Asks the robots of the settings in force."""

    def __init__(  # noqa: PLR0917 everything it touches, and nothing else
        self, store: Store, step: Step, reader: MailReader, robots: Robots, clock: Clock, failpoint: Failpoint
    ) -> None:
        self._store = store
        self._step = step
        self._reader = reader
        self._robots = robots
        self._clock = clock
        self._failpoint = failpoint

    async def perform(self, row: OutboxRow) -> None:
        """Ask once and close the row with what came of it. Raises TemporaryError where the store is away."""
        effect = row.effect
        if not isinstance(effect, AskRobot):
            raise PermanentError(f"{type(effect).__name__} is no question to a robot")
        asked = await self._store.read(lambda tx: self._open(tx, row, effect))
        if asked is None:
            await self._store.write(lambda tx: _close(tx, row))
            return
        self._failpoint("robot_asked_pre")
        verdict = await self._ask(asked, effect)
        event = _event(effect, verdict)
        await self._store.write(lambda tx: self._bring(tx, row, event))
        self._failpoint("robot_commit_post")

    def _open(self, tx: Tx, row: OutboxRow, effect: AskRobot) -> Open | None:
        session = tx.sessions.get(row.session)
        conversation = tx.conversations.get(session.conversation) if session is not None else None
        is_open = session is not None and session.phase is Phase.ROBOT and session.robot_turn == effect.turn
        if session is None or conversation is None or not is_open or session.robot_asked_since is None:
            return None
        policy = self._step.policy(session.tenant, session.channel)
        timeout = timedelta(seconds=policy.robot.timeout if policy.robot else 0.0)
        within = (session.robot_asked_since + timeout - self._clock.now()).total_seconds()
        mails = [mail for mail in tx.mails.of_conversation(session.conversation) if _speaker(mail) is not None]
        return Open(
            session=session,
            conversation=conversation,
            mails=tuple(mails[-MOST_MAILS:]),
            within=max(within, 0.0),
        )

    async def _ask(self, asked: Open, effect: AskRobot) -> Verdict:
        if not asked.within:
            return Fail(reason="there was no time left to ask it", temporary=True)
        try:
            dialogue = [await self._turn(mail) for mail in asked.mails]
        except PermanentError as error:
            return Fail(reason=f"a mail of the dialogue cannot be read: {error}", temporary=False)
        question = RobotQuestion(
            conversation=asked.session.conversation,
            session=asked.session.id,
            turn=effect.turn,
            channel=asked.session.channel,
            subject=asked.conversation.subject,
            dialogue=tuple(dialogue),
            language=_language(dialogue),
        )
        name = RobotName(tenant=asked.session.tenant, name=effect.robot)
        return await self._robots.ask(name, question, asked.within)

    async def _turn(self, mail: StoredMail) -> Turn:
        message = await self._reader.message(mail.sha256)
        return Turn(speaker=_speaker(mail) or Speaker.CUSTOMER, text=new_text(message.text).new)

    def _bring(self, tx: Tx, row: OutboxRow, event: AnyEvent) -> None:
        self._step(tx, row.session, event)
        _close(tx, row)
        self._failpoint("robot_commit_pre")


def _speaker(mail: StoredMail) -> Speaker | None:
    """Who said it; None of what is no part of the dialogue, as a note beside it or a machine's confirmation."""
    if mail.incoming:
        return Speaker.CUSTOMER if mail.outcome is Outcome.CONVERSATION else None
    return {"reply": Speaker.AGENT, "robot_answer": Speaker.ROBOT}.get(mail.mail_class)


def _event(effect: AskRobot, verdict: Verdict) -> AnyEvent:
    match verdict:
        case RobotAnswer():
            return RobotAnswered(turn=effect.turn, text=verdict.text, source=verdict.source)
        case HandOff():
            return RobotHandedOff(turn=effect.turn, reason=verdict.reason)
        case Fail():
            return RobotHandedOff(turn=effect.turn, reason=verdict.reason, failed=True)


def _language(dialogue: Sequence[Turn]) -> str | None:
    said = next((turn.text for turn in reversed(dialogue) if turn.speaker is Speaker.CUSTOMER), "")
    return language_of(said)


def _close(tx: Tx, row: OutboxRow) -> None:
    tx.outbox.done(row.id)
    tx.wake(Topic.OUTBOX)
