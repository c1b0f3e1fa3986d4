"""SIGKILL at every named place, restart, and the independent ledger: lost 0, doubled 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.process import AgentClient, wait_for
from tests.journeys.world import BOX, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

LARGE = "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 1500
"""A body that makes a mail large enough for a spool on disk and a blob of its own."""

INTAKE_PLACES = (
    "login_ok",
    "uidl_read",
    "retr_start",
    "retr_mid",
    "retr_end",
    "spool_written",
    "spool_fsynced",
    "spool_renamed",
    "ledger_commit_pre",
    "ledger_commit_post",
    "parse_start",
    "parse_mid",
    "route_commit_pre",
    "route_commit_post",
    "dele_pre",
    "dele_post",
    "quit_post",
)
REPLY_PLACES = (
    "reply_accept_commit_pre",
    "reply_accept_commit_post",
    "rcpt_ok",
    "data_mid",
    "dot_sent",
    "got_250",
    "reply_commit_post",
)


@pytest.mark.parametrize("place", INTAKE_PLACES)
def test_a_kill_while_collecting_loses_and_doubles_nothing(tmp_path: Path, place: str) -> None:
    with world(tmp_path) as here:
        here.deliver(3)
        here.deliver(3, LARGE)
        with here.process(f"{place}:kill:1") as process:
            process.wait_killed(place)
        here.oracle.check_mails(here.box.mails(BOX))
        with here.process():
            here.wait_until_collected()
        here.oracle.check_mails()
        here.oracle.check_quiet()


@pytest.mark.parametrize("place", REPLY_PLACES)
def test_a_kill_while_replying_loses_no_reply_and_doubles_only_what_is_shown_as_unknown(
    tmp_path: Path, place: str
) -> None:
    with world(tmp_path) as here:
        here.deliver(1)
        with here.process(f"{place}:kill:1") as process:
            answer_one(here.http)
            process.wait_killed(place)
        with here.process():
            answer_one(here.http)
            wait_for(here.sink.mails, "the reply to arrive")
            wait_for(here.oracle.is_quiet, "the outbox to be empty")
        here.oracle.check_mails()
        here.oracle.check_quiet()
        here.oracle.check_replies(1, [mail.raw for mail in here.sink.mails()])


def test_a_kill_while_a_timer_fires_lets_it_fire_once(tmp_path: Path) -> None:
    with world(tmp_path, offer_for="1s") as here:
        here.deliver(1)
        with here.process("timer_fired_pre_commit:kill:1") as process, AgentClient(here.http, "anna") as agent:
            agent.ready()
            process.wait_killed("timer_fired_pre_commit")
        assert here.oracle.journal_count("offer_expired") == 0
        with here.process():
            wait_for(lambda: here.oracle.journal_count("offer_expired"), "the late timer to fire")
        here.oracle.check_mails()
        here.oracle.check_quiet()


def answer_one(http: int) -> None:
    """Go ready, accept what is offered and answer it, with one Idempotency-Key for ever; a dying server ends it."""
    with AgentClient(http, "anna") as agent:
        try:
            agent.ready()
            item = wait_for(lambda: _item(agent), "an offer or an assigned session")
            if item["phase"] == "offered":
                agent.post(f"/sessions/{item['session']}/accept", {"token": item["token"]}).raise_for_status()
            body = {"token": item["token"], "text": "Here is your answer."}
            agent.post(f"/sessions/{item['session']}/replies", body, key="the-one-answer").raise_for_status()
        except httpx.HTTPError:
            return


def _item(agent: AgentClient) -> dict[str, Any] | None:
    work = agent.work()
    items = [*work["offers"], *work["assigned"], *work["awaiting"]]
    return items[0] if items else None
