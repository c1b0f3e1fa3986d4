"""An operator and a mail that kills its reader: the real process, Dovecot, and the command line beside them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.config import TOKENS
from tests.journeys.process import AgentClient, wait_for
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

POISON = "poisonous"
LONG = "\r\n--" * 20_001 + "\r\n"
"""So many lines that look like boundaries that only the child process may read the mail."""
SABOTAGE = """
import os, sys
if "postroom.engine.child_reader" in getattr(sys, "orig_argv", ()) and os.path.exists(os.environ["JOURNEY_CAUSE"]):
    import resource
    from postroom.mail import parse
    read = parse.parse
    def dies(raw):
        if b"poisonous" in raw:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), 11)
        return read(raw)
    parse.parse = dies
"""
"""What a fault in native code would do: the child that reads such a mail is gone by a signal."""


@pytest.fixture
def cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """While this file is there, no reader survives a poisonous mail."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SABOTAGE)
    there = tmp_path / "cause"
    there.touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("JOURNEY_CAUSE", str(there))
    return there


def ran(here: World, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `postroom` as an operator would in a shell of his own, without the daemon's secrets."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "postroom", *words, "--config", str(here.config)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def asked(here: World, *words: str) -> dict[str, Any]:
    """What a verb that ends well answers to a program."""
    result = ran(here, *words, "--json")
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def quarantined(here: World) -> list[dict[str, Any]]:
    """The mails in quarantine."""
    lines: list[dict[str, Any]] = asked(here, "mail", "quarantine", "list")["mails"]
    return lines


def test_a_mail_no_reader_survives_waits_in_quarantine_and_is_settled_once_the_cause_is_gone(
    tmp_path: Path, cause: Path
) -> None:
    with world(tmp_path) as here:
        here.deliver(1, f"A {POISON} mail.{LONG}")
        here.deliver(2)
        with here.process() as process:
            here.wait_until_collected()
            socket = here.config / "var" / "postroom.sock"
            assert stat.S_IMODE(socket.stat().st_mode) == 0o600
            (line,) = quarantined(here)
            assert line["subject"] == f"question {here.oracle.tokens[0]}"
            assert line["reason"] == "reading it ended the reader by signal 11"
            shown = ran(here, "mail", "quarantine", "show", line["id"])
            assert f"Message-ID: <{here.oracle.tokens[0]}@customer.example>\n" in shown.stdout
            assert POISON not in shown.stdout

            still = ran(here, "mail", "quarantine", "retry", line["id"])
            assert (still.returncode, "stays in quarantine" in still.stderr) == (1, True)
            cause.unlink()
            assert asked(here, "mail", "quarantine", "retry", line["id"])["outcome"] == "conversation"
            again = ran(here, "mail", "quarantine", "retry", line["id"])
            assert (again.returncode, "its outcome is conversation" in again.stderr) == (1, True)
            assert quarantined(here) == []
            assert process.stop() == 0
            assert not socket.exists()
        here.oracle.check_mails()
        here.oracle.check_quiet()


def test_a_released_mail_reaches_an_agent_with_its_bytes_and_kills_nobody(tmp_path: Path, cause: Path) -> None:
    assert cause.exists()
    with world(tmp_path) as here:
        here.deliver(1, f"A {POISON} mail.{LONG}")
        (raw,) = here.box.mails(BOX)
        with here.process(), AgentClient(here.http, "anna") as anna:
            here.wait_until_collected()
            (line,) = quarantined(here)
            saved = tmp_path / "saved.eml"
            assert ran(here, "mail", "quarantine", "show", line["id"], "--raw", str(saved)).returncode == 0
            assert saved.read_bytes() == raw
            released = asked(here, "mail", "quarantine", "release", line["id"])
            assert released["outcome"] == "conversation"
            anna.ready()
            offer = wait_for(lambda: anna.work()["offers"], "the released mail to be offered")[0]
            assert offer["subject"] == f"question {here.oracle.tokens[0]}"
            (mail,) = anna.get("/mails").json()["mails"]
            assert (mail["mail_class"], mail["attachments"]) == ("malformed", 1)
            conversation = anna.get(f"/conversations/{mail['conversation']}").raise_for_status().json()
            (index,) = [file["index"] for one in conversation["mails"] for file in one["attachments"]]
            attached = anna.get(f"/mails/{mail['id']}/attachments/{index}").raise_for_status()
            assert attached.content == raw
        here.oracle.check_quiet()


def test_a_mail_is_in_one_place_whatever_line_of_its_retry_the_process_dies_at(tmp_path: Path, cause: Path) -> None:
    with world(tmp_path) as here:
        here.deliver(1, f"A {POISON} mail.{LONG}")
        with here.process("route_commit_pre:kill:1") as process:
            here.wait_until_collected()
            (line,) = quarantined(here)
            cause.unlink()
            ended = ran(here, "mail", "quarantine", "retry", line["id"])
            process.wait_killed("route_commit_pre")
            assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
        assert (here.config / "var" / "postroom.sock").exists()
        nobody = ran(here, "mail", "quarantine", "list")
        assert (nobody.returncode, "no daemon answers" in nobody.stderr) == (1, True)
        with here.process():
            assert [one["id"] for one in quarantined(here)] == [line["id"]]
            assert asked(here, "mail", "quarantine", "retry", line["id"])["outcome"] == "conversation"
        here.oracle.check_mails()
        here.oracle.check_quiet()


def test_gateways_are_listed_as_the_daemon_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with world(tmp_path) as here, here.process():
        wanted = {"acme/inbox": "connection_succeeded", "acme/outbox": "connection_succeeded"}

        def found() -> dict[str, str]:
            return {f"{one['tenant']}/{one['name']}": one["status"] for one in listed()}

        def listed() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = asked(here, "gateways", "list")["gateways"]
            return rows

        wait_for(lambda: found() == wanted, "both gateways to be well")
        inbox = listed()[0]
        assert (inbox["kind"], inbox["mails_left"], inbox["last_error"]) == ("pop3", 0, "")
        assert inbox["last_success_at"] >= inbox["since"]
        here.sink.stop()
        monkeypatch.setenv("JOURNEY_POP3_PASSWORD", "pw0")
        result = ran(here, "gateways", "test", "outbox")
        assert (result.returncode, "acme/outbox  smtp  connection_failed" in result.stdout) == (1, True)
        assert all(token not in result.stdout + result.stderr for token in TOKENS.values())


def test_a_disconnected_gateway_stays_so_over_a_restart_and_collects_once_it_is_rebuilt(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        with here.process() as process:
            assert asked(here, "gateways", "rebuild", "inbox")["status"] == "connection_succeeded"
            assert asked(here, "gateways", "disconnect", "inbox")["status"] == "disconnected"
            assert process.stop() == 0
        here.deliver(1)
        with here.process() as process:
            wait_for(lambda: _status(here) == "disconnected", "the gateway to be off")
            tried = ran(here, "gateways", "test", "inbox")
            assert tried.returncode == 0, tried.stdout
            assert asked(here, "gateways", "rebuild", "acme/inbox")["status"] == "connection_succeeded"
            here.wait_until_collected()
            assert process.stop() == 0
        here.oracle.check_mails()


def _status(here: World) -> str:
    rows: list[dict[str, Any]] = asked(here, "gateways", "list")["gateways"]
    (status,) = [str(row["status"]) for row in rows if row["name"] == "inbox"]
    return status
