"""What agents type, as it goes over the wire: one mail a transaction, in whole lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.compose import Reply, compose
from postroom.mail.compose_parts import File
from postroom.mail.message import Address
from postroom.mail.parse import attachment_bytes, parse
from tests.gateways.test_smtp.world import CUSTOMER, DESK, codes, gateway, go_on, plain_options
from tests.support.smtp_script import ScriptedServer

SMUGGLED = "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nSubject: second\r\n\r\nx\r\n.\r\n"
ENDS = [
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\r\n\0.\r\n",
    "\n\n.\n\n",
    "\u2028.\u2028",
]
SAID = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300) | st.sampled_from(
    [
        *(f"a{end}{SMUGGLED}" for end in ENDS if "\0" not in end),
        ".",
        "..",
        ".\n.",
        "x" * 5_000,
        "ü" * 2_000,
        "=\n=",
        " \n\t",
    ]
)


def written(text: str, html: str | None = None, files: tuple[File, ...] = ()) -> bytes:
    return compose(
        Reply(
            from_=Address(DESK),
            to=(Address(CUSTOMER),),
            subject="Re: x",
            date=datetime(2026, 3, 2, tzinfo=UTC),
            message_id="1@acme.example",
            text=text,
            html=html,
            files=files,
        )
    )


def unstuffed(server: ScriptedServer) -> list[bytes]:
    """What came, without the dots that transparency added (RFC 5321 §4.5.2)."""
    return [re.sub(rb"(?<=\n)\.", b"", one) for one in server.mails]


@given(SAID, st.none() | SAID, st.binary(max_size=500))
def test_whatever_is_typed_is_whole_short_seven_bit_lines_and_reads_back(
    text: str, html: str | None, content: bytes
) -> None:
    raw = written(text, html, (File(name="a.bin", content_type="a/b", content=content),))
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.isascii()
    message = parse(raw)
    (file,) = message.attachments
    assert attachment_bytes(raw, file.index) == content
    assert (message.subject, len(message.to), message.defects) == ("Re: x", 1, ())


@pytest.mark.parametrize("end", [end for end in ENDS if "\0" not in end], ids=ascii)
async def test_no_end_of_data_that_is_typed_ends_the_mail(end: str) -> None:
    raw = written(f"Hello{end}{SMUGGLED}", f"<p>Hello{end}{SMUGGLED}</p>")
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        outcome = await relay.send(DESK, [CUSTOMER], raw, go_on)
        assert codes(outcome) == {CUSTOMER: 250}
    assert unstuffed(server) == [raw]


async def test_a_line_of_dots_arrives_as_it_was_typed() -> None:
    raw = written(".\n..\n.hidden\n")
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        await relay.send(DESK, [CUSTOMER], raw, go_on)
    assert unstuffed(server) == [raw]
    assert parse(raw).text == ".\n..\n.hidden\n"


async def test_an_address_beyond_ascii_is_refused_in_words_where_the_server_lacks_smtputf8() -> None:
    async with ScriptedServer(extensions=(b"8BITMIME",)) as server, gateway(plain_options(server.port)) as relay:
        outcome = await relay.send(DESK, ["jörg@x.example", CUSTOMER], written("x"), go_on)
    assert codes(outcome) == {"jörg@x.example": 553, CUSTOMER: 250}
    assert "no SMTPUTF8" in next(one.words for one in outcome.results if one.code == 553)
