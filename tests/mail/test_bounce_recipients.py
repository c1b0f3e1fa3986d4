from __future__ import annotations

import pytest

from postroom.mail.bounce_recipients import guess_recipients
from postroom.mail.mail_class import MailClass
from postroom.mail.message import Message
from tests.mail.mails import mail
from tests.mail.test_classify import judged

Found = list[tuple[str, str, str]]


def guessed(text: str, *apart_from: str) -> Found:
    found = guess_recipients(text, frozenset(apart_from))
    return [(one.address, one.action, one.status) for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<bob@x.example>:\n550 5.1.1 no such user\n", [("bob@x.example", "failed", "5.1.1")]),
        ("Sorry\n\n  bob@x.example\n    550 User unknown\n", [("bob@x.example", "failed", "5.0.0")]),
        ('"bob@x.example":\nover quota\n', [("bob@x.example", "failed", "5.0.0")]),
        ("RCPT TO: bob@x.example\n", [("bob@x.example", "failed", "5.0.0")]),
        ("Could not be delivered to: <bob@x.example>\n", [("bob@x.example", "failed", "5.0.0")]),
        ("said for bob@x.example: 450 4.2.2 full\n", [("bob@x.example", "failed", "4.2.2")]),
        ("bob@x.example\nIt will be retried.\n", [("bob@x.example", "delayed", "4.0.0")]),
        ("bob@x.example\nhost 10.5.1.1.2 said no\n", [("bob@x.example", "failed", "5.0.0")]),
        (
            "<bob@x.example>:\n(#5.1.1)\n<eve@x.example>:\n(#5.2.2)\n",
            [("bob@x.example", "failed", "5.1.1"), ("eve@x.example", "failed", "5.2.2")],
        ),
        ("It failed.\n\n--- Below this line is a copy of the message.\nbob@x.example\n", []),
        ("<bob@x..example>:\nno such user\n", []),
        ("I wrote to you, and to bob@x.example as well.\n", []),
        ("", []),
    ],
)
def test_who_was_not_reached_is_read_from_the_words_in_front_of_the_returned_mail(text: str, expected: Found) -> None:
    assert guessed(text) == expected


def test_the_bounces_own_author_and_reader_are_not_who_was_not_reached() -> None:
    text = "help@example.org, your mail failed:\n<bob@x.example>: unknown user\n"
    assert guessed(text, "help@example.org") == [("bob@x.example", "failed", "5.0.0")]


def refusal(*changes: tuple[str, str | None], body: str = "It could not be delivered to bob\r\n") -> Message:
    return mail(("From", "no-reply@x.example"), *changes, body=body)


def test_a_refusal_by_a_machine_without_a_bounces_marks_is_a_bounce() -> None:
    empty = ("Return-Path", "<>")
    assert judged(refusal(empty)).kind is MailClass.DSN
    assert judged(refusal(empty, ("From", "postmaster@x.example"))).kind is MailClass.DSN
    returned = (
        "--b\r\n\r\nIt could not be delivered\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nTo: b@x\r\n\r\n--b--\r\n"
    )
    holding = ("Content-Type", "multipart/mixed; boundary=b")
    assert judged(refusal(holding, body=returned)).kind is MailClass.DSN


def test_a_person_who_speaks_of_a_refusal_is_not_one() -> None:
    person = ("From", "ann@customer.example")
    assert judged(refusal(person)).kind is MailClass.HUMAN
    assert judged(refusal(person, ("Return-Path", "<>"))).kind is MailClass.NULL_SENDER
    assert judged(refusal(("Return-Path", "<>"), body="Your invoice\r\n")).kind is MailClass.NULL_SENDER
    assert judged(refusal()).kind is MailClass.AUTOMATIC
