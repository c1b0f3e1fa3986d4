"""A kill between a file's coming and its sending: what was promised is there, what was not is swept."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from postroom.mail.parse import attachment_bytes, parse
from tests.journeys.process import AgentClient, wait_for
from tests.journeys.world import World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

LAMP = bytes(range(256)) * 1_000


def files(here: World) -> list[str]:
    return sorted(one.name for one in (here.config / "var" / "uploads").iterdir())


def accepted(agent: AgentClient) -> dict[str, str]:
    """The one session of this world, the agent's."""
    agent.ready()
    (item,) = wait_for(lambda: [*agent.work()["offers"], *agent.work()["assigned"]], "an offer")
    if item["phase"] == "offered":
        agent.post(f"/sessions/{item['session']}/accept", {"token": item["token"]}).raise_for_status()
    return {"session": item["session"], "token": item["token"]}


def reply(agent: AgentClient, item: dict[str, str], upload: str) -> httpx.Response:
    body = {"token": item["token"], "text": "Look.", "attachments": [{"name": "lamp.bin", "upload": upload}]}
    return agent.post(f"/sessions/{item['session']}/replies", body, key="the-one-answer")


def check_sent(here: World) -> None:
    """The sink got one mail, with the file as it was brought."""
    (mail,) = wait_for(here.sink.mails, "the reply to arrive")
    (file,) = parse(mail.raw).attachments
    assert (file.name, attachment_bytes(mail.raw, file.index)) == ("lamp.bin", LAMP)


@pytest.mark.parametrize(("place", "kept"), [("upload_commit_pre", 0), ("upload_commit_post", 1)])
def test_a_kill_while_a_file_is_brought_leaves_nothing_that_is_not_promised(
    tmp_path: Path, place: str, kept: int
) -> None:
    with world(tmp_path) as here:
        here.deliver(1)
        with here.process(f"{place}:kill:1") as process, AgentClient(here.http, "anna") as agent:
            with pytest.raises(httpx.HTTPError):
                agent.bring(LAMP)
            process.wait_killed(place)
        assert len(files(here)) == 1
        with here.process(), AgentClient(here.http, "anna") as agent:
            wait_for(lambda: len(files(here)) == kept, "the sweep at start")
            assert reply(agent, accepted(agent), agent.bring(LAMP)).status_code == 201
            check_sent(here)


def test_a_file_that_was_brought_outlives_a_kill_while_it_is_sent(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.deliver(1)
        with here.process("reply_accept_commit_pre:kill:1") as process, AgentClient(here.http, "anna") as agent:
            item, upload = accepted(agent), agent.bring(LAMP)
            with pytest.raises(httpx.HTTPError):
                reply(agent, item, upload)
            process.wait_killed("reply_accept_commit_pre")
        with here.process(), AgentClient(here.http, "anna") as agent:
            assert reply(agent, item, upload).status_code == 201
            check_sent(here)
        assert files(here) == [upload]
