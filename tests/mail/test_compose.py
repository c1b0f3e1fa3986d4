from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.mail import compose as composing
from postroom.mail.classify import classify
from postroom.mail.compose import (
    Reply,
    Writer,
    answered_id,
    compose,
    reference_chain,
    reply_subject,
    smtputf8_needed,
)
from postroom.mail.compose_parts import File
from postroom.mail.header_fields import is_message_id, refuse_breaks, token_field
from postroom.mail.identity import Identity
from postroom.mail.mail_class import MailClass
from postroom.mail.message import Address
from postroom.mail.parse import attachment_bytes, parse
from postroom.mail.tokens import anchor_message_id, mint_message_id, read_token
from tests.mail.mails import CONVERSATION, MAIL, NOW, RING, TENANT, mail

OURS = mint_message_id(RING, TENANT, CONVERSATION, MAIL, "reply.example.org")
ANCHOR = anchor_message_id(RING, TENANT, CONVERSATION, "reply.example.org")
PLAIN = Reply(
    from_=Address("help@example.org", "Help"),
    to=(Address("ann@customer.example", "Ann Bee"),),
    subject="Re: My order",
    date=datetime(2026, 3, 2, 13, 0, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    message_id=OURS,
    text="Hello\n",
)
FULL = replace(
    PLAIN,
    cc=(Address("bob@x.example"),),
    reply_to=Address("help@example.org"),
    html="<p>Hellö</p>",
    text="Hellö\n" + "x" * 2_000,
    in_reply_to="<1@customer.example>",
    references=(ANCHOR, "1@customer.example"),
    files=(File(name="Übersicht.pdf", content_type="application/pdf", content=b"\0\r\n.\r\n\xff" * 500),),
)


Change = Callable[[str], dict[str, Any]]


def header_of(raw: bytes) -> dict[str, str]:
    return dict(email.message_from_bytes(raw, policy=email.policy.compat32).items())


def test_a_reply_is_read_back_as_it_was_written() -> None:
    raw = compose(FULL)
    message = parse(raw)
    assert (message.subject, message.text, message.html) == (FULL.subject, FULL.text + "\n", f"{FULL.html}\n")
    assert (message.from_, message.to, message.cc, message.reply_to) == (
        (FULL.from_,),
        FULL.to,
        FULL.cc,
        (Address("help@example.org"),),
    )
    assert (message.message_id, message.in_reply_to, message.references) == (
        OURS,
        ("1@customer.example",),
        (ANCHOR, "1@customer.example"),
    )
    assert (message.date, message.defects) == (FULL.date, ())
    (attached,) = message.attachments
    assert (attached.name, attachment_bytes(raw, attached.index)) == ("Übersicht.pdf", FULL.files[0].content)
    assert read_token(RING, TENANT, message.message_id or "") is not None


def test_the_standard_library_reads_the_same() -> None:
    message = email.message_from_bytes(compose(FULL), policy=email.policy.default)
    assert message["Subject"] == FULL.subject
    assert str(message["Message-ID"]) == f"<{OURS}>"
    assert message["References"].split() == [f"<{ANCHOR}>", "<1@customer.example>"]
    assert message["Date"].datetime == FULL.date
    assert not message.defects


def test_the_octets_are_the_same_every_time() -> None:
    assert compose(FULL) == compose(FULL)
    assert compose(FULL) != compose(replace(FULL, message_id=ANCHOR))


def test_a_person_leaves_no_mark_of_a_machine() -> None:
    assert not {"Auto-Submitted", "Precedence", "X-Loop", "X-Auto-Response-Suppress", "Bcc"} & set(
        header_of(compose(FULL))
    )


def test_an_automatic_reply_says_so_in_every_way() -> None:
    fields = header_of(compose(replace(PLAIN, writer=Writer.AUTOMATIC_REPLY, loop_mark="help@example.org")))
    assert fields["Auto-Submitted"] == "auto-replied"
    assert (fields["Precedence"], fields["X-Auto-Response-Suppress"], fields["X-Loop"]) == (
        "bulk",
        "All",
        "help@example.org",
    )
    notice = header_of(compose(replace(PLAIN, writer=Writer.SYSTEM_NOTICE)))
    assert notice["Auto-Submitted"] == "auto-generated"
    assert not {"Precedence", "X-Loop"} & set(notice)


def test_no_automatic_reply_is_ever_answered_by_us() -> None:
    raw = compose(replace(PLAIN, writer=Writer.AUTOMATIC_REPLY, loop_mark="help@example.org"))
    elsewhere = classify(parse(raw), Identity(own_addresses=("ann@customer.example",)), NOW, NOW)
    assert (elsewhere.kind, elsewhere.answerable) == (MailClass.AUTOMATIC_RESPONSE, False)
    here = classify(parse(raw), Identity(own_addresses=("help@example.org",)), NOW, NOW)
    assert here.kind is MailClass.OWN


def test_long_headers_are_folded_and_long_ids_never_coded() -> None:
    references = tuple(f"{'r' * 120}{n}@x.example" for n in range(30))
    raw = compose(
        replace(FULL, references=references, to=tuple(Address(f"p{n}@x.example", f"Person {n}") for n in range(60)))
    )
    message = parse(raw)
    assert message.references == (references[0], *references[-19:])
    assert len(message.to) == 60
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 160
    assert b"=?utf-8" not in head


@pytest.mark.parametrize(
    "subject",
    ["x" * 300, "wörter " * 60, "", " ", "a =?utf-8?q?b?= c", "тема " * 20, "😀" * 100, "a\tb", "two  spaces"],
)
def test_any_subject_is_read_back(subject: str) -> None:
    assert parse(compose(replace(PLAIN, subject=subject))).subject == " ".join(subject.split())


@pytest.mark.parametrize(
    "name", ["Ann", "Ann, Bee", 'Ann "the" Bee', "Jörg", "a\\b", "=?x?", "ann@evil.example", "Ann " * 40, "Ann (x) <y>"]
)
def test_any_display_name_is_one_mailbox(name: str) -> None:
    (found,) = parse(compose(replace(PLAIN, to=(Address("ann@customer.example", name),)))).to
    assert (found.addr, found.name) == ("ann@customer.example", " ".join(name.split()))


def test_international_domains_are_written_as_a_labels_and_local_parts_need_smtputf8() -> None:
    reply = replace(PLAIN, to=(Address("ann@bücher.example"),))
    assert parse(compose(reply)).to[0].addr == "ann@xn--bcher-kva.example"
    assert not smtputf8_needed(reply)
    reply = replace(PLAIN, cc=(Address("jörg@x.example"),), reply_to=Address("help@example.org"))
    assert smtputf8_needed(reply)
    assert parse(compose(reply)).cc[0].addr == "jörg@x.example"


def test_no_line_end_leaves_alone_and_no_line_is_too_long() -> None:
    raw = compose(
        replace(FULL, text="a\rb\nc\r\n.\n\n.\r\n" + "ü" * 5_000 + "\u2028x\x85y\x0b ", html="<p>\r" + "y" * 5_000)
    )
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_forwarded_message_goes_as_octets() -> None:
    raw = compose(replace(PLAIN, files=(File(name="m.eml", content_type="message/rfc822", content=b"A: b\n\nx"),)))
    (attached,) = parse(raw).attachments
    assert (attached.content_type, attachment_bytes(raw, attached.index)) == ("application/octet-stream", b"A: b\n\nx")


def test_an_image_named_by_the_html_is_inline() -> None:
    image = File(name="", content_type="image/png", content=b"x", content_id="<i@x>")
    (attached,) = parse(compose(replace(FULL, files=(image,)))).attachments
    assert (attached.content_id, attached.inline) == ("i@x", True)


BREAKS = ["\r\nBcc: v@evil.example", "\nX: y", "\rX: y", "\0", "a\r\n\r\nbody", "\r\n ", "a\n\tb"]


@pytest.mark.parametrize("evil", BREAKS)
@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda evil: {"subject": f"x{evil}"}, "Subject"),
        (lambda evil: {"from_": Address("help@example.org", f"x{evil}")}, "From"),
        (lambda evil: {"from_": Address(f"help@example.org{evil}")}, "From"),
        (lambda evil: {"to": (Address(f"ann@x.example{evil}"),)}, "To"),
        (lambda evil: {"to": (Address("ann@x.example", f"x{evil}"),)}, "To"),
        (lambda evil: {"cc": (Address(f"{evil}ann@x.example"),)}, "Cc"),
        (lambda evil: {"reply_to": Address("ann@x.example", f"{evil}x")}, "Reply-To"),
        (lambda evil: {"message_id": f"a{evil}@x"}, "Message-ID"),
        (lambda evil: {"in_reply_to": f"a{evil}@x"}, "In-Reply-To"),
        (lambda evil: {"references": (f"a{evil}@x",)}, "References"),
        (lambda evil: {"loop_mark": f"a{evil}", "writer": Writer.AUTOMATIC_REPLY}, "X-Loop"),
        (lambda evil: {"files": (File(name=f"a{evil}", content_type="a/b", content=b""),)}, "name of an attachment"),
        (lambda evil: {"files": (File(name="a", content_type=f"a/b{evil}", content=b""),)}, "content type"),
        (
            lambda evil: {"files": (File(name="a", content_type="a/b", content=b"", content_id=f"a{evil}"),)},
            "Content-ID",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else None,
)
def test_nothing_breaks_out_of_a_field(change: Change, field: str, evil: str) -> None:
    with pytest.raises(ValueError, match=field):
        compose(replace(PLAIN, **change(evil)))


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
def test_whatever_is_typed_adds_no_field_and_no_recipient(subject: str, name: str, file: str, text: str) -> None:
    reply = replace(
        PLAIN,
        subject=subject,
        text=text,
        to=(Address("ann@customer.example", name),),
        files=(File(name=file, content_type="text/plain", content=b"x"),),
    )
    try:
        raw = compose(reply)
    except ValueError:
        assert (
            any(char in subject + name + file for char in "\r\n\0")
            or "\0" in text
            or not (subject + name + file + text).isprintable()
        )
        return
    message = parse(raw)
    names = [header.name for header in message.headers]
    assert names == ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    assert [address.addr for address in (*message.to, *message.from_)] == ["ann@customer.example", "help@example.org"]
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    assert message.defects == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"to": ()}, "To must name"),
        ({"text": "a\0"}, "the text must not hold NUL"),
        ({"html": "a\0"}, "the HTML must not hold NUL"),
        ({"text": "\ud800"}, "lone surrogate"),
        ({"subject": "\ud800"}, "lone surrogate"),
        ({"subject": "x" * 3_000}, "longer than"),
        ({"date": datetime(2026, 3, 2)}, "time zone"),  # noqa: DTZ001 a naive time is what is refused
        ({"message_id": "a b"}, "Message-ID is not"),
        ({"message_id": ""}, "Message-ID is not"),
        ({"loop_mark": "ü", "writer": Writer.SYSTEM_NOTICE}, "plain ASCII"),
        ({"to": (Address("a@x.example, b@x.example"),)}, "To is not an address"),
        ({"from_": Address("nobody")}, "From is not an address"),
    ],
)
def test_what_may_not_stand_in_a_mail_is_refused_by_name(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compose(replace(PLAIN, **change))


def test_a_line_that_cannot_be_folded_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_MAX_LINE", 20)
    with pytest.raises(ValueError, match="longer than 20 octets"):
        compose(PLAIN)


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("My order", "Re: My order"),
        ("Re: My order", "Re: My order"),
        ("RE: AW: re[2]: My order", "Re: My order"),
        ("Antw: SV: My order", "Re: My order"),
        ("回复：订单", "Re: 订单"),
        ("Regarding: it", "Re: Regarding: it"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("Re: " * 80 + "x", "Re: " + "Re: " * 30 + "x"),
        ("Fwd: x", "Re: Fwd: x"),
    ],
)
def test_an_answer_has_one_re(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_the_chain_begins_with_our_anchor_and_ends_with_the_mail_answered() -> None:
    parent = mail(("References", f"<{ANCHOR}> " + " ".join(f"<{n}@x>" for n in range(40))))
    chain = reference_chain(ANCHOR, parent)
    assert (len(chain), chain[0], chain[1], chain[-1]) == (20, ANCHOR, "22@x", "1@customer.example")
    assert reference_chain(ANCHOR, None) == (ANCHOR,)
    assert reference_chain(ANCHOR, mail(("Message-ID", None), ("In-Reply-To", "<i@x>"))) == (ANCHOR, "i@x")


def test_ids_that_cannot_be_written_are_left_out() -> None:
    parent = mail(("Message-ID", "<ü@x>"), ("References", "<ok@x> <é@x>"))
    assert answered_id(parent) is None
    assert answered_id(mail()) == "1@customer.example"
    assert answered_id(mail(("Message-ID", None))) is None
    assert reference_chain(ANCHOR, parent) == (ANCHOR, "ok@x")
    compose(replace(PLAIN, references=reference_chain(ANCHOR, parent)))


def test_fields_of_ours_refuse_what_is_not_theirs() -> None:
    refuse_breaks("X", "fine")
    assert token_field("X-Loop", "a@b") == b"X-Loop: a@b\r\n"
    assert not is_message_id("😀@x")


def test_dates_are_written_in_the_time_s_own_zone() -> None:
    assert header_of(compose(PLAIN))["Date"] == "Mon, 2 Mar 2026 13:00:00 -0330"
    assert header_of(compose(replace(PLAIN, date=NOW.astimezone(UTC))))["Date"] == "Mon, 2 Mar 2026 12:00:00 +0000"
