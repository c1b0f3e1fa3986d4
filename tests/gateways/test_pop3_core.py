"""The POP3 protocol core: bytes in, values out, for any bytes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateways import sasl
from postroom.gateways.arrival import HEADER_MAX, Arrival
from postroom.gateways.faults import ProtocolFault, UnsafeArgument
from postroom.gateways.pop3 import commands
from postroom.gateways.pop3.body import Body, stuff
from postroom.gateways.pop3.capabilities import parse_capabilities
from postroom.gateways.pop3.inbound import MAX_LINE, Inbound
from postroom.gateways.pop3.replies import Reply, parse_reply
from postroom.gateways.pop3.sasl import fits_initially
from postroom.gateways.pop3.sizes import agrees
from postroom.gateways.pop3.window import Asked, What, Window
from postroom.gateways.suspects import MOST, Suspects
from postroom.ports.gateways import Listed

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"a", b"\r", b"\n", b".\n", b"\n.", b"\x00\xff", b"\r."]))
"""Lines made of what is awkward for a dot-stuffed stream."""
MAILS = LINES.map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def sliced(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The stream in pieces, cut at these places."""
    places = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(places)]


def read_mails(pieces: list[bytes]) -> list[bytes]:
    """All complete mails of a stream of RETR replies that comes in these pieces."""
    inbound, body = Inbound(), None
    mails: list[bytes] = []
    parts: list[bytes] = []
    for piece in pieces:
        inbound.feed(piece)
        while True:
            if body is None:
                line = inbound.line()
                if line is None:
                    break
                assert parse_reply(line).ok
                body, parts = Body(), []
            parts.append(inbound.body(body))
            if not body.done:
                break
            mails.append(b"".join(parts))
            body = None
    return mails


@given(st.lists(MAILS, max_size=4), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_slicing_of_the_stream_gives_the_same_mails(mails: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"+OK\r\n" + stuff(mail) for mail in mails)
    assert read_mails(sliced(stream, cuts)) == mails


@given(st.lists(MAILS, max_size=3))
def test_a_stream_that_comes_octet_by_octet_gives_the_same_mails(mails: list[bytes]) -> None:
    stream = b"".join(b"+OK\r\n" + stuff(mail) for mail in mails)
    assert read_mails([stream[n : n + 1] for n in range(len(stream))]) == mails


@given(MAILS, st.data())
def test_a_mail_cut_anywhere_before_its_last_octet_is_not_a_mail(mail: bytes, data: st.DataObject) -> None:
    stream = b"+OK\r\n" + stuff(mail)
    cut = data.draw(st.integers(0, len(stream) - 1))
    assert read_mails([stream[:cut]]) == []


@given(MAILS)
def test_stuffing_and_unstuffing_give_the_mail_back(mail: bytes) -> None:
    body = Body()
    clean, rest = body.take(stuff(mail) + b"+OK next\r\n", 0)
    assert (clean, body.done, rest, body.newlines) == (mail, True, len(stuff(mail)), mail.count(b"\n"))
    assert len(stuff(mail)) - len(b".\r\n") == len(mail) + body.stuffed


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n. \r\n"])
def test_nothing_but_crlf_dot_crlf_ends_a_body(ending: bytes) -> None:
    body = Body()
    body.take(b"text" + ending, 0)
    assert not body.done


def test_a_dot_before_other_octets_is_taken_off_even_where_the_server_did_not_double_it() -> None:
    body = Body()
    assert body.take(b".one\r\n.two\r\n.\r\n", 0)[0] == b"one\r\ntwo\r\n"


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_make_the_reader_raise_anything_but_its_own_fault(pieces: list[bytes]) -> None:
    inbound = Inbound()
    for piece in pieces:
        inbound.feed(piece)
        try:
            line = inbound.line()
            if line is not None:
                parse_reply(line)
                inbound.body(Body())
        except ProtocolFault:
            return


def test_an_endless_line_is_refused_at_64_kibibytes() -> None:
    inbound = Inbound()
    inbound.feed(b"+OK " + b"a" * (MAX_LINE - 5))
    assert inbound.line() is None
    inbound.feed(b"aa")
    with pytest.raises(ProtocolFault, match="longer than 65536 octets"):
        inbound.line()


@pytest.mark.parametrize("data", [b"+OK\n", b"\n", b"+OK \rx\n"])
def test_a_line_that_ends_in_a_bare_lf_is_refused(data: bytes) -> None:
    inbound = Inbound()
    inbound.feed(data)
    with pytest.raises(ProtocolFault, match="bare LF"):
        inbound.line()


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"+OK", Reply(True)),
        (b"+OK 3 1200", Reply(True, "", "3 1200")),
        (b"-ERR [IN-USE] locked", Reply(False, "IN-USE", "locked")),
        (b"-ERR [sys/temp] later", Reply(False, "SYS/TEMP", "later")),
        (b"-ERR [LOGIN-DELAY 30] later", Reply(False, "LOGIN-DELAY", "later")),
        (b"-ERR [unclosed", Reply(False, "", "[unclosed")),
        (b"-ERR bell \x07 and \x1b[31m", Reply(False, "", "bell ? and ?[31m")),
    ],
)
def test_a_status_line_is_read_with_its_response_code(line: bytes, reply: Reply) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize("line", [b"", b"+OKAY", b"+ok", b"OK", b"421 closing", b"-ERROR", b"+", b" +OK"])
def test_a_line_that_is_no_status_line_is_a_fault(line: bytes) -> None:
    with pytest.raises(ProtocolFault):
        parse_reply(line)


