"""The sandbox as any mail program sees it: smtplib and poplib, on threads of their own."""

from __future__ import annotations

import asyncio
import poplib
import smtplib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from postroom.errors import ConfigurationError
from postroom.sandbox import Sandbox

DESK = "desk@example.com"
CUSTOMER = "customer@example.org"
MAIL = b"From: customer@example.org\r\nTo: desk@example.com\r\nSubject: A question\r\n\r\nHow much?\r\n"
DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\n.hidden\r\nend.\r\n.\r\n"

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def post(
    sandbox: Sandbox, raw: bytes, *recipients: str, login: tuple[str, str] | None = None
) -> dict[str, object]:
    def work() -> dict[str, object]:
        with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, "client.example", timeout=10) as client:
            if login:
                client.login(*login)
            return dict(client.sendmail(CUSTOMER, recipients or (DESK,), raw))

    return await in_thread(work)


async def in_pop3(sandbox: Sandbox, work: Callable[[poplib.POP3], T], user: str = DESK, password: str = "s3") -> T:
    """Sign in, do the work, and QUIT."""

    def session() -> T:
        client = poplib.POP3("127.0.0.1", sandbox.pop3_port, timeout=10)
        try:
            client.user(user)
            client.pass_(password)
            result = work(client)
            client.quit()
        finally:
            client.close()
        return result

    return await in_thread(session)


def retrieved(client: poplib.POP3, number: int) -> bytes:
    return b"".join(line + b"\r\n" for line in client.retr(number)[1])


@pytest.mark.parametrize("raw", [MAIL, DOTS], ids=["plain", "dots"])
async def test_a_mail_sent_over_smtp_is_read_over_pop3_byte_for_byte(raw: bytes) -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        assert await post(sandbox, raw) == {}
        assert await in_pop3(sandbox, lambda client: retrieved(client, 1)) == raw
        assert sandbox.mails(DESK) == (raw,)


async def test_stat_and_list_give_the_octets_that_retr_sends() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, MAIL)
        sandbox.deliver(DESK, DOTS)
        stat, listing = await in_pop3(sandbox, lambda client: (client.stat(), client.list()[1]))
        assert stat == (2, len(MAIL) + len(DOTS))
        assert listing == [b"1 %d" % len(MAIL), b"2 %d" % len(DOTS)]


async def test_deleted_mails_go_at_quit_and_not_when_the_connection_is_dropped() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, MAIL)
        sandbox.deliver(DESK, DOTS)

        def drop() -> None:
            client = poplib.POP3("127.0.0.1", sandbox.pop3_port, timeout=10)
            client.user(DESK)
            client.pass_("s3")
            client.dele(1)
            client.close()

        await in_thread(drop)
        assert len(sandbox.mails(DESK)) == 2
        await in_pop3(sandbox, lambda client: client.dele(1))
        assert sandbox.mails(DESK) == (DOTS,)


async def test_rset_takes_the_marks_off() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, MAIL)
        await in_pop3(sandbox, lambda client: (client.dele(1), client.rset()))
        assert len(sandbox.mails(DESK)) == 1


async def test_uidls_are_unique_and_lasting() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        for _ in range(3):
            sandbox.deliver(DESK, MAIL)
        before = await in_pop3(sandbox, lambda client: client.uidl()[1])
        await in_pop3(sandbox, lambda client: client.dele(1))
        sandbox.deliver(DESK, MAIL)
        after = await in_pop3(sandbox, lambda client: client.uidl()[1])
        names = [line.split()[1] for line in before]
        assert len(set(names)) == 3
        assert [line.split()[1] for line in after][:2] == names[1:]
        assert after[2].split()[1] not in names


async def test_top_gives_the_header_and_so_many_lines() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, DOTS)
        top = await in_pop3(sandbox, lambda client: (client.top(1, 0)[1], client.top(1, 2)[1]))
        assert top == ([b"Subject: dots", b""], [b"Subject: dots", b"", b".", b".."])


async def test_the_server_says_what_it_can() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        capabilities = await in_pop3(sandbox, lambda client: client.capa())
        assert {"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES"} <= set(capabilities)


async def test_pipelined_commands_are_answered_in_order() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, MAIL)
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.pop3_port)
        writer.write(b"USER desk@example.com\r\nPASS s3\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
        async with asyncio.timeout(10):
            said = await reader.read()
        writer.close()
        assert [line[:3] for line in said.split(b"\r\n") if line.startswith(b"+OK")] == [b"+OK"] * 7
        assert MAIL + b".\r\n" in said
        assert sandbox.mails(DESK) == ()


@pytest.mark.parametrize("line", [b"RETR 2", b"RETR", b"RETR x", b"DELE 0", b"RETR -1", b"TOP 1", b"XYZ", b"", b"\xff"])
async def test_what_cannot_be_done_is_refused_and_the_session_goes_on(line: bytes) -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        sandbox.deliver(DESK, MAIL)
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.pop3_port)
        writer.write(b"USER desk@example.com\r\nPASS s3\r\n" + line + b"\r\nSTAT\r\nQUIT\r\n")
        async with asyncio.timeout(10):
            said = (await reader.read()).split(b"\r\n")
        writer.close()
        assert said[3].startswith(b"-ERR")
        assert said[4] == b"+OK 1 %d" % len(MAIL)


