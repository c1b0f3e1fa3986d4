"""The text of mails: the same however it was encoded; of HTML what is shown and no more; and none of it is lost."""

from __future__ import annotations

import base64
import quopri

from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.addresses import parse_addresses
from postroom.mail.charsets import clean
from postroom.mail.header_fields import addresses_field
from postroom.mail.html_text import html_to_text
from postroom.mail.message import Address
from postroom.mail.parse import parse
from postroom.mail.quotes import new_text, quote, segments
from postroom.mail.reply_lines import _Sorter, sort
from tests.fuzz.mutated import mutated
from tests.mail.mails import changed, raw_mail

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\u2028\u2029\x85")
WORDS = st.text("abcxyz", min_size=1, max_size=6)
LINES = st.lists(st.text(LETTERS, max_size=90), min_size=1, max_size=8)

MARKS = [
    *("> ", ">", "-- ", "--", "____________________________", "-----Original Message-----", "On 2 Mar 2026, Ann"),
    *("wrote:", "On Mon, 2 Mar 2026 at 10:00 Ann <a@x.example> wrote:", "Am 2.3.2026 um 10:00 schrieb Ann:"),
    *("From: Ann <a@x.example>", "Sent: x", "To: b", "Subject: c", "| From: | a |", "&nbsp;", "：", "@", " "),
    *("Sent from my iPhone", "\u200eSent from my iPhone", "Get Outlook for iOS", "从我的iPhone发送"),
    *("Von meinem iPhone gesendet", "Begin forwarded message:", "x mailing list", "__"),
]  # fmt: skip
REPLIES = st.lists(st.sampled_from(MARKS) | WORDS | st.text(max_size=8) | st.just("\n"), max_size=40).map(
    lambda pieces: "".join(piece if piece.endswith(" ") else f"{piece}\n" for piece in pieces)
)


@given(LINES, st.sampled_from(("8bit", "base64", "quoted-printable")), st.sampled_from((b"\n", b"\r\n")), st.booleans())
def test_a_text_is_the_same_however_it_was_sent(lines: list[str], encoding: str, ends: bytes, in_parts: bool) -> None:
    octets = "\n".join(lines).encode()
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    head = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    part = head + octets.rstrip(b"\n")
    if in_parts:
        part = b"Content-Type: multipart/mixed; boundary=a-b_c\n\n--a-b_c\n" + part + b"\n--a-b_c--\n"
    found = parse((b"From: a@x.example\nMIME-Version: 1.0\n" + part).replace(b"\n", ends))
    if not any(line.startswith("--a-b_c") for line in lines):
        assert found.text.rstrip("\n") == clean("\n".join(lines)).rstrip("\n")


@given(mutated() | st.binary(max_size=300))
def test_a_mail_reads_the_same_under_either_line_end(raw: bytes) -> None:
    plain = b"\n".join(raw.split()) + b"\n"
    one, two = parse(plain), parse(plain.replace(b"\n", b"\r\n"))
    assert (one.subject, one.from_, one.headers) == (two.subject, two.from_, two.headers)
    assert (one.text.strip(), one.html is None) == (two.text.strip(), two.html is None)


TAGS = ["p", "b", "i", "div", "span", "blockquote", "h1", "a", "font", "pre", "center"]
ATTRIBUTES = st.sampled_from(["", ' class="x"', " style='color:red'", ' type="cite"', ' href="https://x.example"'])


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> tuple[str, str]:
    """HTML, and the words of it that are shown, in order and without blanks."""
    markup, shown = "", ""
    for _ in range(draw(st.integers(0, 4))):
        tag, attributes, word = draw(st.sampled_from(TAGS)), draw(ATTRIBUTES), draw(WORDS)
        kind = draw(st.sampled_from(("comment", "script", "style", "inner", "word", "word")))
        if kind == "comment":
            markup += f"<!-- {word} -->"
        elif kind in {"script", "style"}:
            markup += f"<{kind}>{word}</{kind}>"
        elif kind == "inner" and depth:
            inner, inside = draw(documents(depth - 1))
            markup += f"<div{attributes}>{inner}</div>"
            shown += inside
        else:
            markup += f"<{tag}{attributes}> {word} </{tag}>"
            shown += word
    return markup, shown


