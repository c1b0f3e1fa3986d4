"""From `postroom init` to the first answered mail, as the README says it: one POP3 mailbox, one SMTP account."""

from __future__ import annotations

import re
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest

from tests.journeys.process import running, wait_for
from tests.journeys.test_faults import postroom
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.ports import free_port
from tests.support.smtp_sink import start_smtp_sink

pytestmark = [pytest.mark.server, pytest.mark.journey]

QUESTION = b"""\
From: Grace Miller <grace@customer.example>\r
To: support@example.com\r
Subject: Where is my order?\r
Message-ID: <first@customer.example>\r
\r
It has not arrived.\r
"""


def fill_in(folder: Path, box: Dovecot, smtp: int, http: int, ops: int) -> None:
    """What a person writes into the starter configuration: his servers, his account, his passwords."""
    tenant = folder / "tenants" / "main.yaml"
    user, password = box.login(0)
    text = tenant.read_text()
    text = text.replace("host: pop.example.com", f"host: 127.0.0.1\n    port: {box.pop3}\n    allow_plaintext: true")
    text = text.replace("host: smtp.example.com", f"host: 127.0.0.1\n    port: {smtp}\n    allow_plaintext: true")
    text = re.sub(r"security: tls .*", "security: none", text)
    text = text.replace("user: support@example.com", f"user: {user}", 1).replace("poll_every: 30s", "poll_every: 1s")
    text = text.replace("    user: support@example.com\n    password: file:secrets/smtp-password", "    auth: none")
    tenant.write_text(text)
    (folder / "secrets" / "pop3-password").write_text(password + "\n")
    process = folder / "postroom.yaml"
    ports = process.read_text().replace("127.0.0.1:8025", f"127.0.0.1:{http}").replace(":9025", f":{ops}")
    process.write_text(ports)


def test_a_new_user_comes_from_init_to_the_first_answered_mail(tmp_path: Path) -> None:
    folder, http, ops = tmp_path / "mine", free_port(), free_port()
    written = postroom("init", str(folder))
    assert written.returncode == 0, written.stderr
    token = re.search(r"hash only:\s+(\S+)", written.stdout)
    assert token is not None
    assert postroom("check", "--config", str(folder)).returncode == 0, "the starter passes as written"
    with running_dovecot() as box:
        sink = start_smtp_sink()
        fill_in(folder, box, sink.port, http, ops)
        checked = postroom("check", "--config", str(folder), "--connect")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert checked.stdout.count("connection_succeeded") == 2
        box.deliver(0, QUESTION)
        door, headers = f"http://127.0.0.1:{http}/api/v1/main", {"Authorization": f"Bearer {token[1]}"}
        with (
            running(folder, ops),
            httpx.Client(base_url=door, headers=headers) as agent,
        ):
            agent.put("/me/state", json={"state": "ready"}).raise_for_status()
            offers = wait_for(lambda: agent.get("/work").json()["offers"], "the first offer")
            session, body = offers[0]["session"], {"token": offers[0]["token"]}
            agent.post(f"/sessions/{session}/accept", json=body).raise_for_status()
            answer = {**body, "text": "It is on its way."}
            key = {"Idempotency-Key": "first"}
            assert agent.post(f"/sessions/{session}/replies", json=answer, headers=key).status_code == 201
            arrived = wait_for(sink.mails, "the answer")[0]
            agent.post(f"/sessions/{session}/end", json=body).raise_for_status()
        sink.stop()
    reply = message_from_bytes(arrived.raw)
    assert arrived.recipients == ("grace@customer.example",)
    assert (reply["Subject"], reply["In-Reply-To"]) == ("Re: Where is my order?", "<first@customer.example>")
    assert "<first@customer.example>" in reply["References"]
