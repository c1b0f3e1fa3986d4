"""Real bounces of many mail systems: recognised, and read as the standard library reads their reports."""

from __future__ import annotations

import email
from email.message import Message as StdlibMessage
from email.utils import getaddresses
from pathlib import Path

from postroom.mail.classify import classify
from postroom.mail.identity import Identity
from postroom.mail.mail_class import MailClass
from postroom.mail.parse import parse
from tests.mail.corpus import mails, needs_corpus
from tests.mail.mails import NOW

pytestmark = needs_corpus
NO_BOUNCES = {
    "lhost-sendmail-14.eml": "a person forwards a bounce, with words of his own above it",
    "lhost-fml-02.eml": "a list answers somebody who is no member: no mail of his failed",
}
Entry = tuple[frozenset[str], str]


def bounces() -> list[Path]:
    """Vacation replies and complaints lie in the same folder, by their names."""
    found = mails("bounces/bsd", "bounces/err")
    return [path for path in found if not path.name.startswith(("rfc3834", "arf")) and path.name not in NO_BOUNCES]


def kind_of(path: Path) -> MailClass:
    return classify(parse(path.read_bytes()), Identity(), NOW, NOW).kind


def stated(mail: StdlibMessage) -> list[Entry]:
    """Every recipient block of the delivery-status part: the addresses it names, and its status."""
    parts = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    blocks = parts[0].get_payload() if parts else []
    assert isinstance(blocks, list)
    found = []
    for block in blocks:
        assert isinstance(block, StdlibMessage)
        values = [block.get("Original-Recipient"), block.get("Final-Recipient")]
        named = frozenset(value.rpartition(";")[2].strip(" <>\r\n\t").lower() for value in values if value)
        if named - {""}:
            found.append((named, (block.get("Status") or "").partition(" ")[0]))
    return found


def returned_to(mail: StdlibMessage) -> set[str]:
    """To whom the mail went that stands in the bounce."""
    inner = [part for part in mail.walk() if part.get_content_type() == "message/rfc822"]
    payload = inner[0].get_payload() if inner else []
    assert isinstance(payload, list)
    values = [str(part.get("To", "")) for part in payload if isinstance(part, StdlibMessage)]
    return {address.lower() for _, address in getaddresses(values) if address}


def test_bounces_are_recognised() -> None:
    missed = [path.name for path in bounces() if kind_of(path) is not MailClass.DSN]
    assert len(missed) <= 0.02 * len(bounces()), missed


def test_ordinary_mail_and_forwarded_bounces_are_not_taken_for_bounces() -> None:
    ordinary = mails("mail-gem", "mail-parser", "replies-talon", "replies-crisp", "replies-alfonsrv", "bounces/not")
    ordinary = [path for path in ordinary if path.parent.name != "multipart_report_emails"]
    forwarded = [path for path in mails("bounces/bsd") if path.name in NO_BOUNCES]
    assert len(forwarded) == len(NO_BOUNCES)
    assert [path.name for path in (*ordinary, *forwarded) if kind_of(path) is MailClass.DSN] == []


def test_what_a_report_states_of_each_recipient_is_read() -> None:
    read = wrong = 0
    for path in bounces():
        raw = path.read_bytes()
        expected = stated(email.message_from_bytes(raw))
        if expected:
            report = parse(raw).report
            found = report.recipients if report else ()
            read += 1
            wrong += len(found) != len(expected) or any(
                one.address.lower() not in named or one.status != status
                for one, (named, status) in zip(found, expected, strict=False)
            )
    assert read > 150
    assert wrong <= 0.05 * read


def test_without_a_report_the_recipient_is_guessed_from_the_words_and_marked_as_a_guess() -> None:
    paths = [path for path in bounces() if not stated(email.message_from_bytes(path.read_bytes()))]
    reports = [parse(path.read_bytes()).report for path in paths]
    named = [report for report in reports if report is not None and report.is_guess and report.recipients]
    assert len(named) >= 0.9 * len(paths)


def test_a_guess_names_those_to_whom_the_returned_mail_went() -> None:
    compared = right = 0
    for path in bounces():
        raw = path.read_bytes()
        mail = email.message_from_bytes(raw)
        report = parse(raw).report
        if stated(mail) or report is None or not report.recipients or not returned_to(mail):
            continue
        compared += 1
        right += {one.address.lower() for one in report.recipients} <= returned_to(mail)
    assert compared > 10
    assert right >= 0.85 * compared