@given(documents())
def test_of_html_every_word_that_is_shown_is_read_in_order_and_no_other(document: tuple[str, str]) -> None:
    markup, shown = document
    text = html_to_text(f"<html><head><title>no</title></head><body>{markup}</body></html>")
    assert "".join(char for char in text if char in "abcxyz") == shown


SCRAPS = [
    *("<", ">", "</", "<p>", "<blockquote>", "</blockquote>", "<hr>", "<table><td>", "<!--", "-->", "&lt;", "<li>"),
    *("&#xd800;", "&#0;", "<script>", "<style>", "<a b='", "\ue000", "\ue003", "\0", "\r", "<pre>\n\n\n\n"),
    *(f"<{tag} class='yahoo_quoted gmail_signature'>" for tag in TAGS),
    *(f"</{tag}>" for tag in TAGS),
]  # fmt: skip
HTML = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=6), max_size=60).map("".join)


@given(HTML)
def test_any_html_is_rendered_to_clean_bounded_text_with_none_of_our_marks(html: str) -> None:
    text = html_to_text(html)
    assert text == html_to_text(html) == clean(text).strip()
    assert "\n\n\n" not in text
    assert not set(text) & set("\ue000\ue001\ue002\ue003")
    assert len(html_to_text(html, 10)) <= 200


@given(REPLIES)
def test_a_reply_taken_apart_is_whole_and_no_line_that_is_passed_by_was_a_mark(text: str) -> None:
    pieces = segments(text)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    lines = text.split("\n")
    slow = _Sorter(lines, frozenset(range(len(lines))))
    while len(slow.kinds) < len(lines):
        slow.step(len(slow.kinds))
    assert sort(lines) == slow.kinds


@given(REPLIES)
def test_what_is_quoted_by_us_is_never_new(text: str) -> None:
    found = new_text("my answer\n\n" + quote("On 2 Mar 2026 at 10:00, Ann <ann@x.example> wrote:", text))
    assert found.new == "my answer"


NAMES = st.text(LETTERS, max_size=30).map(lambda name: " ".join(name.split()))
LOCALS = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True).filter(lambda local: "=?" not in local)
PEOPLE = st.builds(Address, LOCALS.map(lambda local: f"{local}@x.example"), NAMES)


@given(st.lists(PEOPLE, min_size=1, max_size=5))
def test_the_addresses_we_write_are_read_back(people: list[Address]) -> None:
    field = addresses_field("To", people)
    assert parse(field + b"\r\n").to == tuple(people)
    assert parse_addresses(field.decode().removeprefix("To:").replace("\r\n", "")) == tuple(people)


WORD = st.from_regex(r"[A-Za-z0-9.,:;()<>@=-]{1,20}", fullmatch=True)
RECIPIENTS = st.lists(
    st.tuples(
        LOCALS.filter(lambda local: not local.startswith("=")),
        st.sampled_from(("failed", "delayed", "delivered", "relayed")),
        st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True),
        st.lists(WORD, min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=6,
)


@given(RECIPIENTS, st.booleans(), st.booleans())
def test_a_report_says_of_each_recipient_what_was_written(
    recipients: list[tuple[str, str, str, list[str]]], folded: bool, is_typed: bool
) -> None:
    glue = "\r\n\t" if folded else " "
    kind = "rfc822; " if is_typed else ""
    blocks = "".join(
        f"\r\nFinal-Recipient: {kind}{local}@x.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {glue.join(words)}\r\n"
        for local, action, status, words in recipients
    )
    body = f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n{blocks}--b--\r\n"
    fields = changed([("Content-Type", "multipart/report; report-type=delivery-status; boundary=b")])
    report = parse(raw_mail(fields, body)).report
    assert report is not None
    assert [(one.address, one.action, one.status) for one in report.recipients] == [
        (f"{local}@x.example", action, status) for local, action, status, _ in recipients
    ]
    assert [one.diagnostic for one in report.recipients] == [" ".join(words) for *_, words in recipients]


@given(mutated())
def test_a_report_names_nobody_who_does_not_stand_in_the_mail(raw: bytes) -> None:
    report = parse(raw).report
    for one in report.recipients if report else ():
        assert one.action == one.action.lower()
        assert one.address == " ".join(one.address.split())
