"""Mails that stay on the server: read once, and deleted only when their time is over and they were read once more."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from postroom.engine.world import EnvFailpoint
from postroom.ports.records import RawRef, Receipt
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from tests.journeys.oracle import Oracle
from tests.journeys.process import log_of, wait_for
from tests.journeys.world import BOX, world
from tests.support.clock import VirtualClock
from tests.support.collecting import House, Seen, house, pop3
from tests.support.dovecot import running_dovecot
from tests.support.pop3_script import Act, ScriptedServer

pytestmark = [pytest.mark.server, pytest.mark.journey]

MANY = 50_000


def digest(_: int, mail: bytes) -> bytes:
    return hashlib.sha256(mail).hexdigest()[:32].encode()


def stocked(oracle: Oracle, mails: int) -> ScriptedServer:
    """A sound server with that many mails."""
    return ScriptedServer(
        [oracle.mail(f"tok{number}") for number in range(mails)], name=digest, is_true_to_its_word=True
    )


async def test_ten_polls_with_restarts_between_read_each_mail_once(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = stocked(oracle, 150)
    async with server.serving():
        for _ in range(10):
            async with house(tmp_path, clock) as here:
                await here.polls(here.collector(here.collecting(pop3(server.port), leave=True, batch=40)), 5)
            server.mails.append(oracle.mail(f"tok{len(oracle.tokens)}"))
    assert len(server.mails) == 160
    assert Counter(server.given) == Counter(server.mails[:-1])
    assert b"DELE" not in server.verbs()
    oracle.check_mails(server.mails[-1:])
    oracle.check_quiet()


async def test_the_polls_of_a_huge_box_read_nothing_that_is_known(tmp_path: Path) -> None:
    clock = VirtualClock()
    known = [b"Subject: mail %d\r\n\r\n" % number for number in range(MANY)]
    names = [digest(number, mail) for number, mail in enumerate(known)]
    server = ScriptedServer(list(known), name=lambda number, _: names[number - 1])
    async with house(tmp_path, clock) as here:
        await here.shared.store.write(lambda tx: remember(tx, here, known))
    async with server.serving():
        for _ in range(3):
            async with house(tmp_path, clock) as here:
                seen = Seen()
                await here.polls(here.collector(here.collecting(pop3(server.port), days=30), seen), 2)
                assert seen.backlogs == [0, 0]
    assert server.given == []
    assert server.sessions == 6


def remember(tx: Tx, here: House, known: list[bytes]) -> None:
    """Lay these mails into the ledger as taken in."""
    for number, mail in enumerate(known):
        raw = RawRef(sha256=hashlib.sha256(mail).hexdigest(), size=len(mail), small=mail)
        tx.mails.keep_raw(raw)
        row = Receipt(
            id=f"known-{number:06d}",
            tenant="acme",
            gateway="acme/inbox",
            uid=digest(number, mail).decode(),
            raw=raw,
            listed_size=len(mail),
            first_seen_at=here.clock.now(),
            outcome=Outcome.FILED_BY_RULE,
        )
        tx.ledger.receive(row)


async def test_a_mail_is_read_again_and_deleted_when_its_days_are_over(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = stocked(oracle, 30)
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), days=7, batch=20))
        await here.polls(collector, 3)
        clock.forward(days=3)
        server.mails += [oracle.mail(f"late{number}") for number in range(5)]
        await here.polls(collector, 2)
        clock.forward(days=3, hours=23)
        await here.polls(collector, 2)
        assert (len(server.mails), len(server.given)) == (35, 35)
        clock.forward(hours=1)
        await here.polls(collector, 4)
        assert (len(server.mails), len(server.given)) == (5, 65)
        clock.forward(days=3)
        await here.polls(collector, 2)
        assert (len(server.mails), len(server.given)) == (0, 70)
    oracle.check_mails()
    oracle.check_quiet()


async def test_the_new_are_read_before_those_whose_days_are_over(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = stocked(oracle, 20)
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), days=1, batch=10))
        await here.polls(collector, 3)
        clock.forward(days=2)
        new = [oracle.mail(f"new{number}") for number in range(4)]
        server.mails += new
        await here.polls(collector)
    assert server.given[20:24] == new
    assert len(server.mails) == 24 - 6
    oracle.check_mails()


async def test_what_is_not_deleted_though_asked_is_asked_for_again(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = stocked(oracle, 3)
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), days=1))
        await here.polls(collector)
        clock.forward(days=2)
        server.script = {"QUIT": (Act.RESET,)}
        await here.polls(collector)
        assert len(server.mails) == 3
        server.script = {"DELE 2": (b"-ERR it is locked\r\n",)}
        await here.polls(collector)
        assert len(server.mails) == 1
        server.script = {}
        await here.polls(collector)
    assert server.mails == []
    oracle.check_mails()


async def test_a_mail_between_the_two_commits_is_finished_and_not_deleted_before(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = stocked(oracle, 3)
    async with server.serving():
        broken = EnvFailpoint("ledger_commit_post", "raise", 1)
        async with house(tmp_path, clock, failpoint=broken) as here:
            collector = here.collector(here.collecting(pop3(server.port), leave=True))
            await here.polls(collector)
            assert (here.outcomes, len(server.given)) == ([], 3)
            await here.polls(collector)
            await here.intake.difficult.finish()
            assert here.outcomes == [Outcome.CONVERSATION] * 3
            await here.polls(collector)
    assert len(server.given) == 6
    oracle.check_mails()
    oracle.check_quiet()


async def test_a_mail_too_large_to_be_kept_stays_for_ever(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    large = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + b"y" * 5000 + b"\r\n"
    server = ScriptedServer([large, oracle.mail("tok0")], name=digest)
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port, limit=2000), days=1, largest=2000))
        for _ in range(3):
            await here.polls(collector, 2)
            clock.forward(days=2)
    assert here.outcomes.count(Outcome.OVERSIZE) == 1
    assert server.mails == [large]
    assert server.verbs().count(b"TOP") == 1


async def test_a_real_server_keeps_its_mails_and_is_asked_for_each_of_them_once(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    with running_dovecot(users=1) as server:
        for number in range(40):
            server.deliver(BOX, oracle.mail(f"tok{number}"))
        for _ in range(4):
            async with house(tmp_path, clock) as here:
                collector = here.collector(here.collecting(pop3(server.pop3, *server.login(BOX)), days=7))
                await here.polls(collector, 3)
        assert server.maildir_count(BOX) == 40
        clock.forward(days=7)
        async with house(tmp_path, clock) as here:
            await here.polls(here.collector(here.collecting(pop3(server.pop3, *server.login(BOX)), days=7)))
        assert server.maildir_count(BOX) == 0
        assert retrieved(server.folder / "dovecot.log") == [40, *[0] * 11, 40]
    oracle.check_mails()
    oracle.check_quiet()


def retrieved(log: Path) -> list[int]:
    """How many mails each session read, by the server's own log."""
    ends = [line for line in log.read_text().splitlines() if "retr=" in line]
    return [int(line.split("retr=")[1].split("/")[0]) for line in ends]


def test_the_setting_is_acted_on_by_the_real_process(tmp_path: Path) -> None:
    with world(tmp_path, extra="    leave_on_server: {days: 7}\n") as here:
        here.deliver(5)
        for _ in range(2):
            with here.process():
                wait_for(lambda: here.oracle.settled() >= len(here.oracle.tokens), "every mail to have its outcome")
                assert "has no effect" not in log_of(here.config).read_text()
            here.deliver(1)
        assert here.box.maildir_count(BOX) == 7
        here.oracle.check_mails(here.box.mails(BOX))
