"""IMAP servers that lie, stall, stop, flood and babble: each with what comes of it, and never a mail it has not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from postroom.gateways.imap import ImapGateway
from postroom.ports.gateways import GatewayStatus
from tests.support.imap_options import clear_text, hasty
from tests.support.imap_script import Act, Drip, Flood, ScriptedImap, Turns, fetched, ok
from tests.support.one_session import collect

FAILED, AUTH = GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED
LOCKED, THROTTLED, STUCK = GatewayStatus.LOCKED, GatewayStatus.THROTTLED, GatewayStatus.DRAINING_STUCK
USUAL, CLOSE, RESET, HANG = Act.USUAL, Act.CLOSE, Act.RESET, Act.HANG


def mail(uid: int) -> bytes:
    return b"Subject: mail %d\r\n\r\n) a9 OK not the end\r\n.\r\nbare\nlf \x00\xff %d\r\n" % (uid, uid)


MAILS = {uid: mail(uid) for uid in (2, 3, 5)}


@dataclass(frozen=True)
class Case:
    """A server's script, and what has to come of a session with it."""

    name: str
    script: dict[str, Any] = field(default_factory=dict)
    status: GatewayStatus | None = None
    words: str = ""
    got: tuple[int, ...] = ()
    """UIDs of the mails received, in order."""
    left: tuple[int, ...] = (2, 3, 5)
    """UIDs on the server afterwards."""
    declined: int = 0
    too_large: int = 0
    capabilities: tuple[str, ...] | None = None
    hasty: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    password_sent: bool = True


ALL: dict[str, Any] = {"got": (2, 3, 5), "left": ()}
BEFORE: dict[str, Any] = {"status": FAILED, "password_sent": False}
LATE: dict[str, Any] = {"status": FAILED, "hasty": True}
BAD: dict[str, Any] = {"status": FAILED}
LITERAL = b"* 1 FETCH (UID 2 BODY[] {%d}\r\n"

