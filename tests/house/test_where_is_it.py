"""The one-minute test: a stranger who asks where a thing happens finds it by the names of the files alone."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import RUNTIME

PLACES = (
    ("an out-of-office reply is told from a human's mail", "mail/classify.py", r"RFC 3834"),
    ("a bounce is told from a human's mail", "mail/classify.py", r"structure\.report"),
    ("a mail's bytes become a message", "mail/parse.py", r"def parse\b"),
    ("a Message-ID is minted", "mail/threads.py", r"Message-ID"),
    ("a reply is written as bytes", "mail/compose.py", r"In-Reply-To"),
    ("the caps on recipients are applied", "mail/recipients.py", r"(?i)\bbcc\b"),
    ("a mail finds its channel", "routing/routes.py", r"channel"),
    ("work time is counted", "routing/hours.py", r"def add_work_time"),
    ("a date is found to be a holiday", "routing/calendar.py", r"HOLIDAY"),
    ("a calendar is fetched", "engine/feeds.py", r"iCalendar"),
    ("it is chosen which agent gets an offer", "routing/assign.py", r"idle"),
    ("an event meets its rule", "session/decide.py", r"RULES"),
    ("an offer expires", "session/rules/offer.py", r"OfferExpired"),
    ("DELE is sent", "gateways/pop3/commands.py", r"\bDELE\b"),
    ("an SMTP transaction runs", "gateways/smtp/transaction.py", r"\bRCPT\b"),
    ("a mail is taken in", "engine/intake.py", r"commit"),
    ("a decision is committed", "engine/step.py", r"decide"),
    ("a loop that fails is started again", "engine/supervisor.py", r"TaskGroup"),
    ("a timer fires", "engine/timers.py", r"due"),
    ("a failed delivery is tried again", "engine/retry.py", r"(?i)back.?off"),
    ("every metric is listed", "observability/metrics.py", r"postroom_|prometheus"),
    ("the configuration is judged", "settings/validate.py", r"rule"),
    ("the rooms are put together", "wiring/runtime.py", r"^def |^async def |^class "),
)


@pytest.mark.parametrize(("thing", "file", "word"), PLACES, ids=[file for _, file, _ in PLACES])
def test_a_thing_is_where_its_name_says(thing: str, file: str, word: str) -> None:
    path = RUNTIME / file
    texts = [part.read_text(encoding="utf-8") for part in ([path] if path.is_file() else path.glob("*.py"))]
    assert texts, f"nobody finds where {thing}: there is no {file}"
    assert any(re.search(word, text, re.MULTILINE) for text in texts), f"{file} does not speak of how {thing}"
