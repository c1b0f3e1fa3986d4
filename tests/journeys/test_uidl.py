"""Servers that name their mails badly, through the whole intake: nothing lost, nothing doubled, in either mode.

Each kind is met by a server with eight mails, read in several sessions with a restart of the engine between them, while
more mails come. The independent ledger counts the tokens.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from postroom.engine.collecting_lessons import NOT_BEFORE
from postroom.ports.gateways import GatewayStatus
from postroom.routing.outcome import Outcome
from tests.journeys.oracle import Oracle
from tests.support.clock import VirtualClock
from tests.support.collecting import Seen, house, pop3
from tests.support.dovecot import running_dovecot
from tests.support.pop3_script import CAPABILITIES, Act, ScriptedServer, Turns, multiline

pytestmark = [pytest.mark.server, pytest.mark.journey]

BOX = 0


def digest(mail: bytes) -> bytes:
    return hashlib.sha256(mail).hexdigest()[:32].encode()


@dataclass(frozen=True)
class Kind:
    """A way to be wrong; `reads` is how often each mail is read at most where it stays, None where names change.

    Twice is the rule for a mail whose size is not that of LIST.
    """

    words: str
    make: Callable[[ScriptedServer], None]
    reads: int | None = 1


def named(name: Callable[[ScriptedServer, int, bytes], bytes]) -> Callable[[ScriptedServer], None]:
    """The server's UIDLs are these."""

    def make(server: ScriptedServer) -> None:
        server.name = lambda number, mail: name(server, number, mail)

    return make


def sized(octets: Callable[[ScriptedServer, int, bytes], int]) -> Callable[[ScriptedServer], None]:
    """The UIDLs are sound, the sizes of LIST are these."""

    def make(server: ScriptedServer) -> None:
        server.name = lambda _, mail: digest(mail)
        server.octets = lambda number, mail: octets(server, number, mail)

    return make


def scripted(**script: tuple[bytes | Act, ...]) -> Callable[[ScriptedServer], None]:
    """The UIDLs are sound, some answers are not."""

    def make(server: ScriptedServer) -> None:
        server.name = lambda _, mail: digest(mail)
        server.script = script

    return make


def without(*names: str) -> Callable[[ScriptedServer], None]:
    """The server knows none of these commands."""

    def make(server: ScriptedServer) -> None:
        server.capabilities = tuple(name for name in CAPABILITIES if name not in names)
        server.script = dict.fromkeys(names, (b"-ERR unknown command\r\n",))

    return make


def lines(verb: str, line: Callable[[ScriptedServer, int, bytes], list[bytes]]) -> Callable[[ScriptedServer], None]:
    """The answer to UIDL or LIST is these lines for each mail."""

    def make(server: ScriptedServer) -> None:
        server.name = lambda _, mail: digest(mail)

        class Answers(dict[str, tuple[bytes, ...]]):
            def get(self, key: str, default: object = None) -> object:  # type: ignore[override] # computed anew each time
                if key != verb:
                    return default
                box = list(enumerate(server.mails, 1))
                return (multiline(b"here", [text for number, mail in box for text in line(server, number, mail)]),)

        server.script = Answers()

    return make


def shuffled(server: ScriptedServer) -> None:
    """Another order at each session."""
    server.name = lambda _, mail: digest(mail)
    server.arrange = lambda mails, session: mails[session % 3 :] + mails[: session % 3]


def vanishing(server: ScriptedServer) -> None:
    """The third mail is listed, and cannot be had in the first two sessions."""
    server.name = lambda _, mail: digest(mail)
    server.script = {"RETR 3": Turns([(b"-ERR no such message\r\n",), (b"-ERR no such message\r\n",), (Act.USUAL,)])}


def unconfirmed(server: ScriptedServer) -> None:
    """QUIT is not answered at first: nothing is deleted, and everything is offered again."""
    server.name = lambda _, mail: digest(mail)
    server.script = {"QUIT": Turns([(Act.CLOSE,), (Act.RESET,), (b"-ERR some were not deleted\r\n",), (Act.USUAL,)])}


def uidl_refused(server: ScriptedServer) -> None:
    """The server has its moments."""
    server.name = lambda _, mail: digest(mail)
    server.script = {
        "UIDL": Turns([(b"-ERR [SYS/TEMP] not now\r\n",), (Act.USUAL,), (b"-ERR [SYS/TEMP]\r\n",), (Act.USUAL,)])
    }


