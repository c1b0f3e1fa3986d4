"""The example of a robot in deploy/examples: runs on the standard library alone, and believes only who signs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from postroom.dispatch.robots.http import HttpRobot, signature
from postroom.dispatch.robots.message import encoded
from postroom.dispatch.robots.post import Poster, Target
from postroom.engine.world import SystemClock
from postroom.ports.robots import Fail, HandOff, RobotAnswer
from tests.support.ports import free_port
from tests.support.robots import a_question

SCRIPT = Path(__file__).parents[3] / "deploy" / "examples" / "robot.py"
SECRET = "s3cret-of-the-example"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(SCRIPT),
        str(port),
        env={"POSTROOM_ROBOT_SECRET": SECRET},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            while not await is_listening(port):  # noqa: ASYNC110 a foreign process tells no event
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        await process.communicate()


async def is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_it_answers_what_it_knows_hands_off_the_rest_and_refuses_strangers(url: str) -> None:
    verdicts = []
    for secret, text in ((SECRET, "What are your OPENING HOURS?"), (SECRET, "Where is my lamp?"), ("other", "Hello")):
        robot = HttpRobot(Poster(Target(url=url), SystemClock()), secret, SystemClock())
        verdicts.append(await robot.ask(a_question(text), 10.0))
        await robot.close()
    assert verdicts == [
        RobotAnswer(text="We are open from Monday to Friday, 9 to 17.", confidence=0.9),
        HandOff(reason="only opening hours are known here"),
        Fail(reason="the answer is HTTP 401", temporary=False),
    ]


async def test_a_request_that_was_kept_or_changed_is_refused(url: str) -> None:
    body = encoded(a_question("opening hours"))
    now = str(int(SystemClock().now().timestamp()))
    old = str(int(now) - 3600)
    signed = {"Postroom-Timestamp": now, "Postroom-Signature": signature(SECRET.encode(), now, body)}
    kept = {"Postroom-Timestamp": old, "Postroom-Signature": signature(SECRET.encode(), old, body)}
    async with httpx.AsyncClient(trust_env=False) as client:
        codes = [
            (await client.post(url, content=content, headers=headers)).status_code
            for content, headers in ((body, signed), (body, kept), (body + b" ", signed), (body, {}))
        ]
    assert codes == [200, 401, 401, 401]
