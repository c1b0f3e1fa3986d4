"""Questions to robots and what comes of them, on the real store with the real step; the robots answer by script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.dispatch.asking import MOST_MAILS, Asking
from postroom.dispatch.robots.guarded import RobotName
from postroom.engine.world import FailpointReached
from postroom.errors import PermanentError
from postroom.mail.message import Message
from postroom.ports.records import JournalEntry, OutboxRow, StoredMail
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Speaker, Verdict
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.effects import AskRobot, KeepRobotNote, SendReply, SendRobotAnswer
from postroom.session.events import RobotAnswered, RobotHandedOff
from postroom.session.policy import Policy, RobotPolicy
from postroom.session.state import ConversationId, Phase, Session, SessionId
from tests.dispatch.house import ACME, NINE, House, open_house
from tests.engine.room import Passing
from tests.store import samples
from tests.support.robots import ScriptedRobot

C1, S1 = ConversationId("c1"), SessionId("s1")
ANSWER = RobotAnswer(text="It is on its way.", source="Where is my parcel?")
ASKED = Session(
    id=S1,
    conversation=C1,
    tenant=ACME,
    channel="support",
    opened_at=NINE,
    phase=Phase.ROBOT,
    queue="help",
    customer_mail="m1",
    robot_turn=1,
    robot_asked_since=NINE,
)
ROW = OutboxRow(
    id="s1-robot-1",
    tenant=ACME,
    conversation=ConversationId("s1-robot-1"),
    session=S1,
    effect=AskRobot(robot="rita", turn=1, mail="m1"),
    created_at=NINE,
    due_at=NINE,
)


def with_robot(policy: Policy) -> Policy:
    return replace(policy, robot=RobotPolicy(name="rita", timeout=30.0))


class Mails:
    """ports.desk.MailReader, as far as robots need it: texts by the name of their bytes."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def message(self, sha256: str) -> Message:
        if sha256 not in self.texts:
            raise PermanentError("its bytes are gone")
        return Message(size=1, text=self.texts[sha256])


class Roster:
    """One robot for every name, who may be interrupted before he answers."""

    def __init__(self, robot: ScriptedRobot) -> None:
        self._robot = robot
        self.names: list[RobotName] = []
        self.within: list[float] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def ask(self, name: RobotName, question: RobotQuestion, within: float) -> Verdict:
        self.names.append(name)
        self.within.append(within)
        if self.meanwhile is not None:
            await self.meanwhile()
        return await self._robot.ask(question, within)


@dataclass
class Desk:
    """A session whose first question waits in the outbox to be put to the robot."""

    house: House
    script: Sequence[Verdict]
    failpoint: Passing = field(default_factory=Passing)
    mails: Mails = field(default_factory=Mails)

    def __post_init__(self) -> None:
        self.robot = ScriptedRobot(self.script)
        self.roster = Roster(self.robot)
        self.house.ruled = with_robot
        house = self.house
        self._asking = Asking(
            house.store,
            house.step,
            self.mails,  # type: ignore[arg-type] # of a reader it needs this
            self.roster,  # type: ignore[arg-type] # of the robots it needs this
            house.clock,
            self.failpoint,
        )

    async def begin(self, session: Session = ASKED) -> None:
        """Put the session into the store, with the customer's first mail and the question about it."""

        def unit(tx: Tx) -> None:
            tx.conversations.add(replace(self.house.conversation("It broke", "support"), id=C1))
            tx.sessions.save(session)
            tx.outbox.add(ROW)

        await self.house.write(unit)
        await self.arrive("m1", "Where is my parcel?")

    async def arrive(self, name: str, text: str, **changes: object) -> None:
        """Another mail of the conversation, a minute after the one before."""
        at = len(self.mails.texts) * 60
        self.mails.texts[name] = text
        one: StoredMail = replace(samples.mail(name, at=at), tenant=ACME, channel="support", sha256=name, **changes)
        await self.house.write(lambda tx: tx.mails.add(one))

    async def ask(self, row: OutboxRow = ROW) -> None:
        await self._asking.perform(row)

    async def decided(self) -> list[JournalEntry]:
        return await self.house.read(lambda tx: list(tx.journal.of_conversation(C1)))

    async def is_closed(self) -> bool:
        counts = await self.house.read(lambda tx: tx.counts())
        return counts.outbox_pending == 0