KINDS = (
    Kind("sound", named(lambda _, __, mail: digest(mail))),
    Kind("no UIDL", without("UIDL")),
    Kind("neither UIDL nor TOP", without("UIDL", "TOP"), reads=None),
    Kind("UIDL refused now and then", uidl_refused),
    Kind("one UIDL for all", named(lambda _, __, ___: b"same")),
    Kind("a UIDL for each pair", named(lambda _, number, __: b"pair-%d" % (number // 2)), reads=None),
    Kind("71 characters", named(lambda _, __, mail: digest(mail) * 2 + b"1234567")),
    Kind("a thousand characters", named(lambda _, __, mail: digest(mail) * 32)),
    Kind("spaces", named(lambda _, __, mail: b"a b " + digest(mail))),
    Kind("eight bits", named(lambda _, __, mail: b"\xff\xfe\xe4" + digest(mail))),
    Kind("control characters", named(lambda _, __, mail: b"\x01\t" + digest(mail) + b"\x00")),
    Kind("case alone tells them apart", named(lambda _, number, __: b"aAbBcCdDeEfFgGhH"[number - 1 : number])),
    Kind("empty", named(lambda _, __, ___: b"")),
    Kind("the number of the mail", named(lambda _, number, __: b"%d" % number)),
    Kind("all new at each session", named(lambda server, number, _: b"%d-%d" % (server.sessions, number)), reads=None),
    Kind(
        "all new after some sessions",
        named(lambda server, _, mail: b"%d" % (server.sessions // 3) + digest(mail)),
        reads=None,
    ),
    Kind(
        "every other one new",
        named(lambda server, n, mail: b"%d" % (server.sessions * (n % 2)) + digest(mail)),
        reads=None,
    ),
    Kind("another order at each session", shuffled),
    Kind("UIDL shorter than LIST", lines("UIDL", lambda _, n, mail: [b"%d %b" % (n, digest(mail))] if n % 3 else [])),
    Kind("an empty UIDL listing", lines("UIDL", lambda _, __, ___: [])),
    Kind(
        "LIST shorter than UIDL",
        lines("LIST", lambda _, n, mail: [b"%d %d" % (n, len(mail))] if n % 3 else []),
        reads=2,
    ),
    Kind(
        "numbers that are not there",
        lines("UIDL", lambda _, n, mail: [b"%d %b" % (n, digest(mail)), b"%d x%d" % (n + 90, n)]),
    ),
    Kind(
        "two UIDLs for a mail",
        lines("UIDL", lambda _, n, mail: [b"%d %b" % (n, digest(mail)), b"%d other-%d" % (n, n)]),
    ),
    Kind(
        "garbage between the lines",
        lines("UIDL", lambda _, n, mail: [b"** \xff", b"%d %b" % (n, digest(mail)), b"", b"-1 x"]),
    ),
    Kind("LIST says a mail twice", lines("LIST", lambda _, n, mail: [b"%d %d" % (n, len(mail)), b"%d 7" % n])),
    Kind("LIST says no size", lines("LIST", lambda _, n, __: [b"%d" % n]), reads=2),
    Kind("LIST always wrong", sized(lambda _, n, __: 100 + n), reads=2),
    Kind("LIST another size at each session", sized(lambda server, _, mail: len(mail) + server.sessions), reads=None),
    Kind("LIST counts LF alone", sized(lambda _, __, mail: len(mail) - mail.count(b"\n"))),
    Kind("STAT says nothing is there", scripted(STAT=(b"+OK 0 0\r\n",))),
    Kind("STAT says more than there is", scripted(STAT=(b"+OK 99 99\r\n",))),
    Kind("a mail vanishes between LIST and RETR", vanishing),
    Kind("QUIT is not confirmed", unconfirmed),
)


@pytest.mark.parametrize("leave", [False, True], ids=["delete", "leave"])
@pytest.mark.parametrize("kind", KINDS, ids=[kind.words for kind in KINDS])
async def test_a_pathology_loses_and_doubles_nothing(tmp_path: Path, kind: Kind, leave: bool) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer([oracle.mail(f"tok{number}") for number in range(8)], is_true_to_its_word=True)
    kind.make(server)
    async with server.serving():
        gateway = pop3(server.port)
        for _ in range(3):
            async with house(tmp_path, clock) as here:
                collector = here.collector(here.collecting(gateway, leave=leave, batch=5))
                await here.polls(collector, 4)
            oracle.check_mails(server.mails)
            server.mails.append(oracle.mail(f"tok{len(oracle.tokens)}"))
        async with house(tmp_path, clock) as here:
            await here.polls(here.collector(here.collecting(gateway, leave=leave)), 8)
    oracle.check_mails()
    oracle.check_quiet()
    assert len(server.mails) == (11 if leave else 0)
    if leave and kind.reads is not None:
        assert max(Counter(server.given).values()) <= kind.reads


def test_there_are_more_than_twenty_kinds() -> None:
    assert len({kind.words for kind in KINDS}) == len(KINDS) > 20


@pytest.mark.parametrize("leave", [False, True], ids=["delete", "leave"])
async def test_a_lost_uidlist_brings_no_mail_twice(tmp_path: Path, leave: bool) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    with running_dovecot(users=1) as server:
        for number in range(20):
            server.deliver(BOX, oracle.mail(f"tok{number}"))
        gateway = pop3(server.pop3, *server.login(BOX))
        async with house(tmp_path, clock) as here:
            await here.polls(here.collector(here.collecting(gateway, leave=True)), 2)
            assert here.outcomes == [Outcome.CONVERSATION] * 20
        server.forget_uidls(BOX)
        async with house(tmp_path, clock) as here:
            await here.polls(here.collector(here.collecting(gateway, leave=leave)), 2)
            assert here.outcomes == [Outcome.SEEN_AGAIN] * 20
        assert server.maildir_count(BOX) == (20 if leave else 0)
    oracle.check_mails()
    oracle.check_quiet()


async def test_a_uidl_given_to_another_mail_after_a_deletion_brings_the_other_mail(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer(name=lambda _, __: b"the-only-name")
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port)))
        for number in range(5):
            server.mails.append(oracle.mail(f"tok{number}", "x" * number))
            await here.polls(collector)
            oracle.check_mails()
    assert server.mails == []


async def test_where_mails_stay_a_known_uidl_with_another_size_is_another_mail(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer(name=lambda _, __: b"the-only-name")
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), leave=True))
        for number in range(4):
            server.mails[:] = [oracle.mail(f"tok{number}", "x" * number)]
            await here.polls(collector, 2)
            oracle.check_mails()
    assert len(server.given) == 4


async def test_a_server_that_counts_anew_has_its_mails_read_once_more_and_no_oftener(tmp_path: Path) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer([oracle.mail(f"tok{number}") for number in range(5)], name=lambda _, mail: digest(mail))
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), leave=True))
        await here.polls(collector, 2)
        server.octets = lambda _, mail: len(mail) - mail.count(b"\n")
        await here.polls(collector, 4)
    assert max(Counter(server.given).values()) == 2
    oracle.check_mails()
    oracle.check_quiet()


