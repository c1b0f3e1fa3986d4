"""Machines that answer our automatic replies: with the marks of one it ends at once, without them at the caps (P17)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from postroom.mail.classify import classify
from postroom.mail.identity import Identity
from postroom.mail.message import Message
from postroom.mail.parse import parse
from postroom.ports.records import Reply
from tests.dispatch.house import NINE
from tests.engine.automatic_office import answered
from tests.engine.outgoing import Office, open_office, says
from tests.engine.room import mail

Robot = Callable[[Message, int], bytes]


def strips_everything(reply: Message, number: int) -> bytes:
    """The rudest responder: new id, no thread, no mark that it is a machine; it says what we said."""
    text = f"{reply.text} {number}"
    return mail(text, From="robot@example.com", Message_ID=f"<{number}@robot.example>", Subject=reply.subject)


def keeps_the_thread(reply: Message, number: int) -> bytes:
    """A responder without marks that at least answers in the thread."""
    return mail(
        f"Got it. {number}",
        From="robot@example.com",
        Message_ID=f"<{number}@robot.example>",
        In_Reply_To=f"<{reply.message_id}>",
        References=" ".join(f"<{one}>" for one in (*reply.references, reply.message_id)),
    )


def tags_its_name(reply: Message, number: int) -> bytes:
    """A responder that hangs another tag on its name each time."""
    return mail(f"Hello {number}", From=f"robot+{number}@example.com", Message_ID=f"<{number}@robot.example>")


def is_another_of_us(reply: Message, number: int) -> bytes:
    """A responder with the marks of RFC 3834."""
    return mail(
        f"We have your mail. {number}",
        From="robot@example.com",
        Message_ID=f"<{number}@robot.example>",
        Auto_Submitted="auto-replied",
        Precedence="bulk",
    )


async def quarrel(office: Office, robot: Robot, *, turns: int, pause: float) -> int:
    """Let the robot answer every reply it gets, and write again where it gets none; gives how many it got."""
    last = Message(size=0)
    for number in range(turns):
        stored = await office.room.only(robot(last, number))
        # What another of us sends is filed: there is no session that could decide to answer it.
        reply = await answered(office, stored) if stored.conversation else None
        if isinstance(reply, Reply):
            await office.deliver()
            last = parse(office.gateway.handed[-1].raw)
        office.room.house.clock.passed += pause
    return len(office.gateway.handed)


@pytest.mark.parametrize("robot", [strips_everything, tags_its_name])
async def test_a_robot_without_marks_gets_three_within_ten_minutes(tmp_path: Path, robot: Robot) -> None:
    async with open_office(tmp_path, says(250)) as office:
        assert await quarrel(office, robot, turns=50, pause=10) == 3


@pytest.mark.parametrize("robot", [strips_everything, tags_its_name])
async def test_a_robot_without_marks_gets_ten_a_day(tmp_path: Path, robot: Robot) -> None:
    async with open_office(tmp_path, says(250)) as office:
        assert await quarrel(office, robot, turns=90, pause=900) == 10


async def test_a_robot_that_answers_in_the_thread_gets_one(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        assert await quarrel(office, keeps_the_thread, turns=30, pause=60) == 1


async def test_another_of_us_gets_none(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        assert await quarrel(office, is_another_of_us, turns=10, pause=60) == 0


async def test_what_we_sent_is_answered_by_none_of_our_own_kind(tmp_path: Path) -> None:
    """Two of us face each other: ours reaches the other as an automatic response, which it files."""
    async with open_office(tmp_path, says(250)) as office:
        reply = await answered(office, await office.room.only(strips_everything(Message(size=0), 0)))
        assert isinstance(reply, Reply)
        await office.deliver()
        there = Identity(own_addresses=("robot@example.com",))
        found = classify(parse(office.gateway.handed[0].raw), there, NINE, NINE)
        assert (found.kind.value, found.answerable) == ("automatic_response", False)
