"""However the network cuts what an IMAP or SMTP server says, the same responses, mails and faults come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from aiosmtplib.protocol import SMTPProtocol
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateways.arrival import Arrival
from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.connection import Connection, TooMuch
from postroom.gateways.smtp.guard import Guard
from postroom.gateways.stream import Deadline
from tests.fuzz.mutated import chunks, mutated

WAIT = Deadline(0.0, 0.0)
LARGEST = 3_000

IMAP_PIECES = [
    *(b"* ", b"a1 ", b"+ ", b"OK", b"NO [ALERT] x", b"BYE", b" ", b"\r\n", b"\r", b"\n", b"\0"),
    *(b"(", b")", b'"', b"\\", b"[", b"]", b"NIL", b"{0}\r\n", b"{2}\r\n", b"~{1+}\r\n", b"{9999}\r\n"),
    *(b"* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n", b"* 2 FETCH (BODY[HEADER] {4}\r\n", b"* SEARCH 1 2\r\n"),
    *(b"{99999999999999999999}\r\n", b'* LIST () "/" {5}\r\nINBOX\r\n'),
]  # fmt: skip
SMTP_PIECES = [
    *(b"250", b"250-", b"250 ok\r\n", b"250-first\r\n", b"220 hello\r\n", b"421 bye\r\n", b"550 5.1.1 no\r\n"),
    *(b" ", b"-", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"99", b"+OK\r\n", b"25", b"0-x\r\n0 y\r\n", b"354 go\r\n"),
]  # fmt: skip


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all examples."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


def streams(pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=4), max_size=30).map(b"".join)


class EndOfStream(Exception):
    """Nothing more comes."""


class Kept:
    """A spool that keeps its octets."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, chunk: bytes) -> None:
        self.octets += chunk

    def discard(self) -> None:
        self.octets = b""


class Fed(Connection):
    """A connection that gets its next piece where it would wait for one."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__("the server", 1.0, 1)
        self.pieces = pieces

    async def more(self, deadline: Deadline, doing: str) -> None:  # noqa: ARG002 the same face
        if not self.pieces:
            raise EndOfStream
        self.data_received(self.pieces.pop(0))


async def imap_answers(pieces: list[bytes]) -> list[object]:
    """Every response up to the end or the first fault, with the octets of its mails."""
    connection, said, spools = Fed(pieces), list[object](), list[Kept]()

    def opens(size: int) -> Arrival:
        spools.append(Kept())
        return Arrival(spools[-1], LARGEST)

    try:
        while True:
            response = await connection.response(WAIT, "we read", opens, LARGEST)
            parts = [part.header if isinstance(part, Arrival) else bytes(part) for part in response.parts]
            said.append((response.tag, parts, response.status()))
    except EndOfStream:
        said.append("end")
    except TooMuch as fault:
        said.append((fault.octets, fault.said, fault.arrival.header))
    except ProtocolFault as fault:
        said.append(str(fault))
    return [*said, *(spool.octets for spool in spools)]


@given(st.data(), streams(IMAP_PIECES))
def test_responses_of_imap_do_not_depend_on_how_they_were_cut(
    loop: asyncio.AbstractEventLoop, data: st.DataObject, stream: bytes
) -> None:
    pieces = data.draw(chunks(stream))
    assert loop.run_until_complete(imap_answers(pieces)) == loop.run_until_complete(imap_answers([stream]))


@given(st.data(), mutated())
def test_a_mail_over_imap_comes_out_as_it_was(loop: asyncio.AbstractEventLoop, data: st.DataObject, raw: bytes) -> None:
    raw = raw[:LARGEST]
    stream = b"* 1 FETCH (UID 7 BODY[] {%d}\r\n%b)\r\na1 OK done\r\n" % (len(raw), raw)
    *said, spooled = loop.run_until_complete(imap_answers(data.draw(chunks(stream))))
    assert [answer[0] if isinstance(answer, tuple) else answer for answer in said] == [b"*", b"a1", "end"]
    assert spooled == raw


class Wire(asyncio.Transport):
    """A transport that notes that it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def abort(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut


def smtp_answer(loop: asyncio.AbstractEventLoop, pieces: Iterable[bytes]) -> tuple[object, bool, bytes]:
    """The reply to a command, None while it is not whole; whether the connection was cut; and what was too much."""
    wire, protocol = Wire(), SMTPProtocol(loop=loop)
    protocol.connection_made(wire)
    guard = Guard(protocol, wire)
    guard.expect()
    for piece in pieces:
        if not wire.is_cut:
            guard.data_received(piece)
    waiter = protocol._response_waiter
    assert waiter is not None
    if not waiter.done():
        return None, wire.is_cut, guard.heard
    error = waiter.exception()
    return (str(error) if error else waiter.result()), wire.is_cut, guard.heard


@given(st.data(), streams(SMTP_PIECES))
def test_the_reply_of_smtp_and_what_is_too_much_do_not_depend_on_how_they_were_cut(
    loop: asyncio.AbstractEventLoop, data: st.DataObject, stream: bytes
) -> None:
    whole = smtp_answer(loop, [stream])
    cut = smtp_answer(loop, (piece for piece in data.draw(chunks(stream)) if piece))
    assert cut[:2] == whole[:2]
    assert whole[2].startswith(cut[2])
    assert bool(cut[2]) is bool(whole[2])