async def test_an_answer_is_brought_to_its_session_and_the_question_is_closed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        await desk.ask()
        (entry,) = await desk.decided()
        assert entry.event == RobotAnswered(turn=1, text="It is on its way.", source="Where is my parcel?")
        assert SendRobotAnswer(turn=1, text="It is on its way.", mail="m1") in entry.effects
        session = await house.session(S1)
        assert (session.phase, session.robot_answered, session.robot_asked_since) == (Phase.ROBOT, True, None)
        assert await desk.is_closed()


async def test_the_robot_of_the_tenant_is_asked_all_it_may_know_in_the_time_left(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        house.clock.passed = 12.5
        await desk.ask()
        (question,) = desk.robot.asked
        assert desk.roster.names == [RobotName(tenant=ACME, name="rita")]
        assert desk.roster.within == [17.5]
        assert (question.conversation, question.session, question.turn) == (C1, S1, 1)
        assert (question.channel, question.subject, question.newest) == ("support", "It broke", "Where is my parcel?")
        assert question.id == "s1.1"


async def test_a_robot_that_hands_off_leaves_the_session_to_people(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [HandOff(reason="a complaint")])
        await desk.begin()
        await desk.ask()
        (entry,) = await desk.decided()
        assert entry.event == RobotHandedOff(turn=1, reason="a complaint")
        assert (await house.session(S1)).phase is Phase.QUEUED
        assert await desk.is_closed()


@pytest.mark.parametrize(("hands_off", "phase"), [(True, Phase.QUEUED), (False, Phase.ROBOT)])
async def test_a_robot_that_fails_leaves_it_to_people_where_the_channel_says_so(
    tmp_path: Path, hands_off: bool, phase: Phase
) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [Fail(reason="out of order", temporary=True)])
        house.ruled = lambda policy: replace(policy, robot=RobotPolicy(name="rita", hand_off_on_failure=hands_off))
        await desk.begin()
        await desk.ask()
        (entry,) = await desk.decided()
        assert entry.event == RobotHandedOff(turn=1, reason="out of order", failed=True)
        session = await house.session(S1)
        assert (session.phase, session.robot_asked_since) == (phase, None)
        assert await desk.is_closed()


@pytest.mark.parametrize(
    "session",
    [
        replace(ASKED, robot_turn=2),
        replace(ASKED, robot_asked_since=None),
        replace(ASKED, phase=Phase.QUEUED),
        replace(ASKED, phase=Phase.ENDED),
        replace(ASKED, id=SessionId("another")),
    ],
    ids=["asked something newer", "answered", "with people", "over", "not there"],
)
async def test_a_question_that_is_void_is_not_asked_and_closed(tmp_path: Path, session: Session) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin(session)
        await desk.ask()
        assert desk.robot.asked == []
        assert await desk.decided() == []
        assert await desk.is_closed()


@pytest.mark.parametrize("passed", [30.0, 3600.0])
async def test_where_no_time_is_left_the_robot_is_not_asked_and_people_take_over(tmp_path: Path, passed: float) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        house.clock.passed = passed
        await desk.ask()
        (entry,) = await desk.decided()
        assert isinstance(entry.event, RobotHandedOff)
        assert entry.event.failed
        assert "no time" in entry.event.reason
        assert desk.robot.asked == []
        assert (await house.session(S1)).phase is Phase.QUEUED


