"""Servers that lie, stall, stop, flood and babble: each with what comes of it, and never a mail it does not have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from postroom.gateways.pop3 import Pop3Gateway
from postroom.ports.gateways import GatewayStatus
from tests.support.one_session import Collected, collect
from tests.support.pop3_options import clear_text, hasty
from tests.support.pop3_script import Act, Drip, Flood, ScriptedServer, Turns, multiline, on_the_wire

FAILED, AUTH = GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED
LOCKED, THROTTLED = GatewayStatus.LOCKED, GatewayStatus.THROTTLED
STUCK = GatewayStatus.DRAINING_STUCK
ONE_BY_ONE = ("TOP", "UIDL", "USER")
NO_UIDL = ("TOP", "USER", "PIPELINING")
USUAL, CLOSE, RESET, HANG = Act.USUAL, Act.CLOSE, Act.RESET, Act.HANG


def mail(number: int) -> bytes:
    return b"Subject: mail %d\r\nX: %d\r\n\r\n.dots\r\n..\r\n.\r\nbare\n.\nlf %d\r\n" % (number, number, number)


MAILS = [mail(1), mail(2), mail(3)]


@dataclass(frozen=True)
class Case:
    """A server's script, and what has to come of a session with it."""

    name: str
    script: dict[str, Any] = field(default_factory=dict)
    status: GatewayStatus | None = None
    words: str = ""
    got: tuple[int, ...] = ()
    """Numbers of the mails received, in order."""
    left: int = 3
    """Mails on the server afterwards."""
    capabilities: tuple[str, ...] | None = None
    hasty: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    password_sent: bool = True
    too_large: tuple[bytes, ...] = ()
    sizes: bool = True
    """Every mail received had the size listed."""


ALL: dict[str, Any] = {"got": (1, 2, 3), "left": 0}
BEFORE_LOGIN: dict[str, Any] = {"status": FAILED, "password_sent": False}

