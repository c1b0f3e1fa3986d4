"""An operator holds back and lets go, on the real process: at once, over restarts, and nothing is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.changing import Settings, gauge, wait_generation
from tests.journeys.process import AgentClient, Process, wait_for
from tests.journeys.test_operator import asked, ran
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

POLLED = 'gateway_poll_seconds_count{gateway="inbox",tenant="acme"}'


def paused(here: World) -> list[tuple[str, str, str]]:
    return [(one["what"], one["tenant"], one["by"]) for one in asked(here, "pause")["paused"]]


def deliver_fresh(here: World, token: str) -> None:
    """A mail that came just now, as automatic replies want it."""
    now = format_datetime(datetime.now(UTC))
    raw = re.sub(rb"; Mon, 02 Mar 2026 [^\r]*", f"; {now}".encode(), here.oracle.mail(token))
    here.box.deliver(BOX, raw)


def answer(here: World, agent: AgentClient) -> None:
    """Accept the next offer and answer it."""
    offer: dict[str, Any] = wait_for(lambda: agent.work()["offers"], "an offer")[0]
    agent.post(f"/sessions/{offer['session']}/accept", {"token": offer["token"]}).raise_for_status()
    body = {"token": offer["token"], "text": "Here is your answer."}
    agent.post(f"/sessions/{offer['session']}/replies", body, key=offer["session"]).raise_for_status()


def still(process: Process, name: str, what: str) -> None:
    """Wait until a number stays what it is over a few polls."""
    last: list[float | None] = []

    def stays() -> bool:
        last.append(gauge(process, name))
        return len(last) > 30 and len(set(last[-30:])) == 1

    wait_for(stays, what)


def test_while_intake_is_paused_mail_waits_on_the_server_also_after_a_restart(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        with here.process() as process:
            here.deliver(1)
            here.wait_until_collected()
            asked(here, "pause", "intake", "--tenant", "acme")
            here.deliver(2)
            still(process, POLLED, "no more polls")
            assert len(here.box.mails(BOX)) == 2
            wait_for(lambda: gauge(process, 'paused{tenant="acme",what="intake"}') == 1, "the gauge")
            listed = {one["name"]: one["paused"] for one in asked(here, "gateways", "list")["gateways"]}
            assert listed == {"inbox": True, "outbox": False}
        with here.process() as process:
            still(process, POLLED, "no polls at all")
            assert paused(here) == [("intake", "acme", "operator")]
            asked(here, "resume", "intake")
            here.wait_until_collected()
            here.oracle.check_mails()
            assert paused(here) == []


def test_while_sending_is_paused_replies_wait_and_then_leave_once(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.deliver(3)
        with here.process() as process, AgentClient(here.http, "anna") as agent:
            asked(here, "pause", "sending")
            agent.ready()
            for _ in range(3):
                answer(here, agent)
            wait_for(lambda: gauge(process, "outbox_pending") == 3, "three replies to wait")
            commits = gauge(process, "store_commit_seconds_count")
            assert here.sink.mails() == []
        with here.process() as process:
            assert paused(here) == [("sending", "", "operator")]
            still(process, "outbox_pending", "the replies to wait")
            assert (gauge(process, "outbox_pending"), here.sink.mails(), commits is not None) == (3, [], True)
            refused = ran(here, "resume", "sending", "--tenant", "acme")
            assert (refused.returncode, "paused for every tenant" in refused.stderr) == (1, True)
            asked(here, "resume", "sending")
            wait_for(lambda: len(here.sink.mails()) == 3, "the replies to arrive")
            wait_for(here.oracle.is_quiet, "the outbox to be empty")
        here.oracle.check_replies(3, [mail.raw for mail in here.sink.mails()])


def test_a_tenant_whose_settings_hold_its_sending_sends_nothing_until_they_say_so(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        settings, texts = Settings(here.config), "    auto_reply: {working: Thank you.}\n"
        settings.change(("gateways:", "sending: hold\ngateways:"), ("queues:", f"{texts}queues:"))
        deliver_fresh(here, "tok-x")
        with here.process() as process, AgentClient(here.http, "anna") as agent:
            agent.ready()
            answer(here, agent)
            assert paused(here) == [("sending", "acme", "settings")]
            suppressed = 'auto_replies_total{channel="support",outcome="suppressed",reason="paused",tenant="acme"}'
            wait_for(lambda: gauge(process, suppressed) == 1, "the automatic reply to be suppressed")
            still(process, "outbox_pending", "the reply to wait")
            assert here.sink.mails() == []
            settings.change(("sending: hold", "sending: on"))
            wait_generation(process, 2)
            wait_for(lambda: len(here.sink.mails()) == 1, "the reply to arrive")
            deliver_fresh(here, "tok-y")
            wait_for(lambda: len(here.sink.mails()) == 2, "the next automatic reply")


def test_while_automatic_mail_is_paused_agents_go_on(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        Settings(here.config).change(("queues:", "    auto_reply: {working: Thank you.}\nqueues:"))
        with here.process(), AgentClient(here.http, "anna") as agent:
            asked(here, "pause", "automatic")
            deliver_fresh(here, "tok-v")
            agent.ready()
            answer(here, agent)
            (arrived,) = wait_for(here.sink.mails, "the agent's reply")
            assert b"Here is your answer." in arrived.raw
            asked(here, "resume", "automatic")
            deliver_fresh(here, "tok-w")
            wait_for(lambda: len(here.sink.mails()) == 2, "an automatic reply")
