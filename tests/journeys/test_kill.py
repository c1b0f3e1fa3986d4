"""SIGKILL at every named place, restart, and the independent ledger: lost 0, doubled 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.config import write_configuration
from tests.journeys.oracle import Oracle
from tests.journeys.process import AgentClient, Process, free_port, running, wait_for
from tests.support.dovecot import Dovecot, dovecot
from tests.support.smtp_sink import SmtpSink, smtp_sink

pytestmark = [pytest.mark.server, pytest.mark.journey]

BOX = "u0"
MAILS = 6

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


class World:
    """A maildrop, a sink, a configuration, and the oracle that knows what was put in."""

    def __init__(self, folder: Path, box: Dovecot, sink: SmtpSink, offer_for: str = "60s") -> None:
        self.config = folder / "config"
        self.box, self.sink = box, sink
        self.http, self.ops = free_port(), free_port()
        write_configuration(
            self.config, pop3=box.pop3_port, smtp=sink.port, http=self.http, ops=self.ops, offer_for=offer_for
        )
        self.oracle = Oracle(self.config / "var" / "postroom.db")

    def deliver(self, count: int = MAILS, body: str = "Please help.") -> None:
        """Lay that many customers' mails into the box."""
        for _ in range(count):
            self.box.deliver(BOX, self.oracle.mail(f"tok{len(self.oracle.tokens):04d}", body))

    def run(self, failpoint: str = "") -> contextmanager[Process]:  # type: ignore[type-arg]
        """The process, ready or already dead of its failpoint."""
        return running(self.config, self.ops, failpoint)

    def box_is_empty(self) -> bool:
        """Whether the server holds nothing any more."""
        return not self.box.mails(BOX)

    def wait_until_collected(self) -> None:
        """Wait until every injected mail has an outcome and the server forgot it."""
        wait_for(lambda: self.oracle.settled() >= len(self.oracle.tokens), "every mail to have its outcome")
        wait_for(self.box_is_empty, "the server to have deleted every mail")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with dovecot(tmp_path / "dovecot") as box, smtp_sink(tmp_path / "sink") as sink:
        yield World(tmp_path, box, sink)


@pytest.mark.parametrize("place", INTAKE_PLACES)
def test_a_kill_while_collecting_loses_and_doubles_nothing(world: World, place: str) -> None:
    # The place of a large mail's spool is passed only by a large mail.
    world.deliver(body="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 1500)
    with world.run(f"{place}:kill:1") as process:
        wait_for(lambda: process.child.poll() is not None, f"the process to die at {place}")
    world.oracle.check_mails(world.box.mails(BOX))
    with world.run():
        world.wait_until_collected()
    world.oracle.check_mails()
    world.oracle.check_quiet()


@pytest.mark.parametrize("place", REPLY_PLACES)
def test_a_kill_while_replying_loses_no_reply_and_doubles_only_what_is_shown_as_unknown(
    world: World, place: str
) -> None:
    world.deliver(1)
    with world.run(f"{place}:kill:1") as process:
        agent = AgentClient(world.http, "anna")
        _answer_one(agent, expect_death=True)
        wait_for(lambda: process.child.poll() is not None, f"the process to die at {place}")
    with world.run():
        agent = AgentClient(world.http, "anna")
        _answer_one(agent)
        wait_for(lambda: world.sink.mails(), "the reply to arrive")
        wait_for(lambda: _is_quiet(world), "the outbox to be empty")
    world.oracle.check_mails()
    world.oracle.check_replies(1, world.sink.mails())
