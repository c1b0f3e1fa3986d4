"""What mails carry: which part is text, which is a file, what is inside another mail, and what is never opened."""

from __future__ import annotations

import base64

import pytest

from postroom.mail import bodies, mime
from postroom.mail.message import Message
from postroom.mail.parse import attachment_bytes, parse
from tests.mail.mails import changed, raw_mail

File = tuple[str, str, bool]
"""Its content type, name, and whether it stands inline."""


def part(*head: str, body: str) -> str:
    return "".join(f"{line}\r\n" for line in head) + f"\r\n{body}\r\n"


def several(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\r\n{one}" for one in parts) + "--b--\r\n"
    return raw_mail(changed([("Content-Type", f"{kind}; boundary=b")]), body)


def alone(*fields: tuple[str, str], body: str) -> bytes:
    return raw_mail(changed(fields), body)


def files(message: Message) -> list[File]:
    return [(one.content_type, one.name, one.inline) for one in message.attachments]


TEXT = part(body="hello")
INNER = "From: in@x.example\r\nSubject: inner\r\n\r\ninner text"
INNER_64 = base64.b64encode(INNER.encode()).decode()
TWICE = f"Content-Type: message/rfc822\r\n\r\n{INNER}"
TNEF = "application/ms-tnef"

CARRIED: list[tuple[str, bytes, str, list[File], tuple[str, ...]]] = [
    (
        "winmail.dat beside a text",
        several("multipart/mixed", TEXT, part(f"Content-Type: {TNEF}; name=winmail.dat", body="\x3e\x9f\x22")),
        "hello",
        [(TNEF, "winmail.dat", False)],
        (bodies.TNEF,),
    ),
    (
        "winmail.dat without its name",
        several("multipart/mixed", TEXT, part("Content-Type: application/vnd.ms-tnef", body="x")),
        "hello",
        [("application/vnd.ms-tnef", "winmail.dat", False)],
        (bodies.TNEF,),
    ),
    (
        "winmail.dat by its name alone",
        several(
            "multipart/mixed",
            TEXT,
            part(
                "Content-Type: application/octet-stream",
                'Content-Disposition: attachment; filename="WINMAIL.DAT"',
                body="x",
            ),
        ),
        "hello",
        [("application/octet-stream", "WINMAIL.DAT", False)],
        (bodies.TNEF,),
    ),
    (
        "winmail.dat and nothing else",
        alone(("Content-Type", TNEF), body="plain words in it"),
        "",
        [(TNEF, "winmail.dat", False)],
        (bodies.TNEF,),
    ),
    (
        "picture the HTML points to",
        several(
            "multipart/related",
            part("Content-Type: text/html", body='<p>hello<img src="cid:logo@x">'),
            part("Content-Type: image/png; name=logo.png", "Content-ID: <logo@x>", body="x"),
        ),
        "hello",
        [("image/png", "logo.png", True)],
        (),
    ),
    (
        "picture of a related part that is sent as a file",
        several(
            "multipart/related",
            part("Content-Type: text/html", body="<p>hello"),
            part("Content-Type: image/png", "Content-Disposition: attachment; filename=a.png", body="x"),
        ),
        "hello",
        [("image/png", "a.png", False)],
        (),
    ),
    (
        "picture inline between texts",
        several(
            "multipart/mixed",
            TEXT,
            part("Content-Type: image/gif", "Content-Disposition: inline; filename=a.gif", body="x"),
            part(body="bye"),
        ),
        "hello\n\nbye",
        [("image/gif", "a.gif", True)],
        (),
    ),
    (
        "message inside",
        several("multipart/mixed", TEXT, part("Content-Type: message/rfc822", body=INNER)),
        "hello",
        [("message/rfc822", "", False)],
        (),
    ),
    (
        "message inside a message inside",
        several("multipart/mixed", TEXT, part("Content-Type: message/rfc822", body=TWICE)),
        "hello",
        [("message/rfc822", "", False)],
        (),
    ),
    (
        "message inside in base64, which RFC 2046 section 5.2.1 forbids",
        several(
            "multipart/mixed",
            TEXT,
            part("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", body=INNER_64),
        ),
        "hello",
        [("message/rfc822", "", False)],
        (mime.ENCODED_CONTAINER,),
    ),
    (
        "digest",
        several("multipart/digest", part(body=INNER), part("Content-Type: message/rfc822", body=INNER)),
        "",
        [("message/rfc822", "", False), ("message/rfc822", "", False)],
        (),
    ),
    (
        "digest with a text that says so",
        several("multipart/digest", part("Content-Type: text/plain", body="hello"), part(body=INNER)),
        "hello",
        [("message/rfc822", "", False)],
        (),
    ),
    (
        "mail that is a message",
        alone(("Content-Type", "message/rfc822"), body=INNER),
        "",
        [("message/rfc822", "", False)],
        (),
    ),
    (
        "part of a mail that was cut in several (message/partial), not assembled",
        alone(("Content-Type", "message/partial; id=x; number=1; total=2"), body=INNER),
        "",
        [("message/partial", "", False)],
        (),
    ),
    (
        "text that is sent as a file",
        several("multipart/mixed", TEXT, part("Content-Type: text/plain; name=log.txt", body="log")),
        "hello",
        [("text/plain", "log.txt", False)],
        (),
    ),
    (
        "signed text",
        several(
            "multipart/signed; protocol=application/pgp-signature",
            TEXT,
            part("Content-Type: application/pgp-signature; name=signature.asc", body="x"),
        ),
        "hello",
        [("application/pgp-signature", "signature.asc", False)],
        (),
    ),
    (
        "encrypted mail",
        several(
            "multipart/encrypted; protocol=application/pgp-encrypted",
            part("Content-Type: application/pgp-encrypted", body="Version: 1"),
            part("Content-Type: application/octet-stream; name=encrypted.asc", body="x"),
        ),
        "",
        [("application/pgp-encrypted", "", False), ("application/octet-stream", "encrypted.asc", False)],
        (),
    ),
]  # fmt: skip
RAW = {row[0]: row[1] for row in CARRIED}


@pytest.mark.parametrize(
    ("raw", "text", "carried", "defects"), [row[1:] for row in CARRIED], ids=[row[0] for row in CARRIED]
)
def test_a_part_is_text_or_a_file_and_nothing_is_opened_that_is_not_part_of_the_mail(
    raw: bytes, text: str, carried: list[File], defects: tuple[str, ...]
) -> None:
    message = parse(raw)
    assert (message.text.strip(), files(message), message.defects) == (text, carried, defects)
    for one in message.attachments:
        assert len(attachment_bytes(raw, one.index) or b"") == one.size


def test_a_picture_is_found_by_the_content_id_in_the_html() -> None:
    raw = RAW["picture the HTML points to"]
    message = parse(raw)
    (picture,) = message.attachments
    assert f"cid:{picture.content_id}" in (message.html or "")
    assert attachment_bytes(raw, picture.index) == b"x"


def test_a_message_inside_can_be_saved_decoded_however_it_was_encoded() -> None:
    for name in ("message inside", "message inside in base64, which RFC 2046 section 5.2.1 forbids"):
        assert attachment_bytes(RAW[name], parse(RAW[name]).attachments[0].index) == INNER.encode(), name
