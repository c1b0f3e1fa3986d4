"""Servers that are wrong as only a script can be, around the real process: said in words, and nothing lost."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.config import Written, write_configuration
from tests.journeys.oracle import Oracle
from tests.journeys.process import Process, log_of, running, wait_for
from tests.support.certificates import Authority
from tests.support.pop3_script import Act, Answer, ScriptedServer, Turns, on_the_wire
from tests.support.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.journey]


class Place:
    """A configuration that collects from a scripted server, and the oracle of what was put into it."""

    def __init__(self, folder: Path, server: ScriptedServer, extra: str = "") -> None:
        self.config, self._ops = folder / "config", free_port()
        written = Written(inbox=extra)
        write_configuration(self.config, written, pop3=server.port, smtp=free_port(), http=free_port(), ops=self._ops)
        self.oracle = Oracle(self.config / "var" / "postroom.db")
        self.server = server

    def use_tls(self, host: str, authority: Authority) -> None:
        """Let the gateway trust this authority, and nothing without it."""
        (self.config / "authority.cer").write_bytes(authority.der)
        path = self.config / "tenants" / "acme.yaml"
        secured = "security: tls\n    certificate: private"
        text = path.read_text().replace("security: none\n    allow_plaintext: true", secured, 1)
        known = "certificates:\n  - {name: private, file: authority.cer, trust: only}\n"
        path.write_text(known + text.replace("host: 127.0.0.1", f"host: {host}", 1))

    def log(self) -> str:
        return log_of(self.config).read_text()

    async def live(self, journey: Callable[[Process], None]) -> None:
        """Run the journey in a thread, for the server is on this loop."""

        def whole() -> None:
            with running(self.config, self._ops) as process:
                journey(process)
                assert process.stop() == 0

        await asyncio.to_thread(whole)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        database = f"file:{self.config}/var/postroom.db?mode=ro"
        with closing(sqlite3.connect(database, uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()


def has_status(process: Process, status: str) -> bool:
    return f'postroom_gateway_status{{gateway="inbox",status="{status}",tenant="acme"}} 1.0' in process.metrics()


def polls(process: Process) -> int:
    found = re.search(r"postroom_gateway_poll_seconds_count{.*} (\d+)", process.metrics())
    return int(float(found[1])) if found else 0


@pytest.mark.parametrize(
    ("names", "is_expired", "is_known", "words"),
    [
        (("localhost",), True, True, "has expired: its owner has to renew it"),
        (("mail.elsewhere.example",), False, True, "the certificate is not for localhost"),
        (("localhost",), False, False, "authority unknown here"),
    ],
    ids=["expired", "of another host", "of an unknown authority"],
)
async def test_a_certificate_that_is_wrong_is_named_and_no_password_is_shown_to_its_owner(
    tmp_path: Path, names: tuple[str, ...], is_expired: bool, is_known: bool, words: str
) -> None:
    authority = Authority()
    context = authority.server_context(*names, expired=is_expired)
    async with ScriptedServer(context=context, implicit_tls=True).serving() as server:
        here = Place(tmp_path, server)
        here.use_tls("localhost", authority if is_known else Authority())
        server.mails = [here.oracle.mail("tok0")]

        def journey(process: Process) -> None:
            wait_for(lambda: has_status(process, "connection_failed"), "the status")
            wait_for(lambda: words in here.log(), f"the words {words!r}")

        await here.live(journey)
        assert server.received == []
        here.oracle.check_mails(server.mails)


async def test_a_good_certificate_of_a_private_authority_lets_the_mail_through(tmp_path: Path) -> None:
    authority = Authority()
    context = authority.server_context("localhost")
    async with ScriptedServer(context=context, implicit_tls=True).serving() as server:
        here = Place(tmp_path, server)
        here.use_tls("localhost", authority)
        server.mails = [here.oracle.mail("tok0")]
        await here.live(lambda _: wait_for(lambda: not server.mails, "the mail to be taken in") and None)
        here.oracle.check_mails()


def halves(mail: bytes) -> tuple[Answer, Answer]:
    """Half of a mail and then the end of the connection; and the whole of it."""
    whole = on_the_wire(mail)
    return (whole[: len(whole) // 2], Act.CLOSE), (Act.USUAL,)


async def test_a_server_that_stops_in_the_middle_of_a_mail_gives_it_whole_later_and_once(tmp_path: Path) -> None:
    async with ScriptedServer().serving() as server:
        here = Place(tmp_path, server)
        server.mails = [here.oracle.mail(f"tok{number}") for number in range(3)]
        broken, whole = halves(server.mails[1])
        server.script = {"RETR 2": Turns([broken, whole])}

        def journey(process: Process) -> None:
            wait_for(lambda: has_status(process, "connection_failed"), "the gateway to be down")
            here.oracle.check_mails(list(server.mails))
            wait_for(lambda: not server.mails, "every mail to be taken in")
            wait_for(lambda: has_status(process, "connection_succeeded"), "the gateway to be up again")

        await here.live(journey)
        here.oracle.check_mails()
        here.oracle.check_quiet()
        assert "closed the connection" in here.log()
        assert here.rows("SELECT count(*) FROM receipts") == [(3,)]


async def test_a_refused_password_is_shown_once_and_not_again_and_again(tmp_path: Path) -> None:
    async with ScriptedServer(script={"PASS": (b"-ERR [AUTH] no such user\r\n",)}).serving() as server:
        here = Place(tmp_path, server)
        server.mails = [here.oracle.mail("tok0")]

        def journey(process: Process) -> None:
            wait_for(lambda: has_status(process, "auth_failed"), "the status")
            time.sleep(4)  # four polls, had it gone on

        await here.live(journey)
        assert server.verbs().count(b"PASS") == 1
        assert b"pw0" not in here.log().encode()
        assert "no such user" in here.log()
        here.oracle.check_mails(server.mails)


async def test_of_a_mail_too_large_the_header_is_kept_and_read_once(tmp_path: Path) -> None:
    async with ScriptedServer().serving() as server:
        here = Place(tmp_path, server, extra="    max_message_size: 100kB\n")
        large = here.oracle.mail("large", "x" * 70 + ("\r\n" + "y" * 70) * 2_000)
        server.mails = [large, here.oracle.mail("small")]

        def journey(process: Process) -> None:
            wait_for(lambda: here.oracle.settled() == 2, "both to have their outcome")
            wait_for(lambda: server.mails == [large], "the small one to be deleted, the large one to stay")
            before = polls(process)
            wait_for(lambda: polls(process) >= before + 3, "three more polls")

        await here.live(journey)
        assert server.mails == [large]
        assert [line for line in server.received if line.startswith((b"RETR 1", b"TOP 1"))] == [b"TOP 1 0"]
        ((subject, size, trace),) = here.rows("SELECT subject, size, trace FROM mails WHERE outcome = 'oversize'")
        assert (subject, size) == ("question large", len(large))
        assert "are over the gateway's max_message_size; the mail stays on the server" in bytes.decode(trace)
        ((header,),) = here.rows("SELECT small FROM raws JOIN mails USING (sha256) WHERE outcome = 'oversize'")
        assert isinstance(header, bytes)
        assert header.startswith(large.partition(b"\r\n\r\n")[0])