async def test_a_line_without_end_ends_the_session() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.pop3_port)
        writer.write(b"A" * 100_000)
        async with asyncio.timeout(10):
            try:
                said = await reader.read()
            except ConnectionError:
                said = b""
        writer.close()
        assert said in {b"", b"+OK Postroom sandbox ready\r\n"}


async def test_a_wrong_password_is_refused_with_its_code() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            await in_pop3(sandbox, lambda client: client.stat(), password="wrong")
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            await in_pop3(sandbox, lambda client: client.stat(), user="nobody@example.com", password="sandbox")


async def test_a_mailbox_is_open_in_one_session_at_a_time() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.pop3_port)
        writer.write(b"USER desk@example.com\r\nPASS s3\r\n")
        for _ in range(3):
            await reader.readline()
        with pytest.raises(poplib.error_proto, match=r"\[IN-USE\]"):
            await in_pop3(sandbox, lambda client: client.stat())
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()
        assert await in_pop3(sandbox, lambda client: client.stat()) == (0, 0)


async def test_a_new_recipient_gets_a_mailbox_of_its_own_at_its_first_mail() -> None:
    async with Sandbox(users={DESK: "s3"}, password="all") as sandbox:
        assert await post(sandbox, MAIL, "New@Example.net", CUSTOMER) == {}
        assert sandbox.addresses == (DESK, "new@example.net", CUSTOMER)
        assert sandbox.mails("new@example.net") == sandbox.mails(CUSTOMER) == (MAIL,)
        stat = await in_pop3(sandbox, lambda client: client.stat(), user="NEW@example.net", password="all")
        assert stat == (1, len(MAIL))


async def test_with_a_closed_list_nobody_else_gets_mail() -> None:
    async with Sandbox(users={DESK: "s3"}, open_to_all=False) as sandbox:
        refused = await post(sandbox, MAIL, DESK, CUSTOMER)
        assert list(refused) == [CUSTOMER]
        assert sandbox.mails(CUSTOMER) == ()
        assert sandbox.mails(DESK) == (MAIL,)


async def test_smtp_takes_mail_only_after_a_sign_in_where_that_is_asked() -> None:
    async with Sandbox(users={DESK: "s3"}, smtp_auth=True) as sandbox:
        with pytest.raises(smtplib.SMTPSenderRefused):
            await post(sandbox, MAIL)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            await post(sandbox, MAIL, login=(DESK, "wrong"))
        assert await post(sandbox, MAIL, login=(DESK, "s3")) == {}
        assert sandbox.mails(DESK) == (MAIL,)


async def test_a_mail_with_any_line_ends_is_stored_with_whole_ones() -> None:
    async with Sandbox() as sandbox:
        sandbox.deliver(DESK, b"Subject: x\n\nline\rend")
        assert sandbox.mails(DESK) == (b"Subject: x\r\n\r\nline\r\nend\r\n",)


async def test_mails_in_a_folder_are_found_again(tmp_path: Path) -> None:
    async with Sandbox(users={DESK: "s3"}, folder=tmp_path) as sandbox:
        sandbox.deliver(DESK, MAIL)
        sandbox.deliver("../../etc/passwd@example.com", DOTS)
        uids = await in_pop3(sandbox, lambda client: client.uidl()[1])
    assert all(path.is_relative_to(tmp_path) for path in tmp_path.rglob("*.eml"))
    async with Sandbox(users={DESK: "s3"}, folder=tmp_path) as sandbox:
        assert sandbox.mails("../../etc/passwd@example.com") == (DOTS,)
        assert await in_pop3(sandbox, lambda client: client.uidl()[1]) == uids
        await in_pop3(sandbox, lambda client: client.dele(1))
    async with Sandbox(users={DESK: "s3"}, folder=tmp_path) as sandbox:
        assert sandbox.mails(DESK) == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example.com"])
def test_an_address_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="this machine only"):
        Sandbox(host=host)


async def test_a_port_in_use_is_said() -> None:
    async with Sandbox() as first:
        with pytest.raises(ConfigurationError, match="cannot listen"):
            async with Sandbox(smtp_port=first.smtp_port):
                pass


async def test_stopping_ends_the_sessions_that_are_open() -> None:
    async with Sandbox(users={DESK: "s3"}) as sandbox:
        _, pop3_writer = await asyncio.open_connection("127.0.0.1", sandbox.pop3_port)
        smtp_reader, smtp_writer = await asyncio.open_connection("127.0.0.1", sandbox.smtp_port)
        await smtp_reader.readline()
        smtp_writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<desk@example.com>\r\nDATA\r\nSubject: x\r\n")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", sandbox.smtp_port)
    assert sandbox.mails(DESK) == ()
    pop3_writer.close()
    smtp_writer.close()