async def test_where_the_channel_has_no_robot_any_more_people_take_over(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        house.ruled = lambda policy: policy
        await desk.ask()
        assert desk.robot.asked == []
        assert (await house.session(S1)).phase is Phase.QUEUED
        assert await desk.is_closed()


async def test_the_dialogue_says_who_said_what_in_order_and_nothing_that_was_not_said_in_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        await desk.arrive("m2", "We received it.", incoming=False, mail_class="automatic_reply")
        await desk.arrive("m3", "Which number has it?", incoming=False, mail_class="robot_answer")
        await desk.arrive("m4", "I am away.", outcome=Outcome.AUTOMATIC_FILED)
        quote = "On Mon, 2 Mar 2026 at 10:00, Acme Help <help@acme.example> wrote:\n> Which number has it?\n"
        await desk.arrive("m5", f"It is 4711.\n\n{quote}")
        await desk.arrive("m6", "A colleague looks.", incoming=False, mail_class="reply")
        await desk.arrive("m7", "Wo ist denn nun mein Paket, und wann wird es bei mir sein?")
        await desk.ask()
        (question,) = desk.robot.asked
        assert [(turn.speaker, turn.text.strip()) for turn in question.dialogue] == [
            (Speaker.CUSTOMER, "Where is my parcel?"),
            (Speaker.ROBOT, "Which number has it?"),
            (Speaker.CUSTOMER, "It is 4711."),
            (Speaker.AGENT, "A colleague looks."),
            (Speaker.CUSTOMER, "Wo ist denn nun mein Paket, und wann wird es bei mir sein?"),
        ]
        assert question.language == "de"


async def test_of_a_long_dialogue_the_newest_mails_are_shown(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        for number in range(MOST_MAILS):
            await desk.arrive(f"n{number}", f"Text {number}")
        await desk.ask()
        (question,) = desk.robot.asked
        assert [turn.text.strip() for turn in question.dialogue] == [f"Text {n}" for n in range(MOST_MAILS)]


async def test_a_dialogue_that_cannot_be_read_is_left_to_people(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()
        desk.mails.texts.clear()
        await desk.ask()
        (entry,) = await desk.decided()
        assert isinstance(entry.event, RobotHandedOff)
        assert "its bytes are gone" in entry.event.reason
        assert desk.robot.asked == []
        assert (await house.session(S1)).phase is Phase.QUEUED


async def test_an_answer_to_what_the_customer_has_asked_anew_meanwhile_is_a_note(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER])
        await desk.begin()

        async def write_again() -> None:
            newer = replace(ASKED, robot_turn=2, robot_asked_since=NINE + timedelta(seconds=5))
            await house.write(lambda tx: tx.sessions.save(newer))

        desk.roster.meanwhile = write_again
        await desk.ask()
        (entry,) = await desk.decided()
        assert KeepRobotNote(turn=1, text="It is on its way.") in entry.effects
        assert not [one for one in entry.effects if isinstance(one, SendRobotAnswer)]
        session = await house.session(S1)
        assert (session.robot_answered, session.robot_asked_since) == (False, NINE + timedelta(seconds=5))
        assert await desk.is_closed()


@pytest.mark.parametrize(
    ("fails_at", "times"), [("robot_asked_pre", 1), ("robot_commit_pre", 2), ("robot_commit_post", 1)]
)
async def test_a_crash_anywhere_leaves_one_answer_and_whoever_is_asked_again_is_asked_the_same(
    tmp_path: Path, fails_at: str, times: int
) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [ANSWER, RobotAnswer(text="Something else.")])
        await desk.begin()
        desk.failpoint.fails_at = fails_at
        with pytest.raises(FailpointReached):
            await desk.ask()
        await desk.ask()
        assert [question.id for question in desk.robot.asked] == ["s1.1"] * times
        assert len(await desk.decided()) == 1
        assert await desk.is_closed()


async def test_what_is_no_question_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        desk = Desk(house, [])
        with pytest.raises(PermanentError, match="SendReply is no question"):
            await desk.ask(replace(ROW, effect=SendReply(reply="r1")))
