from __future__ import annotations

from postroom.mail.parse import parse
from tests.mail.mails import changed, mail, raw_mail

STATUS = (
    "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; <bob@x.example>\r\nAction: FAILED\r\n"
    "Status: 5.1.1 (bad)\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n user unknown\r\n\r\n"
    "Original-Recipient: rfc822;eve@x.example\r\n"
    "Final-Recipient: rfc822;list@x.example\r\nAction: delayed\r\nStatus: 4.2.0\r\n"
)


def dsn(returned: str, kind: str = "message/rfc822") -> bytes:
    body = (
        "--b\r\n\r\nIt failed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + STATUS
        + f"\r\n--b\r\nContent-Type: {kind}\r\n\r\n{returned}\r\n--b--\r\n"
    )
    kind_of_report = 'multipart/report; report-type="delivery-status"; boundary=b'
    return raw_mail(changed((("Content-Type", kind_of_report), ("From", "MAILER-DAEMON@mx.example"))), body)


def test_every_recipient_of_a_report_is_read() -> None:
    report = parse(dsn("Message-ID: <our@x>\r\nReferences: <a@x>\r\n <b@x>\r\nIn-Reply-To: <c@x>\r\n\r\nhi")).report
    assert report is not None
    first, second = report.recipients
    assert (first.address, first.action, first.status) == ("bob@x.example", "failed", "5.1.1")
    assert first.diagnostic == "550 5.1.1 user unknown"
    assert (second.address, second.action, second.status, second.diagnostic) == (
        "eve@x.example",
        "delayed",
        "4.2.0",
        "",
    )
    assert (report.original_message_id, report.original_references) == ("our@x", ("a@x", "b@x", "c@x"))


def test_returned_headers_alone_name_the_mail_too() -> None:
    report = parse(dsn("Message-ID: <our@x>\r\n", "text/rfc822-headers")).report
    assert report is not None
    assert report.original_message_id == "our@x"


def test_a_report_without_returned_headers_names_no_mail() -> None:
    report = parse(dsn("x", "text/plain")).report
    assert report is not None
    assert (report.original_message_id, report.original_references) == (None, ())


def test_a_report_inside_a_forwarded_message_is_not_the_mails_own() -> None:
    inner = dsn("Message-ID: <our@x>\r\n").decode()
    body = f"--o\r\n\r\nlook\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
    assert mail(("Content-Type", "multipart/mixed; boundary=o"), body=body).report is None


def test_a_bounce_of_an_older_system_is_read_from_its_text() -> None:
    text = "User unknown\r\n\r\n--- Below is a copy\r\nMessage-ID: <our@x>\r\nReferences: <a@x> <b@x>\r\nSubject: y\r\n"
    report = mail(("From", "mailer-daemon@mx.example"), body=text).report
    assert report is not None
    assert (report.original_message_id, report.original_references, report.recipients) == ("our@x", ("a@x", "b@x"), ())


def test_recipients_named_by_exim_are_read() -> None:
    report = mail(("X-Failed-Recipients", "bob@x.example, not one, eve@x.example"), ("Return-Path", "<>")).report
    assert report is not None
    assert [recipient.address for recipient in report.recipients] == ["bob@x.example", "eve@x.example"]


def test_a_returned_message_of_an_older_system_is_read_from_its_part() -> None:
    body = "--o\r\n\r\nfailed\r\n--o\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <our@x>\r\n\r\nhi\r\n--o--\r\n"
    report = mail(("Return-Path", "<>"), ("Content-Type", "multipart/mixed; boundary=o"), body=body).report
    assert report is not None
    assert report.original_message_id == "our@x"


def test_a_person_who_quotes_an_id_sends_no_report() -> None:
    assert mail(body="Message-ID: <our@x>\r\n").report is None
    assert mail(("Return-Path", "<>"), body="hello").report is None