GREETINGS = (
    Case("says nothing", {"greeting": (HANG,)}, words="waited for its greeting", hasty=True, **BEFORE),
    Case("greets without end", {"greeting": (Flood(b"A" * 999),)}, words="longer than 65536", **BEFORE),
    Case(
        "greets slowly",
        {"greeting": (Drip(b"* OK hello hello hello", 0.05),)},
        words="not done in",
        hasty=True,
        **BEFORE,
    ),
    Case("closes at once", {"greeting": (CLOSE,)}, words="closed the connection", **BEFORE),
    Case("resets at once", {"greeting": (RESET,)}, words="greeting", **BEFORE),
    Case("greets with a bare LF", {"greeting": (b"* OK\n",)}, words="bare LF", **BEFORE),
    Case("is POP3", {"greeting": (b"+OK ready\r\n",)}, words="speaks POP3", **BEFORE),
    Case("is SMTP", {"greeting": (b"220 mx ESMTP\r\n",)}, words="speaks SMTP", **BEFORE),
    Case("is HTTP", {"greeting": (b"HTTP/1.1 400 Bad Request\r\n",)}, words="web server", **BEFORE),
    Case("sends a TLS alert", {"greeting": (b"\x15\x03\x01\0\x02\x02\x28", CLOSE)}, words="security to tls", **BEFORE),
    Case("babbles", {"greeting": (bytes(range(256)) + b"\r\n",)}, words="bare LF", **BEFORE),
    Case("has us signed in", {"greeting": (b"* PREAUTH as root\r\n",)}, words="PREAUTH", **BEFORE),
    Case("says good-bye", {"greeting": (b"* BYE come later\r\n",)}, words="come later", **BEFORE),
    Case("is away", {"greeting": (b"* BYE [UNAVAILABLE] x\r\n",)}, words="[UNAVAILABLE]", **BEFORE),
    Case("is full", {"greeting": (b"* BYE Too many connections\r\n",)}, THROTTLED, "Too many", password_sent=False),
    Case("greets with a tag", {"greeting": (b"a1 OK hi\r\n",)}, words="no IMAP greeting", **BEFORE),
    Case("greets with data", {"greeting": (b"* 5 EXISTS\r\n",)}, words="no IMAP greeting", **BEFORE),
)
SIGN_IN = (
    Case("hangs at CAPABILITY", {"CAPABILITY": (HANG,)}, words="what it can do", hasty=True, **BEFORE),
    Case("can do nothing", {"CAPABILITY": (b"<tag> BAD what\r\n",)}, words="what it can do", **BEFORE),
    Case("can do things without end", {"CAPABILITY": (Flood(b"* CAPABILITY X\r\n"),)}, words="octets", **BEFORE),
    Case("uses another's tag", {"CAPABILITY": (b"b7 OK\r\n",)}, words="which we did not use", **BEFORE),
    Case("asks for more", {"CAPABILITY": (b"+ go on\r\n",)}, words="which we did not use", **BEFORE),
    Case(
        "announces an endless literal at sign-in",
        {"CAPABILITY": (b"* CAPABILITY {4294967295}\r\n",)},
        words="literal of 4,294,967,295 octets",
        **BEFORE,
    ),
    Case("takes no password", capabilities=("LOGINDISABLED",), status=AUTH, words="LOGINDISABLED", password_sent=False),
    Case("hangs at sign-in", {"AUTHENTICATE": (HANG,)}, words="signing in", **LATE),
    Case("drops at sign-in", {"AUTHENTICATE": (USUAL, CLOSE)}, words="closed the connection", **BAD),
    Case("refuses", {"AUTHENTICATE": (b"<tag> NO [AUTHENTICATIONFAILED] no\r\n",)}, AUTH, "check both"),
    Case("refuses without a code", {"AUTHENTICATE": (b"<tag> NO Login failed.\r\n",)}, AUTH, "Login failed."),
    Case("is locked", {"AUTHENTICATE": (b"<tag> NO [INUSE] busy\r\n",)}, LOCKED, "in use"),
    Case("is unavailable", {"AUTHENTICATE": (b"<tag> NO [UNAVAILABLE] x\r\n",)}, FAILED, "temporary"),
    Case("has a limit", {"AUTHENTICATE": (b"<tag> NO [LIMIT] x\r\n",)}, THROTTLED, "fewer connections"),
    Case("throttles in words", {"AUTHENTICATE": (b"<tag> NO Too many logins\r\n",)}, THROTTLED, "Too many logins"),
    Case("wants a new password", {"AUTHENTICATE": (b"<tag> NO [EXPIRED] x\r\n",)}, AUTH, "renew it"),
    Case("wants privacy", {"AUTHENTICATE": (b"<tag> NO [PRIVACYREQUIRED] x\r\n",)}, AUTH, "wants TLS"),
    Case("says good-bye at sign-in", {"AUTHENTICATE": (b"* BYE [UNAVAILABLE] off\r\n",)}, FAILED, "while signing in"),
    Case("ends sign-in in no way", {"AUTHENTICATE": (b"<tag> MAYBE\r\n",)}, words="without OK, NO or BAD", **BAD),
    Case("asks for ever", {"AUTHENTICATE": (USUAL, Flood(b"+ \r\n"))}, got=(), **BAD),
    Case(
        "shows our password back",
        {"LOGIN": (b"<tag> NO bad secret-pw\r\n",)},
        AUTH,
        "[hidden]",
        capabilities=("IMAP4rev1",),
    ),
)
FOLDERS = (
    Case("hangs at SELECT", {"SELECT": (HANG,)}, words="opening the folder INBOX", **LATE),
    Case("has no such folder", {"SELECT": (b"<tag> NO [NONEXISTENT] x\r\n",)}, words="[NONEXISTENT]", **BAD),
    Case("may not", {"SELECT": (b"<tag> NO [NOPERM] x\r\n",)}, words="may not do that", **BAD),
    Case("has no lasting names", {"SELECT": (b"* 3 EXISTS\r\n" + ok(),)}, words="no lasting names", **BAD),
    Case(
        "has names that do not stick",
        {"SELECT": (b"* OK [UIDVALIDITY 7] x\r\n* NO [UIDNOTSTICKY] x\r\n" + ok(),)},
        words="no lasting names",
        **BAD,
    ),
    Case(
        "holds mails without end",
        {"SELECT": (b"* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" + ok(),)},
        words="more than 200,000 mails",
        **BAD,
    ),
    Case("says good-bye at SELECT", {"SELECT": (b"* BYE maintenance\r\n", CLOSE)}, words="maintenance", **BAD),
    Case("alerts", {"SELECT": (b"* OK [ALERT] read me\r\n", USUAL)}, **ALL),
    Case("hangs in the listing", {"UID FETCH 1:*": (b"* 1 FETCH (UID 2", HANG)}, words="listing", **LATE),
    Case("lists a bad list", {"UID FETCH 1:*": (b"* 1 FETCH (UID 2\r\n",)}, words="without its end", **BAD),
    Case("lists too deep", {"UID FETCH 1:*": (b"* 1 FETCH " + b"(" * 50 + b"\r\n",)}, words="deep", **BAD),
    Case("lists no pairs", {"UID FETCH 1:*": (b"* 1 FETCH (UID)\r\n",)}, words="not pairs", **BAD),
    Case("lists an odd number", {"UID FETCH 1:*": (b"* 1 FETCH (UID 99999999999999999999999)\r\n" + ok(),)}),
    Case("lists a long line", {"UID FETCH 1:*": (b"* 1 FETCH (X " + b"x" * 70_000,)}, words="longer than", **BAD),
    Case("refuses to list", {"UID FETCH 1:*": (b"<tag> NO [SERVERBUG] x\r\n",)}, words="temporary", **BAD),
)
BODIES = (
    Case(
        "stops in a mail",
        {"UID FETCH 3": (b"* 2 FETCH (UID 3 BODY[] {900}\r\nSubject", HANG)},
        got=(2,),
        words="of 900",
        **LATE,
    ),
    Case(
        "ends in a mail",
        {"UID FETCH 3": (b"* 2 FETCH (UID 3 BODY[] {900}\r\nSub", CLOSE)},
        got=(2,),
        words="closed",
        **BAD,
    ),
    Case(
        "resets in a mail",
        {"UID FETCH 3": (b"* 2 FETCH (UID 3 BODY[] {900}\r\nSub", RESET)},
        got=(2,),
        words="of 900",
        **BAD,
    ),
    Case("ends before the OK", {"UID FETCH 3": (fetched(2, 3, mail(3)), CLOSE)}, got=(2,), words="closed", **BAD),
    Case("hangs before the OK", {"UID FETCH 3": (fetched(2, 3, mail(3)), HANG)}, got=(2,), words="mail 2", **LATE),
    Case(
        "ends before the paren", {"UID FETCH 3": (fetched(2, 3, mail(3))[:-3], CLOSE)}, got=(2,), words="closed", **BAD
    ),
    Case(
        "says NO after the mail",
        {"UID FETCH 3": (fetched(2, 3, mail(3)), b"<tag> NO x\r\n")},
        got=(2, 5),
        left=(3,),
        declined=1,
    ),
    Case("will not give one", {"UID FETCH 3": (b"<tag> NO [UNAVAILABLE] x\r\n",)}, got=(2, 5), left=(3,), declined=1),
    Case("knows one no more", {"UID FETCH 3": (ok(),)}, got=(2, 5), left=(3,), declined=1),
    Case(
        "has nothing in one",
        {"UID FETCH 3": (b"* 2 FETCH (UID 3 BODY[] NIL)\r\n" + ok(),)},
        got=(2, 5),
        left=(3,),
        declined=1,
    ),
    Case("expunges under our feet", {"UID FETCH 3": (b"* 1 EXPUNGE\r\n* 2 EXISTS\r\n", USUAL)}, **ALL),
    Case("tells flags between", {"UID FETCH 3": (b"* 9 FETCH (FLAGS (\\Seen $x) UID 5)\r\n", USUAL)}, **ALL),
    Case("sends another's mail", {"UID FETCH 3": (fetched(2, 77, b"x"), USUAL)}, got=(2,), words="nobody asked", **BAD),
    Case("sends a mail twice", {"UID FETCH 3": (fetched(2, 3, b"x"), USUAL)}, got=(2,), words="nobody asked", **BAD),
    Case(
        "sends a mail without a name",
        {"UID FETCH 3": (b"* 2 FETCH (BODY[] {1}\r\nx)\r\n",)},
        got=(2,),
        words="nobody asked",
        **BAD,
    ),
    Case(
        "says good-bye in between",
        {"UID FETCH 3": (b"* BYE [UNAVAILABLE] x\r\n",)},
        got=(2,),
        words="ended the conn",
        **BAD,
    ),
    Case("chatters", {"UID FETCH 3": (Flood(b"* OK still here\r\n"),)}, got=(2,), words="nobody asked for", **BAD),
    Case("answers another's tag", {"UID FETCH 3": (b"zz9 OK\r\n",)}, got=(2,), words="which we did not use", **BAD),
    Case(
        "sends a literal bomb",
        {"UID FETCH 2": (LITERAL % 4_294_967_295, Flood(b"x" * 4096))},
        too_large=1,
        words="4,294,967,295",
        **BAD,
    ),
    Case(
        "sends an absurd literal",
        {"UID FETCH 2": (b"* 1 FETCH (UID 2 BODY[] {" + b"9" * 40 + b"}\r\n",)},
        words="nothing can have",
        **BAD,
    ),
    Case(
        "sends a bomb elsewhere",
        {"UID FETCH 2": (b"* 1 FETCH (UID 2 X {99999999}\r\n",)},
        words="literal of 99,999,999",
        **BAD,
    ),
    Case("is slow to begin a mail", {"UID FETCH 2": (Drip(LITERAL % 9, 0.05),)}, words="not done in", **LATE),
    Case("sends a literal with a plus", {"UID FETCH 3": (fetched(2, 3, mail(3)).replace(b"}", b"+}", 1), ok())}, **ALL),
    Case("shouts", {"UID FETCH 3": (fetched(2, 3, mail(3)).replace(b"FETCH", b"fetch"), ok())}, **ALL),
)
ENDINGS = (
    Case(
        "will not delete",
        {"UID STORE": (b"<tag> NO [NOPERM] x\r\n",)},
        STUCK,
        "may not do that",
        got=(2, 3, 5),
        declined=3,
    ),
    Case(
        "cannot remove single mails",
        capabilities=("IMAP4rev1",),
        status=STUCK,
        words="UIDPLUS",
        got=(2, 3, 5),
        declined=3,
    ),
    Case("hangs at STORE", {"UID STORE": (HANG,)}, words="deleting", got=(2, 3, 5), **LATE),
    Case("hangs at EXPUNGE", {"UID EXPUNGE": (HANG,)}, got=(2, 3, 5), hasty=True),
    Case("will not expunge", {"UID EXPUNGE": (b"<tag> NO x\r\n",)}, got=(2, 3, 5)),
    Case("drops at EXPUNGE", {"UID EXPUNGE": (CLOSE,)}, got=(2, 3, 5)),
    Case("hangs at LOGOUT", {"LOGOUT": (HANG,)}, hasty=True, **ALL),
    Case("floods at LOGOUT", {"LOGOUT": (Flood(b"* OK x\r\n"),)}, **ALL),
)
CASES = (*GREETINGS, *SIGN_IN, *FOLDERS, *BODIES, *ENDINGS)
ENDS_UNCONFIRMED = {"hangs at EXPUNGE", "will not expunge", "drops at EXPUNGE", "hangs at LOGOUT", "floods at LOGOUT"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_hostile_server_gets_exactly_this_far(case: Case) -> None:
    server = ScriptedImap(dict(MAILS), case.script)
    server.capabilities = case.capabilities or server.capabilities
    async with server.serving():
        options = clear_text(server.port, **case.options)
        result = await collect(ImapGateway(hasty(options) if case.hasty else options))
    assert (result.status, case.words in result.words) == (case.status, True), result.words
    assert result.mails == [MAILS[uid] for uid in case.got]
    assert all(listed == received for listed, received in result.sizes)
    assert set(server.mails) == set(case.left)
    assert len(result.declined) == case.declined
    assert len(result.too_large) == case.too_large
    assert result.closed == (case.status is None and case.name not in ENDS_UNCONFIRMED)
    assert "secret-pw" not in result.words
    assert (b"secret-pw" in credentials(server)) == case.password_sent
    given = [spool for spool in result.spools if not spool.discarded]
    assert [b"".join(spool.chunks) for spool in given] == result.mails


def credentials(server: ScriptedImap) -> bytes:
    """Everything said, decoded where it is base64."""
    from base64 import b64decode

    said = b""
    for line in server.received:
        try:
            said += line + b64decode(line, validate=True)
        except ValueError:
            said += line
    return said


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 80
    assert len({case.name for case in CASES}) == len(CASES)


async def test_a_mail_that_breaks_sessions_comes_last_and_then_waits() -> None:
    script = {"UID FETCH 2": (LITERAL % 900, CLOSE)}
    server = ScriptedImap(dict(MAILS), script)
    async with server.serving():
        gateway = ImapGateway(clear_text(server.port))
        first, second, third = [await collect(gateway) for _ in range(3)]
    assert (first.mails, first.status) == ([], FAILED)
    assert (second.mails, second.status) == ([MAILS[3], MAILS[5]], FAILED)
    assert third.status is None
    assert [one.words for one in third.declined] == ["it broke earlier sessions and waits"]
    assert set(server.mails) == {2}


async def test_a_mailbox_that_gives_new_names_between_two_folders_is_listed_anew() -> None:
    again = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 8] x\r\n* OK [UIDNEXT 3] x\r\n"
    turns = Turns([(USUAL,), (again + ok(),)])
    server = ScriptedImap({2: mail(2)}, {'SELECT "INBOX"': turns}, folders={"Other": {}})
    async with server.serving():
        result = await collect(ImapGateway(clear_text(server.port, folders=("INBOX", "Other"))))
    assert (result.status, result.mails) == (FAILED, [])
    assert "new names while we read" in result.words
