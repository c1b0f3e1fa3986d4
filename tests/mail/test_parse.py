from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLParserException

from postroom.mail import bodies, html_text
from postroom.mail.envelope import NO_DATE, TWO_FROM
from postroom.mail.limits import Limits
from postroom.mail.message import Message
from postroom.mail.parse import EMPTY, HEADER_ONLY, attachment_bytes, header_only, parse
from tests.mail.mails import CLEAN, changed, mail, raw_mail

RICH = raw_mail(
    changed(
        (
            ("Content-Type", "multipart/mixed; boundary=m"),
            ("Subject", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
            ("References", "<r1@x> <r2@x>"),
            ("In-Reply-To", "<r2@x>"),
            ("Cc", "=?utf-8?q?J=C3=B6rg?= <j@x.example>"),
        )
    ),
    "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--a\r\nContent-Type: text/html\r\n\r\n"
    '<p>Gr&uuml;&szlig;e</p>\r\n--a--\r\n--m\r\nContent-Type: application/pdf; name="../a/b.pdf"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--m--\r\n",
)


def test_a_mail_is_read_whole() -> None:
    message = parse(RICH)
    assert (message.subject, message.text, message.html) == ("Grüße", "Grüße", "<p>Gr&uuml;&szlig;e</p>")
    assert (message.author.name if message.author else "", message.cc[0].name) == ("Ann Bee", "Jörg")
    assert (message.message_id, message.in_reply_to, message.references) == (
        "1@customer.example",
        ("r2@x",),
        ("r1@x", "r2@x"),
    )
    assert message.date == datetime(2026, 3, 2, 11, 58, tzinfo=UTC)
    assert message.received_at == datetime(2026, 3, 2, 11, 59, tzinfo=UTC)
    assert (message.received_count, message.size, message.defects) == (1, len(RICH), ())
    (attached,) = message.attachments
    assert (attached.name, attached.size, attached.content_type) == ("b.pdf", 5, "application/pdf")
    assert attachment_bytes(RICH, attached.index) == b"hello"
    assert [(part.depth, part.content_type) for part in message.shape][:3] == [
        (0, "multipart/mixed"),
        (1, "multipart/alternative"),
        (2, "text/plain"),
    ]


def test_an_attachment_that_is_not_there_is_none() -> None:
    assert attachment_bytes(RICH, 99) is None
    assert attachment_bytes(RICH, -1) is None
    assert attachment_bytes(b"A: b\r\n" * 2_000 + b"\r\n", 0) is None


def test_the_topmost_received_field_is_the_time_of_receipt() -> None:
    raw = b"Received: by a; Tue, 3 Mar 2026 00:00:00 +0000\r\n" + RICH
    assert parse(raw).received_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert mail(("Received", None)).received_at is None


def test_copies_have_one_body_hash_and_other_texts_another() -> None:
    trace = b"X-UIDL: 7\r\nStatus: RO\r\nReceived: by z; Tue, 3 Mar 2026 00:00:00 +0000\r\n"
    assert parse(trace + RICH).body_hash == parse(RICH).body_hash
    assert parse(RICH.replace(b"\r\n", b"\n")).body_hash == parse(RICH).body_hash
    recoded = RICH.replace(b"quoted-printable", b"8bit").replace(b"\r\n\r\nGr=C3=BC=C3=9Fe", "\r\n\r\nGrüße".encode())
    assert recoded != RICH
    assert parse(recoded).body_hash == parse(RICH).body_hash
    assert parse(RICH.replace(b"aGVsbG8=", b"aGVsbE8=")).body_hash != parse(RICH).body_hash
    assert mail(body="one\r\n").body_hash == mail(body="one\r\n\r\n\r\n").body_hash != mail(body="two\r\n").body_hash


def test_an_empty_mail_is_a_message_with_a_defect() -> None:
    assert EMPTY in parse(b"").defects
    assert parse(b"\r\n\r\n").text == "\n"


def test_a_mail_with_bare_cr_line_ends_is_read() -> None:
    message = parse(RICH.replace(b"\r\n", b"\r"))
    assert (message.subject, message.text) == ("Grüße", "Grüße")


def test_the_header_alone_can_be_read() -> None:
    message = header_only(RICH, "too large")
    assert (message.subject, message.text, message.attachments, message.shape) == ("Grüße", "", (), ())
    assert message.defects == (HEADER_ONLY, f"{HEADER_ONLY}: too large")
    assert header_only(b"Subject: x").defects == (NO_DATE, HEADER_ONLY)


def test_html_without_plain_text_is_rendered() -> None:
    message = mail(("Content-Type", "text/html"), body="<p>one<p>two<script>evil()</script><style>p{}</style>")
    assert message.text.split() == ["one", "two"]
    assert message.html is not None
    assert "evil" in message.html


def test_an_empty_alternative_does_not_hide_the_html() -> None:
    body = "--a\r\n\r\n \r\n--a\r\nContent-Type: text/html\r\n\r\n<b>hello</b>\r\n--a--\r\n"
    assert mail(("Content-Type", "multipart/alternative; boundary=a"), body=body).text.strip() == "hello"


def test_inline_texts_around_an_attachment_are_read_in_order() -> None:
    body = (
        "--a\r\n\r\none\r\n--a\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n\r\nx\r\n"
        "--a\r\n\r\ntwo\r\n--a\r\nContent-Type: text/html\r\n\r\n<b>three</b>\r\n"
        "--a\r\nContent-Type: text/plain; name=n.txt\r\n\r\nfour\r\n--a\r\n"
        "Content-Disposition: attachment\r\n\r\nfive\r\n--a--\r\n"
    )
    message = mail(("Content-Type", "multipart/mixed; boundary=a"), body=body)
    assert message.text == "one\n\ntwo\n\nthree"
    assert message.html is not None
    assert [word for word in ("one", "two", "three", "four") if word in message.html] == ["one", "two", "three"]
    assert [(item.name, item.inline) for item in message.attachments] == [("", True), ("n.txt", False), ("", False)]


def test_images_of_an_html_mail_are_inline_by_their_content_id() -> None:
    body = (
        '--r\r\nContent-Type: text/html\r\n\r\n<img src="cid:i@x">\r\n--r\r\nContent-Type: image/png\r\n'
        "Content-ID: <i@x>\r\n\r\nx\r\n--r\r\nContent-Type: text/html\r\n\r\n<i>no</i>\r\n--r--\r\n"
    )
    message = mail(("Content-Type", "multipart/related; boundary=r"), body=body)
    assert [(item.content_id, item.inline) for item in message.attachments] == [("i@x", True), (None, True)]


def test_html_names_its_charset_where_the_part_does_not() -> None:
    raw = raw_mail([*CLEAN[:-1], ("Content-Type", "text/html")], "")
    body = "<meta http-equiv=x content='text/html; charset=koi8-r'><p>\u041f\u0440\u0438\u0432\u0435\u0442".encode(
        "koi8-r"
    )
    assert parse(raw + body).text == "Привет"


def test_a_message_inside_is_one_attachment_with_its_own_octets() -> None:
    inner = "From: x@y.example\r\nSubject: inner\r\nContent-Type: text/html\r\n\r\n<b>in</b>"
    body = f"--o\r\n\r\nlook\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
    raw = raw_mail(changed((("Content-Type", "multipart/mixed; boundary=o"),)), body)
    message = parse(raw)
    assert (message.text, message.html) == ("look", None)
    (attached,) = message.attachments
    assert attachment_bytes(raw, attached.index) == inner.encode()


def test_the_method_of_a_calendar_part_is_read() -> None:
    kind = ("Content-Type", "text/calendar; method=request")
    assert mail(kind, body="BEGIN:VCALENDAR").calendar_method == "REQUEST"
    assert mail().calendar_method == ""


def test_long_texts_are_cut_and_said() -> None:
    limits = Limits(text=10, html=10)
    raw = raw_mail(changed((("Content-Type", "text/html"),)), "<p>" + "long " * 20)
    message = parse(raw, limits)
    assert (len(message.text), len(message.html or "")) == (10, 10)
    assert {bodies.TEXT_CUT, bodies.HTML_CUT} <= set(message.defects)


def test_html_the_renderer_refuses_is_stripped_of_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise HTMLParserException

    monkeypatch.setattr(html_text, "extract_plain_text", refuse)
    assert html_text.html_to_text("<p>one</p><p>two") == "one  two"


def test_two_from_fields_are_said_and_all_their_authors_known() -> None:
    message = parse(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nx")
    assert (len(message.from_), message.author, TWO_FROM in message.defects) == (2, None, True)


def well_formed(message: Message) -> None:
    assert len(message.shape) <= 1_000
    assert all(isinstance(defect, str) for defect in message.defects)
    assert message.text.encode("utf-8") is not None
    assert message.subject.encode("utf-8") == message.subject.encode("utf-8", "replace")
    assert message.date is None or message.date.tzinfo is not None


@given(st.binary(max_size=600))
def test_no_octets_make_it_raise(raw: bytes) -> None:
    well_formed(parse(raw))
    well_formed(header_only(raw))


PIECES = [
    b"--m",
    b"--a--",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"Content-Type: ",
    b"multipart/mixed; boundary=m",
    b"message/rfc822",
    b"text/html",
    b"Content-Transfer-Encoding: base64\r\n",
    b"From: ",
    b"\xff\xfe",
    b"=?utf-8?b?",
    b"?=",
    b" ",
    b":",
    b";",
    b"message/delivery-status",
    b"Final-Recipient: rfc822;x@y\r\n",
    b"multipart/digest; boundary=a",
    b"<",
    b">",
    b'"',
    b"(",
    b"References: <a@b>",
    b"Date: Mon, 99 Foo",
    b"Subject: =?x?q?=?=",
    b"begin 644 a\r\n",
    b"x-uuencode",
    b"\xc3",
    b"&#xd800;",
]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_no_pile_of_mail_pieces_makes_it_raise(pieces: list[bytes]) -> None:
    well_formed(parse(b"".join(pieces)))


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_no_damaged_mail_makes_it_raise(seed: int, strokes: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(RICH)
    for _ in range(strokes):
        at = chance.randrange(len(raw))
        if chance.random() < 0.5:
            raw[at : at + chance.randrange(8)] = chance.choice(PIECES)
        else:
            raw[at] = chance.randrange(256)
    message = parse(bytes(raw))
    well_formed(message)
    for attached in message.attachments:
        content = attachment_bytes(bytes(raw), attached.index)
        assert content is not None
        assert len(content) == attached.size


@given(st.integers(0, len(RICH)))
def test_a_mail_cut_anywhere_is_read(cut: int) -> None:
    well_formed(parse(RICH[:cut]))