GREETINGS = (
    Case("says nothing", {"greeting": (HANG,)}, words="waited for its greeting", hasty=True, **BEFORE_LOGIN),
    Case("greets without end", {"greeting": (Flood(b"A" * 999),)}, words="longer than 65536", **BEFORE_LOGIN),
    Case(
        "greets an octet at a time",
        {"greeting": (Drip(b"+OK" + b" hello" * 9, 0.05),)},
        words="not done in 0.5 s",
        hasty=True,
        **BEFORE_LOGIN,
    ),
    Case("closes at once", {"greeting": (CLOSE,)}, words="closed the connection", **BEFORE_LOGIN),
    Case("resets at once", {"greeting": (RESET,)}, words="greeting", **BEFORE_LOGIN),
    Case("greets with a bare LF", {"greeting": (b"+OK\n",)}, words="bare LF", **BEFORE_LOGIN),
    Case("is IMAP", {"greeting": (b"* OK [CAPABILITY IMAP4rev1] hi\r\n",)}, words="speaks IMAP", **BEFORE_LOGIN),
    Case("is SMTP", {"greeting": (b"220 mx ESMTP\r\n",)}, words="speaks SMTP", **BEFORE_LOGIN),
    Case("is HTTP", {"greeting": (b"HTTP/1.1 400 Bad Request\r\n",)}, words="web server", **BEFORE_LOGIN),
    Case("is SSH", {"greeting": (b"SSH-2.0-OpenSSH_9\r\n",)}, words="SSH server", **BEFORE_LOGIN),
    Case(
        "sends a TLS alert",
        {"greeting": (b"\x15\x03\x01\x00\x02\x02\x28", CLOSE)},
        words="set security to tls",
        **BEFORE_LOGIN,
    ),
    Case("babbles", {"greeting": (bytes(range(256)) * 4 + b"\r\n",)}, words="bare LF", **BEFORE_LOGIN),
    Case("greets with 421", {"greeting": (b"421 too busy\r\n",)}, words="no POP3 reply", **BEFORE_LOGIN),
    Case("is full", {"greeting": (b"-ERR too many connections\r\n",)}, THROTTLED, "sign-ins", password_sent=False),
    Case("is ill", {"greeting": (b"-ERR [SYS/TEMP] disk\r\n",)}, words="temporary", **BEFORE_LOGIN),
    Case("locks before sign-in", {"greeting": (b"-ERR [IN-USE] box\r\n",)}, LOCKED, "in use", password_sent=False),
    Case(
        "turns us away", {"greeting": (b"-ERR access denied\r\n",)}, words="turned the connection away", **BEFORE_LOGIN
    ),
)
CAPABILITIES = (
    Case("has no CAPA", {"CAPA": (b"-ERR what\r\n",)}, **ALL),
    Case(
        "lists capabilities without end",
        {"CAPA": (b"+OK\r\n", Flood(b"TOP\r\n" * 99))},
        words="more than 65,536",
        **BEFORE_LOGIN,
    ),
    Case(
        "stops in its capabilities",
        {"CAPA": (b"+OK\r\nTOP\r\n", HANG)},
        words="what it can do",
        hasty=True,
        **BEFORE_LOGIN,
    ),
    Case("closes in its capabilities", {"CAPA": (b"+OK\r\nTOP\r\n.\r", CLOSE)}, words="closed", **BEFORE_LOGIN),
    Case("has no pipelining", capabilities=ONE_BY_ONE, **ALL),
    Case("names pipelining only after sign-in", {"CAPA": Turns(((multiline(b"", (b"USER",)),), (USUAL,)))}, **ALL),
    Case("says capabilities in odd ways", {"CAPA": (b"+OK\r\n\r\n  \r\n\xff\xfe\r\nSASL\r\nuidl\r\n.\r\n",)}, **ALL),
)
SIGN_INS = (
    Case("knows another password", {"PASS": (b"-ERR [AUTH] no\r\n",)}, AUTH, "check both"),
    Case("knows another password, without a code", {"PASS": (b"-ERR Logon failure\r\n",)}, AUTH, "check both"),
    Case("refuses the user", {"USER": (b"-ERR no such user\r\n",)}, AUTH, "check both", password_sent=False),
    Case("is locked", {"PASS": (b"-ERR [IN-USE] other\r\n",)}, LOCKED, "in use by another"),
    Case("is locked, without a code", {"PASS": (b"-ERR maildrop already locked\r\n",)}, LOCKED, "in use by another"),
    Case("wants a pause", {"PASS": (b"-ERR [LOGIN-DELAY] soon\r\n",)}, THROTTLED, "more time"),
    Case("has a passing trouble", {"PASS": (b"-ERR [SYS/TEMP] soon\r\n",)}, FAILED, "temporary"),
    Case("has a lasting trouble", {"PASS": (b"-ERR [SYS/PERM] broken\r\n",)}, AUTH, "administrator"),
    Case("closes on the password", {"PASS": (CLOSE,)}, FAILED, "closed the connection while signing in"),
    Case("resets on the password", {"PASS": (RESET,)}, FAILED, "while signing in"),
    Case("ponders the password", {"PASS": (HANG,)}, FAILED, "while signing in", hasty=True),
    Case("repeats the password", {"PASS": (b"-ERR bad command PASS secret-pw\r\n",)}, AUTH, "[hidden]"),
    Case("answers 421 to the password", {"PASS": (b"421 closing\r\n", CLOSE)}, FAILED, "no POP3 reply"),
    Case(
        "refuses AUTH PLAIN",
        {"AUTH": (b"-ERR [AUTH] no\r\n",)},
        AUTH,
        "check both",
        capabilities=("SASL PLAIN", *ONE_BY_ONE),
    ),
    Case(
        "goes on asking in AUTH PLAIN",
        {"AUTH": (b"+ bW9yZQ==\r\n",), "": (b"-ERR [AUTH] no\r\n",)},
        AUTH,
        "more",
        capabilities=("SASL PLAIN", *ONE_BY_ONE),
    ),
    Case("takes AUTH PLAIN", capabilities=("SASL PLAIN", "UIDL", "TOP"), **ALL),
)
LISTINGS = (
    Case("cannot count", {"STAT": (b"-ERR no\r\n",)}, FAILED, "counting the mails"),
    Case("counts in words", {"STAT": (b"+OK three mails\r\n",)}, **ALL),
    Case("counts one mail of three", {"STAT": (b"+OK 1 100\r\n",)}, **ALL),
    Case("counts a billion mails", {"STAT": (b"+OK 1000000000 1\r\n",)}, **ALL),
    Case("cannot list", {"LIST": (b"-ERR [SYS/TEMP] no\r\n",)}, FAILED, "temporary problem"),
    Case("has no UIDL", {"UIDL": (b"-ERR what\r\n",)}, capabilities=NO_UIDL, **ALL),
    Case("has no UIDL, one by one", {"UIDL": (b"-ERR what\r\n",)}, capabilities=("TOP",), **ALL),
    Case(
        "has neither UIDL nor TOP",
        {"UIDL": (b"-ERR what\r\n",), "TOP": (b"-ERR what\r\n",)},
        capabilities=("USER",),
        **ALL,
    ),
    Case("has UIDL and fails at it", {"UIDL": (b"-ERR later\r\n",)}, FAILED, "lasting names"),
    Case("gives one UIDL to all", {"UIDL": (b"+OK\r\n1 x\r\n2 x\r\n3 x\r\n.\r\n",)}, **ALL),
    Case("forgets an UIDL", {"UIDL": (b"+OK\r\n1 a\r\n3 c\r\n.\r\n",)}, **ALL),
    Case("gives no UIDL at all", {"UIDL": (b"+OK\r\n.\r\n",)}, **ALL),
    Case("gives empty UIDLs", {"UIDL": (b"+OK\r\n1\r\n2 \r\n3   \r\n.\r\n",)}, **ALL),
    Case("gives long UIDLs", {"UIDL": (multiline(b"", (b"%d %s" % (n, b"%d" % n * 999) for n in (1, 2, 3))),)}, **ALL),
    Case("gives 8-bit UIDLs", {"UIDL": (b"+OK\r\n1 \xe4\r\n2 \xf6 \xfc\r\n3 c d\r\n.\r\n",)}, **ALL),
    Case("gives two UIDLs to one mail", {"UIDL": (b"+OK\r\n1 a\r\n1 b\r\n2 c\r\n3 d\r\n.\r\n",)}, **ALL),
    Case("gives UIDLs out of order", {"UIDL": (b"+OK\r\n3 c\r\n1 a\r\n2 b\r\n.\r\n",)}, **ALL),
    Case("gives an UIDL to a mail that is not there", {"UIDL": (b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n9 z\r\n.\r\n",)}, **ALL),
    Case("lists only the first mail", {"LIST": (b"+OK\r\n1 %d\r\n.\r\n" % len(mail(1)),)}, sizes=False, **ALL),
    Case(
        "lists garbage between",
        {
            "LIST": (
                multiline(
                    b"", (b"", b"x", b"\xff 1", *(b"%d %d" % (n, len(mail(n))) for n in (1, 2, 3)), b"-1 5", b"0 0")
                ),
            )
        },
        **ALL,
    ),
    Case(
        "lists a mail that is not there",
        {"LIST": (multiline(b"", (b"%d %d" % (n, len(mail(n))) for n in (1, 2, 3, 4))),)},
        **ALL,
    ),
    Case(
        "lists without end",
        {"LIST": (b"+OK\r\n", Flood(b"1 10\r\n" * 999))},
        FAILED,
        "more than",
        options={"max_listing": 500},
    ),
    Case(
        "names without end",
        {"UIDL": (b"+OK\r\n1 ", Flood(b"a" * 9_999))},
        FAILED,
        "more than",
        options={"max_listing": 500},
    ),
    Case(
        "lists more than is allowed",
        {"LIST": (multiline(b"", (b"%d 9" % n for n in range(1, 99))),)},
        FAILED,
        "more than 50 mails",
        options={"max_listing": 50},
    ),
    Case("stops in the listing", {"LIST": (b"+OK\r\n1 100\r\n", HANG)}, FAILED, "list of mails", hasty=True),
    Case("closes in the listing", {"LIST": (b"+OK\r\n1 100\r\n.", CLOSE)}, FAILED, "list of mails"),
    Case("lists with bare LF", {"LIST": (b"+OK\n1 100\n.\n",)}, FAILED, "bare LF"),
    Case(
        "drips its listing",
        {"UIDL": (b"+OK\r\n", Drip(b"1 a\r\n" * 99, 0.05))},
        FAILED,
        "not done in 0.5 s",
        hasty=True,
    ),
    Case("is empty", {"LIST": (b"+OK\r\n.\r\n",), "UIDL": (b"+OK\r\n.\r\n",), "STAT": (b"+OK 0 0\r\n",)}),
    Case("is empty, one by one", {"STAT": (b"+OK 0 0\r\n",)}, capabilities=ONE_BY_ONE),
)
WIRE = on_the_wire(mail(2))
SIZES = b"+OK\r\n1 %d\r\n2 %d\r\n3 %d\r\n.\r\n"
BIG = b"Subject: big\r\n\r\n" + b"x" * 5_000 + b"\r\n"
READINGS = (
    Case("closes in mail 2", {"RETR 2": (WIRE[:60], CLOSE)}, FAILED, "in the middle of mail 2", (1,)),
    Case("resets in mail 2", {"RETR 2": (WIRE[:60], RESET)}, FAILED, "in the middle of mail 2", (1,)),
    Case("stops in mail 2", {"RETR 2": (WIRE[:60], HANG)}, FAILED, "said nothing for 0.3 s", (1,), hasty=True),
    Case(
        "drips mail 2",
        {"RETR 2": (b"+OK\r\n", Drip(WIRE * 9, 0.05))},
        FAILED,
        "in the middle of mail 2",
        (1,),
        hasty=True,
    ),
    Case(
        "closes before the last octet of mail 3",
        {"RETR 3": (on_the_wire(mail(3))[:-1], CLOSE)},
        FAILED,
        "in the middle of mail 3",
        (1, 2),
    ),
    Case("closes after the dot of mail 3", {"RETR 3": (USUAL, CLOSE)}, FAILED, "reply after the last mail", (1, 2)),
    Case(
        "says 421 after the dot of mail 3", {"NOOP": (b"421 idle too long\r\n", CLOSE)}, FAILED, "no POP3 reply", (1, 2)
    ),
    Case("has no NOOP", {"NOOP": (b"-ERR what\r\n",)}, **ALL),
    Case(
        "ends mail 2 with a bare LF dot",
        {"RETR 2": (WIRE[:-5] + b"\n.\n", HANG)},
        FAILED,
        "in the middle of mail 2",
        (1,),
        hasty=True,
    ),
    Case("sends no final dot", {"RETR 2": (WIRE[:-3], HANG)}, FAILED, "in the middle of mail 2", (1,), hasty=True),
    Case(
        "does not stuff a lone dot",
        {"RETR 2": (b"+OK\r\nSubject: x\r\n\r\na\r\n.\r\nb\r\n.\r\n",)},
        FAILED,
        "mail 2 did not end where it seemed to",
        (1,),
    ),
    Case("sends a line after the dot", {"RETR 2": (WIRE + b"\r\n",)}, FAILED, "no POP3 reply", (1,)),
    Case("sends mail 2 without a status line", {"RETR 2": (mail(2) + b".\r\n",)}, FAILED, "no POP3 reply", ()),
    Case("has lost mail 2", {"RETR 2": (b"-ERR no such message\r\n",)}, got=(1, 3), left=1),
    Case("has lost mail 2, one by one", {"RETR 2": (b"-ERR gone\r\n",)}, capabilities=ONE_BY_ONE, got=(1, 3), left=1),
    Case("has lost all mails", {"RETR": (b"-ERR [SYS/TEMP] gone\r\n",)}, left=3),
    Case(
        "has an endless line for a mail",
        {"RETR 2": (b"+OK\r\nSubject: y\r\n\r\n", Flood(b"y" * 65_536))},
        FAILED,
        "goes on past",
        (1,),
        options={"max_message_size": 100_000, "drain": 50_000},
        too_large=(b"Subject: y\r\n",),
    ),
    Case(
        "answers RETR with an endless status", {"RETR 2": (b"+OK ", Flood(b"z" * 999))}, FAILED, "longer than 65536", ()
    ),
    Case("lists 0 octets", {"LIST": (SIZES % (0, 0, 0),)}, sizes=False, **ALL),
    Case("lists a terabyte less", {"LIST": (SIZES % (1, 2, 3),)}, sizes=False, capabilities=ONE_BY_ONE, **ALL),
    Case(
        "counts its LFs alone", {"LIST": (SIZES % tuple(len(m) - m.count(b"\n") for m in MAILS),)}, sizes=False, **ALL
    ),
    Case(
        "truncates mail 2 the first time",
        {"RETR 2": Turns(((on_the_wire(b"Subject: cut\r\n"),), (USUAL,)))},
        got=(1, 3, 2),
        left=0,
    ),
    Case(
        "sends an empty mail 2",
        {"RETR 2": (b"+OK\r\n.\r\n",), "LIST": (SIZES % (len(mail(1)), 0, len(mail(3))),)},
        got=(1, 0, 3),
        left=0,
    ),
    Case(
        "sends a little more than allowed",
        {"RETR 2": (on_the_wire(BIG),)},
        got=(1, 3),
        left=1,
        options={"max_message_size": 4_000},
        too_large=(b"Subject: big\r\n",),
    ),
    Case(
        "lists a mail over the limit",
        {"LIST": (SIZES % (len(mail(1)), 10**10 - 1, len(mail(3))),)},
        got=(1, 3),
        left=1,
        too_large=(b"Subject: mail 2\r\nX: 2\r\n",),
    ),
    Case(
        "lists a mail over the limit, without TOP",
        {"LIST": (SIZES % (len(mail(1)), 10**9, len(mail(3))),), "TOP": (b"-ERR what\r\n",)},
        got=(1, 3),
        left=1,
        too_large=(b"",),
    ),
    Case(
        "answers TOP with an endless mail",
        {
            "LIST": (SIZES % (len(mail(1)), 10**9, len(mail(3))),),
            "TOP": (b"+OK\r\nSubject: top\r\n\r\n", Flood(b"q" * 999)),
        },
        FAILED,
        "goes on past",
        (1,),
        options={"drain": 50_000},
        too_large=(b"Subject: top\r\n",),
    ),
)
DELETIONS = (
    Case("closes at DELE", {"DELE": (CLOSE,)}, FAILED, "deleting mail 1", (1, 2, 3)),
    Case("closes after DELE", {"DELE 3": (USUAL, CLOSE)}, got=(1, 2, 3)),
    Case("deletes nothing", {"DELE": (b"-ERR read-only\r\n",)}, STUCK, "read-only", (1, 2, 3)),
    Case("does not delete mail 2", {"DELE 2": (b"-ERR not that\r\n",)}, got=(1, 2, 3), left=0),
    Case("closes at QUIT", {"QUIT": (CLOSE,)}, got=(1, 2, 3)),
    Case("refuses QUIT", {"QUIT": (b"-ERR some deleted messages not removed\r\n",)}, got=(1, 2, 3), left=0),
    Case("ponders QUIT", {"QUIT": (HANG,)}, got=(1, 2, 3), hasty=True),
)
CASES = (*GREETINGS, *CAPABILITIES, *SIGN_INS, *LISTINGS, *READINGS, *DELETIONS)


def test_the_table_of_hostile_servers_is_long_and_names_each_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
async def test_a_server_that(case: Case) -> None:
    capabilities = case.capabilities or ("TOP", "UIDL", "RESP-CODES", "PIPELINING", "USER")
    async with ScriptedServer(list(MAILS), case.script, capabilities).serving() as server:
        options = replace(clear_text(server.port), **case.options)
        result = await collect(Pop3Gateway(hasty(options) if case.hasty else options))
    expected = [b"" if number == 0 else mail(number) for number in case.got]
    assert (result.status, result.mails) == (case.status, expected), result.words
    assert case.words in result.words
    assert "secret-pw" not in result.words
    assert result.too_large == list(case.too_large)
    assert any(b"secret-pw" in line or line.startswith(b"AUTH PLAIN") for line in server.received) is case.password_sent
    _check_what_is_left(case, result, server)


def _check_what_is_left(case: Case, result: Collected, server: ScriptedServer) -> None:
    assert len({listed.uid for listed in result.listed}) == len(result.listed)
    if case.name not in {"closes at QUIT", "ponders QUIT"}:
        assert len(server.mails) == case.left
    if result.status is None:
        assert result.closed is (
            case.name not in {"closes after DELE", "closes at QUIT", "refuses QUIT", "ponders QUIT"}
        )
    if case.sizes and "RETR 2" not in case.script:
        assert all(listed == size for listed, size in result.sizes)
