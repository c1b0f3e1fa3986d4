"""Everything that can be wrong with a mail has a name, and a mail that shows it."""

from __future__ import annotations

import pytest

from postroom.mail import bodies, envelope, headers, mime, parse
from postroom.mail.limits import Limits
from tests.mail.mails import changed, raw_mail

SMALL = Limits(header_block=2_000, headers=50, parts=10, depth=5, text=1_000, html=1_000)
MIXED = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def with_fields(*changes: tuple[str, str | None], body: str = "hello\r\n") -> bytes:
    return raw_mail(changed(changes), body)


def of(kind: str, body: str) -> bytes:
    return with_fields(("Content-Type", kind), body=body)


CLEAN = with_fields()

BROKEN: dict[str, bytes] = {
    headers.JUNK_LINE: b"Junk without its colon\r\n" + CLEAN,
    headers.NO_BLANK_LINE: CLEAN.replace(b"\r\n\r\n", b"\r\n"),
    headers.TOO_LARGE: b"X-Long: " + b"x" * 3_000 + b"\r\n" + CLEAN,
    headers.TOO_MANY: of("multipart/mixed; boundary=b", "--b\r\n" + "X-Y: z\r\n" * 200 + "\r\nx\r\n--b--\r\n"),
    headers.MBOX_LINE: b"From ann@customer.example Mon Mar  2 12:58:00 2026\r\n" + CLEAN,
    headers.NUL: b"X-Odd: a\0b\r\n" + CLEAN,
    envelope.TWO_FROM: b"From: bob@customer.example\r\n" + CLEAN,
    envelope.NO_DATE: with_fields(("Date", "the other day")),
    mime.NO_BOUNDARY: of("multipart/mixed", "hello"),
    mime.NO_PARTS: of("multipart/mixed; boundary=b", "hello"),
    mime.UNCLOSED: of("multipart/mixed; boundary=b", "--b\r\n\r\nhello"),
    mime.TOO_DEEP: of("message/rfc822", "Content-Type: message/rfc822\r\n\r\n" * 8),
    mime.TOO_MANY_PARTS: of("multipart/mixed; boundary=b", "--b\r\n\r\nx\r\n" * 12 + "--b--\r\n"),
    mime.TWICE: b"Content-Type: text/html\r\n" + CLEAN,
    mime.UNKNOWN_ENCODING: with_fields(("Content-Transfer-Encoding", "x-mine")),
    mime.ENCODED_CONTAINER: with_fields(("Content-Type", "message/rfc822"), ("Content-Transfer-Encoding", "base64")),
    bodies.TEXT_CUT: with_fields(body="long " * 300),
    bodies.HTML_CUT: of("text/html", "<p>long</p>" * 200),
    bodies.UNKNOWN_CHARSET: of("text/plain; charset=x-mine", "hello"),
    bodies.WRONG_CHARSET: of("text/plain", "für"),
    bodies.BROKEN_BASE64: with_fields(("Content-Transfer-Encoding", "base64"), body="no base64!"),
    bodies.TNEF: of("application/ms-tnef", "x"),
    parse.HEADER_ONLY: b"X-Y: z\r\n" * 60 + CLEAN,
    parse.EMPTY: b"",
}


@pytest.mark.parametrize("defect", BROKEN)
def test_what_is_wrong_with_a_mail_is_said(defect: str) -> None:
    assert defect in parse.parse(BROKEN[defect], SMALL).defects
    assert defect not in parse.parse(CLEAN, SMALL).defects


def test_every_defect_has_its_mail() -> None:
    named = {
        value
        for room in (headers, envelope, mime, bodies, parse)
        for name, value in vars(room).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    assert named == set(BROKEN)


def test_a_clean_mail_has_no_defect_and_one_with_many_says_each_once() -> None:
    assert parse.parse(CLEAN).defects == ()
    found = parse.parse(b"From: x\0\r\n" + b"junk\r\n" * 5 + BROKEN[bodies.WRONG_CHARSET]).defects
    assert len(found) == len(set(found)) >= 4
