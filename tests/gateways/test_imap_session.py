"""What an IMAP session says to a server that behaves, and what it does between sessions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.errors import ConfigurationError, PermanentError, TemporaryError
from postroom.gateways.imap import After, ImapGateway
from postroom.gateways.reading import Auth, Security
from postroom.ports.gateways import Fetched, GatewayError, GatewayStatus
from tests.gateways.test_smtp.world import eventually
from tests.support.given_tokens import GivenTokens
from tests.support.imap_options import clear_text, hasty
from tests.support.imap_script import CAPABILITIES, Act, ScriptedImap, Turns, ok
from tests.support.one_session import MemorySpooler, collect

MAILS = {uid: b"Subject: %d\r\n\r\nhello %d\r\n" % (uid, uid) for uid in (1, 4, 9)}
SOON = 20.0


def server(**how: Any) -> ScriptedImap:  # noqa: ANN401 fields of the server
    return ScriptedImap(dict(MAILS), **how)


async def test_mails_come_whole_with_lasting_names_and_the_servers_time() -> None:
    async with server().serving() as box:
        result = await collect(ImapGateway(clear_text(box.port)))
    assert (result.mails, result.closed, box.mails) == (list(MAILS.values()), True, {})
    assert [one.uid for one in result.listed] == ["imap:7:1", "imap:7:4", "imap:7:9"]
    assert result.listed[0].received_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert box.received[-3:] == [b"UID STORE 1,4,9 +FLAGS.SILENT (\\Deleted)", b"UID EXPUNGE 1,4,9", b"LOGOUT"]


async def test_another_uidvalidity_makes_other_names() -> None:
    async with server().serving() as box:
        gateway = ImapGateway(clear_text(box.port))
        first = await collect(gateway, delete=False)
        box.validity = 8
        second = await collect(gateway, delete=False)
    assert [one.uid for one in second.listed] == ["imap:8:1", "imap:8:4", "imap:8:9"]
    assert second.mails == first.mails


async def test_an_unchanged_folder_is_not_listed_again_and_of_a_changed_one_only_what_is_new() -> None:
    async with server().serving() as box:
        gateway = ImapGateway(clear_text(box.port))
        names = [[one.uid for one in (await collect(gateway, delete=False)).listed] for _ in range(2)]
        box.deliver(12, b"Subject: new\r\n\r\n")
        names.append([one.uid for one in (await collect(gateway, delete=False)).listed])
        del box.mails[4]
        names.append([one.uid for one in (await collect(gateway, delete=False)).listed])
        box.mails.clear()
        names.append([one.uid for one in (await collect(gateway, delete=False)).listed])
    listings = [line for line in box.received if b"RFC822.SIZE" in line]
    assert [line.split(b" ")[2] for line in listings] == [b"1:*", b"10:*", b"13:*", b"1:*"]
    three, four = [f"imap:7:{uid}" for uid in (1, 4, 9)], [f"imap:7:{uid}" for uid in (1, 4, 9, 12)]
    assert names == [three, three, four, [f"imap:7:{uid}" for uid in (1, 9, 12)], []]


async def test_mails_are_asked_for_several_at_once() -> None:
    async with server().serving() as box:
        mailbox = await ImapGateway(clear_text(box.port, window=2)).open()
        listing = await mailbox.listing()
        async for _ in mailbox.fetch(listing, MemorySpooler()):
            break
        await asyncio.sleep(0.05)
        assert [line.split(b" ")[2] for line in box.received if b"BODY" in line] == [b"1", b"4"]
        mailbox.abort()


async def test_several_folders_are_read_each_under_its_own_names() -> None:
    box = server(folders={"Büro & Co": {1: b"Subject: other\r\n\r\n"}})
    box.folders["B&APw-ro &- Co"] = box.folders["Büro & Co"]
    async with box.serving():
        result = await collect(ImapGateway(clear_text(box.port, folders=("INBOX", "Büro & Co"))))
    assert [one.uid for one in result.listed][-1] == "imap:7:1:Büro & Co"
    assert result.mails[-1] == b"Subject: other\r\n\r\n"
    assert b'SELECT "B&APw-ro &- Co"' in box.received
    assert (box.mails, box.folders["B&APw-ro &- Co"]) == ({}, {})
    assert result.closed


@pytest.mark.parametrize("capabilities", [CAPABILITIES, ("IMAP4rev1", "UIDPLUS", "AUTH=PLAIN")])
async def test_mails_may_be_moved_to_a_folder_that_is_made_when_it_is_missing(capabilities: tuple[str, ...]) -> None:
    verb = "UID MOVE" if "MOVE" in capabilities else "UID COPY"
    script = {verb: Turns([(b"<tag> NO [TRYCREATE] no such folder\r\n",), (Act.USUAL,)])}
    async with server(script=script, capabilities=capabilities, folders={"Done": {}}).serving() as box:
        # The first answer is the script's; what the server does beside it is undone.
        box.folders["Done"].clear()
        result = await collect(ImapGateway(clear_text(box.port, after=After.MOVE, move_to="Done")))
    assert (result.closed, result.status) == (True, None)
    assert box.mails == {}
    assert set(MAILS.values()) <= set(box.folders["Done"].values())
    assert b'CREATE "Done"' in box.received


PLAIN_REV1 = ("IMAP4rev1", "AUTH=PLAIN")


async def test_without_uidplus_all_that_is_marked_is_removed_where_that_is_ours_alone() -> None:
    async with server(capabilities=PLAIN_REV1).serving() as box:
        result = await collect(ImapGateway(clear_text(box.port)))
    assert (result.closed, result.status, box.mails) == (True, None, {})
    assert box.verbs().count("EXPUNGE") == 1
    assert "UID EXPUNGE" not in box.verbs()


async def test_without_uidplus_nothing_is_marked_where_somebody_else_marked_a_mail() -> None:
    async with server(capabilities=PLAIN_REV1).serving() as box:
        box.mails[12] = b"Subject: theirs\r\n\r\n"
        box.deleted.add(12)
        gateway = ImapGateway(clear_text(box.port))
        result = await collect(gateway, want=lambda listed: [one for one in listed if one.uid != "imap:7:12"])
    assert result.status is GatewayStatus.DRAINING_STUCK
    assert "by others" in result.words
    assert len(box.mails) == len(MAILS) + 1
    assert box.deleted == {12}
    assert "EXPUNGE" not in box.verbs()


async def test_without_uidplus_ours_is_unmarked_where_somebody_marks_a_mail_meanwhile() -> None:
    late = Turns([(Act.USUAL,), (b"* SEARCH 1 4 9 12\r\n<tag> OK done\r\n",)])
    async with server(capabilities=PLAIN_REV1, script={"UID SEARCH": late}).serving() as box:
        result = await collect(ImapGateway(clear_text(box.port)))
    assert (result.closed, box.mails, box.deleted) == (False, MAILS, set())
    assert "EXPUNGE" not in box.verbs()


@pytest.mark.parametrize("said", [b"", b"* ESEARCH UID\r\n"])
async def test_without_uidplus_a_server_that_does_not_say_what_is_marked_is_not_trusted(said: bytes) -> None:
    script = {"UID SEARCH": (said + b"<tag> OK done\r\n",)}
    async with server(capabilities=PLAIN_REV1, script=script).serving() as box:
        result = await collect(ImapGateway(clear_text(box.port)))
    assert (result.status, box.mails, box.deleted) == (GatewayStatus.DRAINING_STUCK, MAILS, set())


async def test_mails_may_stay_marked_as_seen() -> None:
    async with server().serving() as box:
        result = await collect(ImapGateway(clear_text(box.port, after=After.FLAG)), delete=False)
    assert (result.closed, box.mails, box.seen) == (True, MAILS, set(MAILS))
    assert b"UID STORE 1,4,9 +FLAGS.SILENT (\\Seen)" in box.received


@pytest.mark.parametrize(
    ("capabilities", "more", "said"),
    [
        (("AUTH=PLAIN",), {}, [b"AUTHENTICATE PLAIN", b"AHUAc2VjcmV0LXB3"]),
        (("AUTH=PLAIN",), {"login_user": "agent"}, [b"AUTHENTICATE PLAIN", b"dQBhZ2VudABzZWNyZXQtcHc="]),
        ((), {}, [b'LOGIN "u" "secret-pw"']),
        ((), {"password": 'a"b\\c'}, [b'LOGIN "u" "a\\"b\\\\c"']),
        ((), {"login_user": "agent"}, [b'LOGIN "agent" "secret-pw"']),
    ],
)
async def test_one_signs_in_the_way_the_server_offers(
    capabilities: tuple[str, ...], more: dict[str, Any], said: list[bytes]
) -> None:
    async with server(capabilities=("IMAP4rev1", "UIDPLUS", *capabilities)).serving() as box:
        assert (await collect(ImapGateway(clear_text(box.port, **more)))).mails == list(MAILS.values())
    assert box.received[1 : 1 + len(said)] == said


async def test_a_password_outside_ascii_goes_as_a_literal_the_server_asked_for() -> None:
    box = server(capabilities=("IMAP4rev1", "UIDPLUS"))
    box.script = {"LOGIN": (b"+ \r\n",), "{3}": (b"+ \r\n",), "pä": (b"a2 OK\r\n",)}
    async with box.serving():
        assert (await collect(ImapGateway(clear_text(box.port, password="pä")))).mails == list(MAILS.values())
    assert box.received[1:4] == [b"LOGIN {1}", b"{3}", "pä".encode()]


async def test_a_server_that_does_not_ask_for_the_literal_gets_no_password() -> None:
    async with server(capabilities=(), script={"LOGIN": (b"<tag> NO not so\r\n",)}).serving() as box:
        with pytest.raises(GatewayError) as caught:
            await ImapGateway(clear_text(box.port, password="pä")).open()
    assert caught.value.status is GatewayStatus.AUTH_FAILED
    assert box.received[1:] == [b"LOGIN {1}"]


async def test_a_token_that_grew_old_is_replaced_on_a_new_connection_and_once() -> None:
    script = {"AUTHENTICATE": Turns([(b"<tag> NO [AUTHENTICATIONFAILED] expired\r\n",), (Act.USUAL,)])}
    async with server(script=script, capabilities=("UIDPLUS", "AUTH=XOAUTH2")).serving() as box:
        options = clear_text(box.port, auth=Auth.XOAUTH2, password="", token=GivenTokens("old", "new"))
        assert (await collect(ImapGateway(options))).mails == list(MAILS.values())
    assert box.sessions == 2


async def test_a_refused_token_is_explained_by_the_servers_challenge_and_never_shown() -> None:
    script = {"AUTHENTICATE": (b"+ \r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\n",), "": (b"a2 NO denied tok-en\r\n",)}
    async with server(script=script, capabilities=("AUTH=XOAUTH2",)).serving() as box:
        result = await collect(
            ImapGateway(hasty(clear_text(box.port, auth=Auth.XOAUTH2, password="", token=GivenTokens("tok-en"))))
        )
    assert result.status is GatewayStatus.AUTH_FAILED or "tok-en" not in result.words
    assert "tok-en" not in result.words


@pytest.mark.parametrize(
    ("error", "status"),
    [(PermanentError("revoked"), GatewayStatus.AUTH_FAILED), (TemporaryError("away"), GatewayStatus.CONNECTION_FAILED)],
)
async def test_a_token_that_cannot_be_had_is_said_as_what_it_is(error: Exception, status: GatewayStatus) -> None:
    async with server(capabilities=("AUTH=XOAUTH2",)).serving() as box:
        options = clear_text(box.port, auth=Auth.XOAUTH2, token=GivenTokens(error))
        result = await collect(ImapGateway(options))
    assert (result.status, result.words) == (status, f"there is no access token: {error}")
    assert box.verbs() == ["CAPABILITY"]


# -- between sessions ---------------------------------------------------------------------------------------------


async def test_the_connection_is_kept_between_sessions_and_tells_of_new_mail() -> None:
    async with server().serving() as box:
        gateway = ImapGateway(clear_text(box.port, idle=True))
        await collect(gateway)
        news = asyncio.Event()
        async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
            group.create_task(gateway.idle(news))
            await eventually(lambda: "IDLE" in box.verbs())
            box.deliver(20, b"Subject: news\r\n\r\n")
            await news.wait()
        assert (await collect(gateway)).mails == [b"Subject: news\r\n\r\n"]
        await gateway.leave()
        assert (box.sessions, box.verbs().count("AUTHENTICATE"), box.verbs()[-1]) == (1, 1, "LOGOUT")


async def test_mail_that_came_between_the_session_and_the_wait_is_told_of_at_once() -> None:
    async with server().serving() as box:
        gateway, news = ImapGateway(clear_text(box.port, idle=True)), asyncio.Event()
        await collect(gateway, delete=False)
        box.deliver(20, b"Subject: news\r\n\r\n")
        async with asyncio.timeout(SOON):
            await gateway.idle(news)
        assert news.is_set()
        assert "IDLE" not in box.verbs()
        await gateway.leave()


async def test_a_wait_that_is_broken_off_ends_its_idle_before_the_next_session() -> None:
    async with server().serving() as box:
        gateway = ImapGateway(clear_text(box.port, idle=True))
        await collect(gateway, delete=False)
        waiting = asyncio.create_task(gateway.idle(asyncio.Event()))
        await eventually(lambda: "IDLE" in box.verbs())
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await collect(gateway)).mails == list(MAILS.values())
        assert box.sessions == 1
        assert b"DONE" in box.received
        await gateway.leave()


@pytest.mark.parametrize(
    "script",
    [
        {"IDLE": (b"* BYE idle too long\r\n", Act.CLOSE)},
        {"IDLE": (Act.CLOSE,)},
        {"IDLE": (b"what\r\n",)},
        {"IDLE": (b"* 5 EXISTS\n",)},
    ],
)
async def test_an_idle_that_breaks_is_of_no_weight(script: dict[str, Any]) -> None:
    async with server(script=script).serving() as box:
        gateway, news = ImapGateway(clear_text(box.port, idle=True)), asyncio.Event()
        await collect(gateway, delete=False)
        box.capabilities = ("IMAP4rev1", "UIDPLUS", "AUTH=PLAIN")
        async with asyncio.timeout(SOON):
            await gateway.idle(news)
        assert not news.is_set()
        assert (await collect(gateway)).mails == list(MAILS.values())
        assert box.sessions == 2


async def test_without_idle_nothing_is_kept() -> None:
    async with server(capabilities=("IMAP4rev1", "UIDPLUS", "AUTH=PLAIN")).serving() as box:
        gateway = ImapGateway(clear_text(box.port, idle=True))
        await collect(gateway)
        await gateway.idle(asyncio.Event())
        await gateway.leave()
    assert box.verbs()[-1] == "LOGOUT"


# -- what is asked for --------------------------------------------------------------------------------------------


async def test_a_mail_that_is_larger_than_was_said_leaves_its_header_alone() -> None:
    large = b"Subject: large\r\n\r\n" + b"x" * 5_000
    box = ScriptedImap({1: large, 2: MAILS[1]})
    box.script = {
        "UID FETCH 1:*": (b"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n* 2 FETCH (UID 2 RFC822.SIZE 20)\r\n" + ok(),)
    }
    async with box.serving():
        result = await collect(ImapGateway(clear_text(box.port, max_message_size=1_000)))
    assert (result.mails, result.too_large) == ([MAILS[1]], [b"Subject: large\r\n"])
    assert set(box.mails) == {1}


async def test_a_short_mail_may_come_as_a_text() -> None:
    box = ScriptedImap({1: b"A: b"}, {"UID FETCH 1": (b'* 1 FETCH (BODY[] "A: \\"b\\"" UID 1)\r\n' + ok(),)})
    async with box.serving():
        assert (await collect(ImapGateway(clear_text(box.port)), delete=False)).mails == [b'A: "b"']


async def test_answers_in_another_order_are_told_apart_by_their_names() -> None:
    box = server()
    one = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(MAILS[1]), MAILS[1])
    four = b"* 2 FETCH (BODY[] {%d}\r\n%b UID 4)\r\n" % (len(MAILS[4]), MAILS[4])
    box.script = {"UID FETCH 1": (b"",), "UID FETCH 4": (four, one, b"a7 OK\r\na6 OK\r\n")}
    async with box.serving():
        mailbox = await ImapGateway(clear_text(box.port)).open()
        listing = await mailbox.listing()
        got = [item async for item in mailbox.fetch(listing[:2], MemorySpooler())]
        mailbox.abort()
    assert [item.listed.uid for item in got] == ["imap:7:4", "imap:7:1"]
    assert all(isinstance(item, Fetched) for item in got)


@pytest.mark.parametrize(
    "wrong",
    [
        {"allow_plaintext": False},
        {"auth": Auth.XOAUTH2},
        {"folders": ()},
        {"after": After.MOVE},
        {"after": After.MOVE, "move_to": "INBOX"},
        {"user": "a\r\nb"},
        {"password": "a\0"},
        {"folders": ("a\nb",)},
        {"login_user": "\x7f"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        clear_text(143, **wrong)


def test_the_usual_ports_and_no_secret_in_print() -> None:
    options = clear_text(143)
    assert replace(options, port=None).peer == ("127.0.0.1", 143)
    assert replace(options, port=None, security=Security.TLS).peer == ("127.0.0.1", 993)
    assert "secret-pw" not in repr(options)
