"""Mails made to be dear: each is read within the bounds, and says what of it was not."""

from __future__ import annotations

import pytest

from postroom.mail.limits import LIMITS
from postroom.mail.parse import HEADER_ONLY, parse
from postroom.mail.prescan import Reading, prescan
from postroom.mail.quotes import new_text

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n"
NEST = [b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(20_000)]
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
DSN = HEAD + (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: message/delivery-status\r\n\r\n"
)
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"

FLAWED = {
    "1,000 nested multiparts": HEAD + b"".join(NEST[:1_000]) + b"\r\nx",
    "20,000 nested multiparts": HEAD + b"".join(NEST) + b"\r\nx",
    "1,000 nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"x",
    "100,000 nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + b"x",
    "100,000 nested messages in capitals": HEAD + b"Content-Type: MESSAGE/RFC822\r\n\r\n" * 100_000 + b"x",
    "100,000 parts": MIXED + b"--x\r\n\r\n" * 100_000,
    "1,000,000 parts": MIXED + b"--x\r\n\r\n" * 1_000_000,
    "1,000,000 lines like boundaries": MIXED + b"--x\r\n\r\n" + b"--y\r\n" * 1_000_001 + b"--x--",
    "100,000 fields": HEAD + b"A: b\r\n" * 100_000 + b"\r\nx",
    "100,000 addresses": HEAD + b"Cc: " + b"a@b.example, " * 100_000 + b"\r\n\r\nx",
    "1 MB of boundary": HEAD + b"Content-Type: multipart/mixed; boundary=" + b"x" * 1_000_000 + b"\r\n\r\n--x",
    "a boundary at the limit of the header": HEAD
    + b"Content-Type: multipart/mixed; boundary="
    + b"x" * 200_000
    + b"\r\n\r\n",
    "a 20 MB line": HEAD + b"\r\n" + b"x" * 20_000_000,
    "only equal signs": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 5_000_000,
}
SOUND = {
    "parentheses": HEAD + b"Cc: " + b"(" * 120_000 + b"\r\nX-A: " + b"(" * 100_000 + b"\r\n\r\nx",
    "quotation marks": HEAD
    + b"Cc: "
    + b'"' * 60_000
    + b'\\"' * 30_000
    + b"\r\nContent-Type: a/b;"
    + b'"' * 50_000
    + b"\r\n\r\nx",
    "an angle bracket never closed": HEAD + b"Cc: <@" + b"," * 200_000 + b"\r\n\r\nx",
    "12,000 split encoded words": HEAD + b"Subject: " + b" ".join([b"=?utf-8?q?=C3?="] * 12_000) + b"\r\n\r\nx",
    "15,000 sections of a parameter": HEAD
    + b"Content-Type: a/b;"
    + b"".join(b" a*%d*=%%41;" % n for n in range(15_000))
    + b"\r\n\r\n",
    "References of 250 kB": HEAD + b"References: " + b"<a@b> " * 40_000 + b"\r\n\r\nx",
    "opening brackets for References": HEAD + b"References: " + b"<" * 200_000 + b"\r\n\r\nx",
    "200,000 nested elements": HTML + b"<div>" * 200_000,
    "60,000 nested tables": HTML + b"<table><tr><td>" * 60_000,
    "60,000 unclosed formats": HTML + b"<b><i><a href=x>" * 60_000,
    "900,000 opening brackets": HTML + b"<" * 900_000,
    "a report of 100,000 recipients": DSN + b"Final-Recipient: rfc822;a@b.example\r\n\r\n" * 100_000 + b"--x--",
    "a report of junk": DSN + b"junk line\r\n" * 100_000 + b"--x--",
    "20 MB of base64": HEAD
    + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + (b"A" * 76 + b"\r\n") * 260_000,
}


@pytest.mark.parametrize("raw", FLAWED.values(), ids=FLAWED.keys())
def test_a_bomb_is_a_message_with_defects(raw: bytes) -> None:
    message = parse(raw)
    assert message.defects
    assert len(message.shape) <= LIMITS.parts
    assert len(message.text) <= LIMITS.text
    assert message.from_[0].addr == "a@b.example"


@pytest.mark.parametrize("raw", SOUND.values(), ids=SOUND.keys())
def test_a_large_and_lawful_mail_is_read_within_the_bounds(raw: bytes) -> None:
    message = parse(raw)
    assert len(message.cc) <= LIMITS.addresses
    assert len(message.references) <= LIMITS.ids
    assert message.report is None or len(message.report.recipients) <= LIMITS.reported_recipients


def test_the_prescan_sends_the_dear_ones_to_the_child_or_to_the_header() -> None:
    readings = {name: prescan(raw).reading for name, raw in {**FLAWED, **SOUND}.items()}
    header_only = {name for name, reading in readings.items() if reading is Reading.HEADER_ONLY}
    assert header_only == {
        "100,000 fields",
        "100,000 addresses",
        "1 MB of boundary",
    }
    child = {name for name, reading in readings.items() if reading is Reading.CHILD}
    assert child == {"100,000 parts", "1,000,000 parts", "1,000,000 lines like boundaries"}
    assert prescan(HEAD + b"\r\n" + b"x" * 31_000_000).reading is Reading.CHILD


def test_many_hyphens_are_no_boundaries() -> None:
    assert prescan(MIXED + b"--x\r\n\r\n" + b"-" * 1_000_000).reading is Reading.FAST
    verdict = prescan(FLAWED["100,000 parts"])
    assert verdict.reason == "more than 20000 lines look like boundaries"


def test_what_is_read_as_header_only_says_why() -> None:
    message = parse(FLAWED["100,000 fields"])
    assert HEADER_ONLY in message.defects
    assert any("more than 1000 fields" in defect for defect in message.defects) or any(
        "larger than" in defect for defect in message.defects
    )


@pytest.mark.parametrize(
    "text",
    [
        ">" * 200_000,
        "> " * 100_000,
        "On " * 80_000,
        "On 1.1.2026 10:00\n" * 15_000,
        "From: a\n" * 30_000,
        "-" * 250_000,
        "a@b.c <" * 30_000,
        "-- \n" * 60_000,
        "Am 1. Jan 2026 " + "x " * 100_000,
        ("x" * 499 + ":\n") * 500,
        "\n" * 250_000,
        "schrieb " * 30_000 + ":",
        "1.1.26 10:00 <a@b> " * 12_000,
        "_" * 100 + "\n" + "From: a\nTo:" * 20_000,
    ],
)
def test_the_quote_splitter_takes_any_text_in_one_pass(text: str) -> None:
    parts = new_text(text)
    assert len(parts.new) + len(parts.quoted) + len(parts.signature) <= len(text)
