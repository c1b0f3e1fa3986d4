"""The truth table of automatic replies to its end: from the octets of a mail to whether a reply is let out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from postroom.mail.answering import answering
from postroom.mail.parse import parse
from postroom.session.automatic import AutomaticFacts, AutomaticKind, AutomaticPolicy, Reason, Send, automatic_reply
from tests.mail.mails import IDENTITY, NOW, changed, raw_mail
from tests.mail.test_autoreply_truth import FORMS, TABLE, verdict

POLICY = AutomaticPolicy(texts=frozenset(AutomaticKind))
MESSAGE = parse(raw_mail(changed([])))
CLEAN = next(row for row in TABLE if row["id"] == "01")


def facts_of(row: dict[str, str], form: str, line_end: str) -> AutomaticFacts:
    classification = verdict(row, form, line_end)
    found = answering(MESSAGE, classification, IDENTITY)
    return AutomaticFacts(
        mail="m",
        received_at=NOW - timedelta(hours=25) if row["special"] == "old" else NOW,
        answerable=not found.why_not,
        why_not=found.why_not,
        recipient=found.recipient,
    )


@pytest.mark.parametrize("line_end", ["LF", "CRLF"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", TABLE, ids=[row["id"] for row in TABLE])
def test_a_reply_is_let_out_exactly_where_the_table_says_so(row: dict[str, str], form: str, line_end: str) -> None:
    found = automatic_reply(AutomaticKind.WORKING, facts_of(row, form, line_end), POLICY, NOW)
    assert isinstance(found, Send) is (row["answered"] == "Y")


HISTORY: dict[str, tuple[dict[str, Any], Reason]] = {
    "45": ({"sent_in_session": 1, "last_in_conversation": NOW - timedelta(minutes=5)}, Reason.ONCE_A_SESSION),
    "46": ({"to_sender_in_ten_minutes": 3, "to_sender_in_a_day": 3}, Reason.TEN_MINUTE_CAP),
}


@pytest.mark.parametrize("line_end", ["LF", "CRLF"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", HISTORY)
def test_the_rows_about_history_hold_in_every_form(number: str, form: str, line_end: str) -> None:
    changes, reason = HISTORY[number]
    found = automatic_reply(AutomaticKind.WORKING, replace(facts_of(CLEAN, form, line_end), **changes), POLICY, NOW)
    assert not isinstance(found, Send)
    assert found.reason is reason


@pytest.mark.parametrize("row", [row for row in TABLE if row["answered"] == "N"], ids=lambda row: str(row["id"]))
@pytest.mark.parametrize("each", [False, True])
def test_no_history_and_no_setting_lets_out_what_a_mail_forbids(row: dict[str, str], each: bool) -> None:
    facts = replace(facts_of(row, "plain", "CRLF"), offline=True)
    assert not isinstance(automatic_reply(AutomaticKind.NON_WORKING, facts, replace(POLICY, each=each), NOW), Send)
