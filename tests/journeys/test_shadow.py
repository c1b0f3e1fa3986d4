"""A channel in shadow on a live mailbox: everything is decided, and nobody outside ever notices."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.changing import Settings, gauge, wait_generation
from tests.journeys.process import AgentClient, wait_for
from tests.journeys.test_pauses import deliver_fresh
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

RULES = "    mode: shadow\n    auto_reply: {working: Thank you.}\n    no_customer_reply: {enabled: false}\n"


def rows(here: World, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{here.config}/var/postroom.db?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def test_mail_stays_sessions_and_traces_are_there_and_nothing_is_sent_or_offered(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        settings = Settings(here.config)
        settings.change(("queues:", f"{RULES}queues:"))
        for number in range(3):
            deliver_fresh(here, f"tok-{number}")
        with here.process() as process, AgentClient(here.http, "anna") as agent:
            agent.ready()
            wait_for(lambda: here.oracle.settled() == 3, "the mails to be taken in")
            polls = 'gateway_poll_seconds_count{gateway="inbox",tenant="acme"}'
            seen = gauge(process, polls) or 0
            wait_for(lambda: (gauge(process, polls) or 0) > seen + 2, "more polls")
            assert len(here.box.mails(BOX)) == 3
            assert rows(here, "SELECT phase, is_shadow, count(*) FROM sessions GROUP BY phase") == [("queued", 1, 3)]
            traces = [json.loads(trace) for (trace,) in rows(here, "SELECT trace FROM mails")]
            assert all("shadow" in trace[-1]["evidence"] for trace in traces), traces
            assert (agent.work()["offers"], here.sink.mails(), rows(here, "SELECT id FROM outbox")) == ([], [], [])

            settings.change(("    mode: shadow\n", ""))
            wait_generation(process, 2)
            deliver_fresh(here, "tok-live")
            offer = wait_for(lambda: agent.work()["offers"], "the new mail to be offered")
            assert len(offer) == 1
            (session,) = rows(here, f"SELECT is_shadow FROM sessions WHERE id = '{offer[0]['session']}'")
            assert session == (0,)
            (arrived,) = wait_for(here.sink.mails, "its automatic reply")
            assert b"tok-live@customer.example" in arrived.raw
            assert rows(here, "SELECT count(*) FROM sessions WHERE phase = 'queued' AND is_shadow = 1") == [(3,)]
            (said,) = settings.logged("shadow_ended")
            assert (said["channel"], said["sessions"]) == ("acme/support", 3)
