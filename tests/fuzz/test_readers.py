"""The readers of POP3, IMAP and SMTP: however the network cuts what a server sends, the same comes out."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap.responses import Response, begun, literal_size
from postroom.gateways.lines import Lines
from postroom.gateways.pop3.body import Body, stuff
from postroom.gateways.pop3.replies import parse_reply
from postroom.gateways.smtp.replies import MAX_WORDS, in_words
from tests.fuzz.mutated import chunks, mutated

PIECES = [
    b"+OK",
    b"-ERR",
    b" ",
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"\0",
    b"* ",
    b"OK",
    b"[",
    b"]",
    b"(",
    b")",
    b'"',
    b"{3}",
    b"1",
]
STREAMS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=40).map(b"".join)


def lines_of(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    """The lines up to the first fault, and whether there was one."""
    lines, found = Lines(), []
    for piece in pieces:
        lines.feed(piece)
        try:
            while (line := lines.line()) is not None:
                found.append(line)
        except ProtocolFault:
            return found, True
    return found, False


@given(st.data(), STREAMS)
def test_lines_do_not_depend_on_how_they_were_cut(data: st.DataObject, stream: bytes) -> None:
    assert lines_of(data.draw(chunks(stream))) == lines_of([stream])


@given(st.data(), mutated(), st.binary(max_size=20))
def test_a_mail_comes_out_as_it_was_and_what_follows_is_left(data: st.DataObject, raw: bytes, rest: bytes) -> None:
    # The last line of a mail ends in CRLF on the wire, so that the mail does not depend on how the server closes it.
    raw = raw[:2_000].replace(b"\r\n.\r\n", b"\r\n") + b"\r\n"
    body, taken, buffer = Body(), b"", b""
    for piece in data.draw(chunks(stuff(raw) + rest)):
        buffer += piece
        at = -1
        while not body.done and at != 0:
            got, at = body.take(buffer, 0)
            taken, buffer = taken + got, buffer[at:]
    assert (body.done, taken, buffer) == (True, raw, rest)


@given(STREAMS)
def test_a_line_of_a_server_is_read_or_refused(line: bytes) -> None:
    with contextlib.suppress(ProtocolFault):
        parse_reply(line)
    with contextlib.suppress(ProtocolFault):
        literal_size(line)
        tag, rest = begun(line)
        response = Response(tag, [rest])
        response.status()
        response.data()
    words = in_words(line.decode("utf-8", "surrogateescape"))
    assert len(words) <= MAX_WORDS
    assert not set(words) & set("\r\n\0")