async def test_a_uidl_given_to_another_mail_of_the_same_size_right_after_a_deletion_is_a_matter_of_minutes(
    tmp_path: Path,
) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer([oracle.mail("tok1")], name=lambda _, __: b"the-only-name")
    async with server.serving(), house(tmp_path, clock) as here:
        seen = Seen()
        collector = here.collector(here.collecting(pop3(server.port)), seen)
        await here.polls(collector)
        server.mails.append(oracle.mail("tok2"))
        await here.polls(collector)
        assert seen.statuses[-1][0] is GatewayStatus.DRAINING_STUCK
        await here.until(collector, passed=timedelta(seconds=NOT_BEFORE))
        assert seen.statuses[-1] == (GatewayStatus.CONNECTION_SUCCEEDED, "")
    oracle.check_mails()
    assert server.mails == []


async def test_a_uidl_given_to_another_mail_of_the_same_size_hides_it_until_its_retention_is_over(
    tmp_path: Path,
) -> None:
    oracle, clock = Oracle(tmp_path / "var" / "postroom.db"), VirtualClock()
    server = ScriptedServer([oracle.mail("tok1")], name=lambda _, __: b"the-only-name")
    async with server.serving(), house(tmp_path, clock) as here:
        collector = here.collector(here.collecting(pop3(server.port), days=7))
        await here.polls(collector, 2)
        server.mails[:] = [oracle.mail("tok2")]
        await here.polls(collector, 2)
        assert here.outcomes == [Outcome.CONVERSATION]
        oracle.check_mails(server.mails)
        clock.forward(days=7)
        await here.polls(collector)
        assert here.outcomes == [Outcome.CONVERSATION] * 2
        oracle.check_mails()
        assert len(server.mails) == 1, "it was seen just now, and stays its own seven days"
        clock.forward(days=7)
        await here.polls(collector)
        assert server.mails == []
    oracle.check_mails()