@given(st.binary(max_size=2_000))
def test_a_servers_words_are_short_and_printable(line: bytes) -> None:
    reply = parse_reply(b"-ERR " + line)
    assert (reply.code + reply.text).isprintable()
    assert len(reply.text) <= 200


@pytest.mark.parametrize("octet", [*range(0x20), 0x7F])
def test_no_control_character_gets_into_any_argument(octet: int) -> None:
    bad = f"a{chr(octet)}DELE 1"
    for build, arguments in (
        (commands.user, (bad,)),
        (commands.password, (bad,)),
        (commands.auth, (bad, None)),
        (sasl.plain, (bad, "x")),
        (sasl.plain, ("x", bad)),
        (sasl.plain, ("x", "x", bad)),
        (sasl.xoauth2, (bad, "x")),
        (sasl.xoauth2, ("x", bad)),
    ):
        builder: Callable[..., bytes] = build
        with pytest.raises(UnsafeArgument):
            builder(*arguments)


def test_the_sasl_frames_are_those_of_their_specifications() -> None:
    assert sasl.plain("tim", "tanstaaftanstaaf") == b"AHRpbQB0YW5zdGFhZnRhbnN0YWFm"
    assert sasl.xoauth2("u@x", "T") == b"dXNlcj11QHgBYXV0aD1CZWFyZXIgVAEB"
    assert fits_initially("PLAIN", b"a" * 242)
    assert not fits_initially("PLAIN", b"a" * 243)


def test_capabilities_are_read_without_regard_to_case() -> None:
    capabilities = parse_capabilities(b"top\r\nSASL plain XOAUTH2\r\nLOGIN-DELAY 90 USER\r\npipelining\r\n\r\n")
    assert "TOP" in capabilities
    assert capabilities.offers_sasl("PLAIN")
    assert not capabilities.offers_sasl("LOGIN")
    assert capabilities.login_delay == 90
    assert capabilities.pipelining


def asked(number: int, size: int) -> Asked:
    return Asked(What.MAIL, Listed(number, f"uid-{number}", size))


def test_the_window_is_bounded_by_count_and_refilled_when_half_empty() -> None:
    window = Window([asked(n, 1) for n in range(1, 10)], 4, 1_000)
    assert window.refill() == b"RETR 1\r\nRETR 2\r\nRETR 3\r\nRETR 4\r\n"
    window.answered()
    assert window.refill() == b""
    window.answered()
    assert window.refill() == b"RETR 5\r\nRETR 6\r\n"


def test_the_window_is_bounded_by_announced_octets_and_always_lets_one_mail_through() -> None:
    window = Window([asked(1, 5_000), asked(2, 600), asked(3, 600)], 4, 1_000)
    assert window.refill() == b"RETR 1\r\n"
    window.answered()
    assert window.refill() == b"RETR 2\r\n"
    window.answered()
    assert window.refill() == b"RETR 3\r\n"


@given(st.lists(st.integers(0, 100)), st.integers(1, 9), st.integers(1, 150))
def test_every_mail_is_asked_for_once_whatever_the_window(sizes: list[int], count: int, octets: int) -> None:
    window = Window([asked(n, size) for n, size in enumerate(sizes)], count, octets)
    sent = b""
    while True:
        sent += window.refill()
        assert len(window.on_wire) <= count
        assert len(window.on_wire) == 1 or sum(one.octets for one in window.on_wire) <= octets
        if not window.on_wire:
            break
        window.answered()
    assert sent == b"".join(b"RETR %d\r\n" % n for n in range(len(sizes)))


def test_a_size_counted_with_lf_alone_or_with_stuffed_dots_is_no_difference() -> None:
    body = Body()
    body.take(b"a\r\n..b\r\n.\r\n", 0)
    assert agrees(7, 7, body)
    assert agrees(5, 7, body)
    assert agrees(8, 7, body)
    assert not agrees(6, 7, body)


def test_a_suspect_is_read_last_and_sits_out_ever_longer() -> None:
    suspects, good, bad = Suspects(), Listed(1, "good", 1), Listed(2, "bad", 1)
    sat_out = []
    for _ in range(4):
        suspects.blame("bad")
        rounds = 0
        while suspects.sort([bad, good]) == ([good], [], [bad]):
            rounds += 1
        assert suspects.sort([bad, good]) == ([good], [bad], [])
        sat_out.append(rounds)
    assert sat_out == [0, 1, 3, 7]
    suspects.clear("bad")
    assert suspects.sort([bad, good]) == ([bad, good], [], [])


def test_no_more_than_a_thousand_suspects_are_remembered() -> None:
    suspects = Suspects()
    for number in range(MOST + 5):
        suspects.blame(str(number))
    _, suspected, _ = suspects.sort([Listed(n, str(n), 1) for n in range(MOST + 5)])
    assert [listed.number for listed in suspected] == list(range(5, MOST + 5))


class Spool:
    def __init__(self) -> None:
        self.content = b""

    def write(self, chunk: bytes) -> None:
        self.content += chunk

    def discard(self) -> None:
        self.content = b"discarded"


def test_an_arrival_over_the_limit_keeps_its_header_and_discards_the_rest() -> None:
    spool = Spool()
    arrival = Arrival(spool, 30)
    for chunk in (b"Subject: x\r\nTo:", b" y\r\n\r\nbo", b"dy" * 10, b"more"):
        arrival.take(chunk)
    assert spool.content == b"discarded"
    assert (arrival.header, arrival.size, arrival.spool) == (b"Subject: x\r\nTo: y\r\n", 47, None)


def test_the_header_kept_of_an_arrival_is_bounded() -> None:
    arrival = Arrival(None, 0)
    for _ in range(20):
        arrival.take(b"x" * 100_000)
    assert len(arrival.header) == HEADER_MAX
