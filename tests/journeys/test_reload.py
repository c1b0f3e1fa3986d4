"""The configuration changes while the real process works: as a whole or not at all, and no mail is lost (P27)."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.changing import Settings, gauge, wait_generation
from tests.journeys.process import AgentClient, wait_for
from tests.journeys.world import BOX, World, world
from tests.support.dovecot import Dovecot

pytestmark = [pytest.mark.server, pytest.mark.journey]

SECOND = """\
  - kind: pop3
    name: second
    host: 127.0.0.1
    port: {pop3}
    security: none
    allow_plaintext: true
    user: u1@cc.example
    password: file:second-password
    poll_every: 1s
    own_addresses: [sales@cc.example]
"""
SALES = """\
  - name: sales
    receiving_gateway: second
    sending_gateway: outbox
    skill_queue: first_line
"""
SECOND_UP = 'gateway_up{gateway="second",tenant="acme"}'


def rows(here: World, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{here.config}/var/postroom.db?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def with_second(here: World, password: str) -> Settings:
    """The settings with a second box and a channel for it, and its password in a file."""
    settings = Settings(here.config)
    (here.config / "second-password").write_text(password)
    settings.change(
        ("  - kind: smtp", SECOND.format(pop3=here.box.pop3) + "  - kind: smtp"), ("queues:", f"{SALES}queues:")
    )
    return settings


def to_sales(box: Dovecot, here: World, token: str) -> None:
    box.deliver(1, here.oracle.mail(token).replace(b"To: support@", b"To: sales@"))


def test_changes_under_load_come_in_force_one_by_one_and_faulty_ones_not_at_all(tmp_path: Path) -> None:
    with world(tmp_path) as here, here.process() as process:
        settings = Settings(here.config)
        here.deliver(5)
        for number, seconds in ((2, 61), (4, 62)):
            settings.change((f"offer_for: {seconds - 1}s", f"offer_for: {seconds}s"))
            here.deliver(5)
            wait_generation(process, number)
            sound = settings.file.read_text()
            for fault, words in ((": [", "acme.yaml"), ("\nunheard_of: 1\n", "there is no such key")):
                refused = len(settings.logged("settings_refused"))
                settings.write(sound + fault)
                here.deliver(2)
                found = settings.wait_refused(refused + 1)
                assert words in str(found["problems"])
            assert gauge(process, "config_refused") == 1
            settings.write(sound)
            wait_generation(process, number + 1)
            assert gauge(process, "config_refused") == 0
        here.wait_until_collected()
        here.oracle.check_mails()
        here.oracle.check_quiet()
        assert gauge(process, "config_reload_failures_total") == 4


def test_a_file_written_in_two_halves_is_read_once_it_is_whole(tmp_path: Path) -> None:
    with world(tmp_path) as here, here.process() as process:
        settings = Settings(here.config)
        text = settings.file.read_text().replace("offer_for: 60s", "offer_for: 61s")
        half = text.index("agents:")
        with settings.file.open("w") as file:
            for part in (text[: half // 2], text[half // 2 : half], text[half:]):
                file.write(part)
                file.flush()
                time.sleep(0.4)
        wait_generation(process, 2)
        assert settings.logged("settings_refused") == []


def test_a_channel_with_open_sessions_is_not_removed_but_retired_and_then_takes_no_new_mail(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        settings = with_second(here, "pw1")
        with here.process() as process:
            to_sales(here.box, here, "tok-a")
            wait_for(lambda: here.oracle.settled() == 1, "the mail to be taken in")
            without = settings.file.read_text().replace(SALES, "")
            settings.write(without)
            found = settings.wait_refused()["problems"]
            assert "channel 'sales' is gone, and 1 open session uses it: write `retired: true`" in found[0]
            settings.write(without.replace("queues:", f"{SALES}    retired: true\nqueues:", 1))
            wait_generation(process, 2)
            to_sales(here.box, here, "tok-b")
            wait_for(lambda: here.oracle.settled() == 2, "the second mail to be taken in")
            assert rows(here, "SELECT outcome, count(*) FROM receipts GROUP BY outcome ORDER BY outcome") == [
                ("conversation", 1),
                ("unrouted", 1),
            ]
            with AgentClient(here.http, "anna") as agent:
                agent.ready()
                offer = wait_for(lambda: agent.work()["offers"], "the retired channel's session to be offered")[0]
                agent.post(f"/sessions/{offer['session']}/accept", {"token": offer["token"]}).raise_for_status()
                agent.post(f"/sessions/{offer['session']}/end", {"token": offer["token"]}).raise_for_status()
            settings.write(without)
            wait_generation(process, 3)


def test_a_start_without_what_open_sessions_use_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        settings = with_second(here, "pw1")
        with here.process():
            to_sales(here.box, here, "tok-a")
            wait_for(lambda: here.oracle.settled() == 1, "the mail to be taken in")
        settings.write(settings.file.read_text().replace(SALES, ""))
        with here.process():
            wait_for(lambda: bool(settings.logged("settings_miss_what_is_in_use")), "what is missing to be said")
            (told,) = settings.logged("settings_miss_what_is_in_use")
            assert "channel 'sales' is gone, and 1 open session uses it" in told["problem"]


def test_a_new_gateway_is_polled_at_once_and_a_removed_one_no_more(tmp_path: Path) -> None:
    with world(tmp_path) as here, here.process() as process:
        before = Settings(here.config).file.read_text()
        to_sales(here.box, here, "tok-a")
        settings = with_second(here, "pw1")
        wait_for(lambda: not here.box.mails(1), "the new box to be emptied")
        assert gauge(process, SECOND_UP) == 1
        with AgentClient(here.http, "anna") as agent:
            agent.ready()
            offer = wait_for(lambda: agent.work()["offers"], "an offer")[0]
            agent.post(f"/sessions/{offer['session']}/accept", {"token": offer["token"]}).raise_for_status()
            agent.post(f"/sessions/{offer['session']}/end", {"token": offer["token"]}).raise_for_status()
        settings.write(before)
        wait_generation(process, 3)
        wait_for(lambda: gauge(process, SECOND_UP) is None, "the gateway to be shown no more")
        to_sales(here.box, here, "tok-b")
        here.deliver(1)
        wait_for(lambda: here.oracle.settled() == 2, "the other box to go on")
        assert len(here.box.mails(1)) == 1
        here.oracle.check_mails(here.box.mails(1))


def test_a_corrected_password_is_tried_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        with_second(here, "wrong")
        to_sales(here.box, here, "tok-a")
        with here.process() as process:
            refused = 'gateway_status{gateway="second",status="auth_failed",tenant="acme"}'
            wait_for(lambda: gauge(process, refused) == 1, "the password to be refused")
            (here.config / "second-password").write_text("pw1")
            wait_for(lambda: gauge(process, SECOND_UP) == 1, "the new password to be tried")
            wait_for(lambda: not here.box.mails(1), "the box to be emptied")
            here.oracle.check_mails()


def test_a_kill_in_the_middle_of_a_reload_loses_nothing_and_the_next_start_goes_on_by_the_new_settings(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as here:
        settings, timers = (
            Settings(here.config),
            "SELECT kind, due_at - started_at FROM timers WHERE kind = 'agent_silence'",
        )
        here.deliver(3)
        with here.process("reload_swapped:kill:1") as process:
            wait_for(lambda: here.oracle.settled() == 3, "the mails to be taken in")
            with AgentClient(here.http, "anna") as agent:
                agent.ready()
                offer = wait_for(lambda: agent.work()["offers"], "an offer")[0]
                agent.post(f"/sessions/{offer['session']}/accept", {"token": offer["token"]}).raise_for_status()
            assert rows(here, timers) == []
            rule = "    no_agent_reply: {enabled: true, transfer_after: 90m}\n"
            settings.change(("queues:", f"{rule}queues:"))
            here.deliver(3)
            process.wait_killed("reload_swapped")
        here.oracle.check_mails(here.box.mails(BOX))
        with here.process():
            wait_for(
                lambda: [length for _, length in rows(here, timers)] == [90 * 60 * 1_000_000],
                "the timer of the new rule",
            )
            here.wait_until_collected()
        here.oracle.check_mails()
