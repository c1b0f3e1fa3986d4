"""What a POP3 gateway does about mails that are odd, refused, nameless or fatal, over one session and over several."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.gateways.pop3 import Pop3Gateway
from tests.support.one_session import collect
from tests.support.pop3_options import clear_text
from tests.support.pop3_script import Act, ScriptedServer, on_the_wire


def mail(number: int) -> bytes:
    return b"Subject: mail %d\r\n\r\n.dots\r\n..\r\n.\r\nnumber %d\r\n" % (number, number)


MAILS = [mail(1), mail(2), mail(3)]
SIZES = b"+OK\r\n1 %d\r\n2 %d\r\n3 %d\r\n.\r\n"


async def test_a_size_that_differs_from_list_is_read_once_more_alone_and_then_accepted() -> None:
    script = {"LIST": (SIZES % (len(mail(1)), 77, len(mail(3))),)}
    async with ScriptedServer(list(MAILS), script).serving() as server:
        result = await collect(Pop3Gateway(clear_text(server.port)))
    assert result.mails == [mail(1), mail(3), mail(2)]
    assert result.sizes[2] == (77, len(mail(2)))
    asked = [line for line in server.received if line.startswith((b"RETR", b"NOOP"))]
    assert asked == [b"RETR 1", b"RETR 2", b"RETR 3", b"NOOP", b"RETR 2", b"NOOP"]
    assert [spool.discarded for spool in result.spools] == [False, True, False, False]


async def test_a_server_that_counts_lf_alone_gets_every_mail_read_once() -> None:
    script = {"LIST": (SIZES % tuple(len(m) - m.count(b"\n") for m in MAILS),)}
    async with ScriptedServer(list(MAILS), script).serving() as server:
        await collect(Pop3Gateway(clear_text(server.port)))
    assert server.verbs().count(b"RETR") == 3


async def test_a_mail_that_breaks_every_session_does_not_hold_up_the_others() -> None:
    script = {"RETR 2": (on_the_wire(mail(2))[:40], Act.CLOSE)}
    server = ScriptedServer(list(MAILS), script)
    async with server.serving():
        gateway = Pop3Gateway(clear_text(server.port))
        first, second, third = [await collect(gateway) for _ in range(3)]
    assert (first.mails, second.mails, third.mails) == ([mail(1)], [mail(1), mail(3)], [mail(1), mail(3)])
    assert (third.status, third.closed) == (None, True)
    assert [declined.listed.number for declined in third.declined] == [2]
    assert server.mails == [mail(2)]


async def test_mails_refused_by_the_server_are_named_with_its_reason() -> None:
    script = {"RETR 1": (b"-ERR disk\r\n",), "DELE 3": (b"-ERR read-only\r\n",)}
    async with ScriptedServer(list(MAILS), script).serving() as server:
        result = await collect(Pop3Gateway(clear_text(server.port)))
    assert [(one.listed.number, one.words) for one in result.declined] == [
        (1, "the server would not give it: disk"),
        (3, "the server would not delete it: read-only"),
    ]


NAMELESS: tuple[dict[str, Any], ...] = (
    {"UIDL": (b"-ERR what\r\n",)},
    {"UIDL": (b"-ERR what\r\n",), "TOP": (b"-ERR what\r\n",)},
    {"UIDL": (b"+OK\r\n1 same\r\n2 same\r\n3 same\r\n.\r\n",)},
    {"UIDL": (b"+OK\r\n.\r\n",)},
)


@pytest.mark.parametrize("script", NAMELESS)
async def test_a_mail_keeps_its_derived_name_from_session_to_session(script: dict[str, Any]) -> None:
    server = ScriptedServer(list(MAILS), script, ("PIPELINING", "TOP"))
    async with server.serving():
        gateway = Pop3Gateway(clear_text(server.port))
        first = await collect(gateway, delete=False)
        del server.mails[0]
        second = await collect(gateway, delete=False)
    uids = [listed.uid for listed in first.listed]
    assert len(set(uids)) == 3
    assert [listed.uid for listed in second.listed if listed.number < 3] == uids[1:]


async def test_an_uidl_outside_its_standard_gives_the_same_name_in_every_session() -> None:
    script = {"UIDL": (b"+OK\r\n1 a b\r\n2 \xff\r\n3 %s\r\n.\r\n" % (b"c" * 500),)}
    async with ScriptedServer(list(MAILS), script).serving() as server:
        gateway = Pop3Gateway(clear_text(server.port))
        first, second = await collect(gateway, delete=False), await collect(gateway, delete=False)
    assert first.listed == second.listed
    assert all(listed.uid.startswith("uidl-sha256:") for listed in first.listed)
    assert server.verbs().count(b"TOP") == 0


async def test_two_mails_with_one_header_and_no_uidl_are_both_received() -> None:
    twins = [b"Subject: twin\r\n\r\nfirst.\r\n", b"Subject: twin\r\n\r\nsecond\r\n"]
    async with ScriptedServer(list(twins), {"UIDL": (b"-ERR what\r\n",)}, ("TOP",)).serving() as server:
        result = await collect(Pop3Gateway(clear_text(server.port)))
    assert (result.mails, len({listed.uid for listed in result.listed})) == (twins, 2)
