"""The mail made of one that cannot be read: whatever the bytes, it reads well and gives them back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.engine.released import FIELDS_LIMIT, FILE, NOTICE, as_malformed, fields_of, wrapped
from postroom.mail.message import Header
from postroom.mail.parse import HEADER_ONLY, attachment_bytes, parse

lines = st.binary(max_size=60).map(lambda line: line + b"\r\n")
fields = st.tuples(st.sampled_from([b"From", b"To", b"Subject", b"Content-Type", b"MIME-Version", b"X"]), lines)
raws = st.one_of(
    st.binary(max_size=400),
    st.builds(
        lambda head, body: b"".join(name + b": " + value for name, value in head) + b"\r\n" + body,
        st.lists(fields, max_size=6),
        st.binary(max_size=400),
    ),
)


@given(raws)
def test_whatever_the_mail_its_bytes_come_back_from_the_one_attachment(raw: bytes) -> None:
    made = wrapped(raw, fields_of(raw))
    message = parse(made)
    (attachment,) = message.attachments
    assert (attachment.name, attachment.content_type) == (FILE, "application/octet-stream")
    assert attachment_bytes(made, attachment.index) == raw
    assert message.text.split() == NOTICE.split()
    assert message.html is None
    assert message.report is None


def test_the_header_is_what_the_mail_said_but_for_what_speaks_of_its_body() -> None:
    raw = (
        b"From: Carla <carla@example.com>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nTo: h\xc3\xa9lp@acme.example\r\n"
        b"References: <a@b>\r\n <c@d>\r\nContent-Type: multipart/report; boundary=x\r\nMime-Version: 1.0\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n--x"
    )
    made, whole = parse(wrapped(raw, fields_of(raw))), parse(raw)
    assert (made.subject, made.from_, made.to, made.references) == (
        whole.subject,
        whole.from_,
        whole.to,
        ("a@b", "c@d"),
    )
    assert made.content_type == "multipart/mixed"


def test_a_mail_whose_lines_end_with_a_lone_cr_keeps_its_fields() -> None:
    assert [field.name for field in fields_of(b"From: a@example.com\rSubject: old\r\rbody")] == ["From", "Subject"]


def test_one_monstrous_field_costs_no_other_field_its_place() -> None:
    raw = b"X-Long: " + b"x" * FIELDS_LIMIT + b"\r\nFrom: a@example.com\r\nSubject: still here\r\n\r\n"
    kept = fields_of(raw)
    assert kept == (Header("From", "a@example.com"), Header("Subject", "still here"))


def test_many_fields_are_bounded() -> None:
    raw = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 200) for number in range(900)) + b"\r\n"
    kept = fields_of(raw)
    assert 0 < sum(len(field.name) + len(field.value) + 4 for field in kept) <= FIELDS_LIMIT


def test_it_is_read_as_a_mail_of_which_only_the_header_is_known() -> None:
    message = as_malformed(parse(wrapped(b"x", ())), "f" * 64, "it burned")
    assert message.defects[0] == HEADER_ONLY
    assert "it burned" in message.defects[1]
    assert message.body_hash == "f" * 64
