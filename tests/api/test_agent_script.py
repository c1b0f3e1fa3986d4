"""The plain curl client of deploy/examples against a real socket: ready, offer, accept, reply."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.ports.store import Topic
from postroom.routing.agents import AgentState
from postroom.session.state import Phase
from tests.api.door import Door, served
from tests.dispatch.house import token_of

SCRIPT = Path(__file__).parents[2] / "deploy" / "examples" / "agent.sh"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which is not on this machine")


async def run_script(door: Door, url: str, text: str) -> tuple[int, str]:
    environment = os.environ | {"POSTROOM_URL": url, "POSTROOM_TENANT": "acme", "POSTROOM_TOKEN": token_of("anna")}
    script = await asyncio.create_subprocess_exec(
        "sh", str(SCRIPT), text, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        finding = group.create_task(door.house.queues().run())
        output, _ = await script.communicate()
        finding.cancel()
    return script.returncode or 0, output.decode()


async def test_an_agent_with_a_shell_answers_a_customer_who_writes_while_he_waits(tmp_path: Path) -> None:
    text = 'Dear Carla,\n"thank you" \\ we look into it.'
    async with served(tmp_path) as (door, url), asyncio.TaskGroup() as group:
        working = group.create_task(run_script(door, url, text))
        ready = door.house.store.bell(Topic.QUEUES)
        async with asyncio.timeout(30):
            while (await door.house.agent("anna")).state is not AgentState.READY:
                await ready.wait(1)
        session = await door.mail_comes()
        code, output = await working
        assert code == 0, output
        assert "Offered: It broke from carla@example.com" in output
        assert "is accepted." in output
        assert (await door.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
        mails = await door.mails_of(session)
        assert (await door.parts.reader.message(mails[-1].sha256)).text.split() == text.split()


async def test_an_offer_that_stood_already_is_taken(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url):
        session = await door.offered()
        code, output = await run_script(door, url, "We look into it.")
        assert code == 0, output
        assert (await door.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER


async def test_a_wrong_token_ends_the_script_with_its_reason(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url):
        door.house.generation = replace(door.house.generation, tenants=())
        code, output = await run_script(door, url, "hello")
        assert code != 0
        assert "401" in output
