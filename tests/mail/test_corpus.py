"""The room against real mails of many systems; what they are is in the corpus' own README."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from postroom.mail.classify import Classification, classify
from postroom.mail.identity import Identity
from postroom.mail.mail_class import MailClass, Service
from postroom.mail.parse import attachment_bytes, header_only, parse
from tests.mail.corpus import files, mails, needs_corpus
from tests.mail.mails import NOW

pytestmark = needs_corpus
IDS: dict[str, Any] = {"ids": lambda path: path.name if isinstance(path, Path) else None}


def judged(path: Path) -> Classification:
    return classify(parse(path.read_bytes()), Identity(), NOW, NOW)


@pytest.mark.parametrize(
    "folder", ["bounces", "mail-gem", "mail-parser", "replies-talon", "replies-crisp", "replies-alfonsrv"]
)
def test_every_file_is_a_message_and_its_attachments_can_be_read(folder: str) -> None:
    found = files(folder)
    assert len(found) > 10
    for path in found:
        raw = path.read_bytes()
        message = parse(raw)
        assert message.text.encode("utf-8") is not None
        assert message == parse(raw)
        for attached in message.attachments:
            assert len(attachment_bytes(raw, attached.index) or b"") == attached.size
        assert header_only(raw).headers == message.headers


def test_no_bounce_would_be_answered() -> None:
    paths = mails("bounces/bsd", "bounces/err")
    assert len(paths) > 300
    assert [path.name for path in paths if judged(path).answerable] == []


def test_nearly_every_bounce_is_filed_and_none_starts_a_session_as_a_person() -> None:
    services = Counter(judged(path).kind.service for path in mails("bounces/bsd", "bounces/err"))
    assert services[Service.STARTS] == 0
    assert services[Service.FILED] >= 0.95 * services.total()


def test_reports_of_the_standard_name_their_recipients_and_the_mail_they_return() -> None:
    paths = [path for path in mails("bounces/bsd") if path.name.startswith("rfc3464")]
    reports = [parse(path.read_bytes()).report for path in paths]
    named = [report for report in reports if report is not None and (report.recipients or report.original_message_id)]
    # The others are of the family by name, and have no delivery-status part.
    assert len(named) >= 0.75 * len(paths)


def test_what_is_no_bounce_is_a_person() -> None:
    assert [judged(path).kind for path in mails("bounces/not")] == [MailClass.HUMAN]


def test_people_are_taken_for_people() -> None:
    paths = [path for path in mails("mail-gem", "replies-talon/standard_replies") if "report" not in str(path.parent)]
    kinds = Counter(judged(path).kind for path in paths)
    assert kinds[MailClass.HUMAN] >= 0.98 * len(paths)
